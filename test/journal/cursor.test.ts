import { type StateStandIn, startState } from '../../sandbox/state'
import { transientError } from '../../src/core/errors'
import { createCursorKeeper, cursorKey } from '../../src/journal/cursor'
import { createStateStore } from '../../src/store/state-store'
import type { Store } from '../../src/store/store'
import { rejection, startCall } from '../support/call'
import { createTestClock } from '../support/test-clock'

const day = 24 * 3_600_000
const url = 'https://events-va6.adobe.io/events/organizations/1/integrations/2/3'
const clock = createTestClock()
const access = { namespace: '12345-bridge', apiKey: 'id:secret', region: () => 'amer' as const } as const
const store = createStateStore(access)
let state: StateStandIn

beforeAll(async () => {
  state = await startState({ clock, namespace: access.namespace, auth: access.apiKey })
  process.env.AIO_STATE_ENDPOINT = state.url
})
afterAll(() => state.close())
beforeEach(() => {
  state.faults.clear()
  state.requests.length = 0
  clock.advance(400 * day)
})

const keeper = (overrides: { store?: Store; maxFailures?: number; journalUrl?: string } = {}) => {
  const { journalUrl = url, ...parts } = overrides
  return createCursorKeeper(journalUrl, { store, clock, saveEveryMs: 10_000, ...parts })
}
const load = () => keeper().load(startCall())
const at = (name: string) => ({ position: name, at: clock.now() })
const writes = () => state.requests.filter(({ method }) => method === 'PUT')

describe('a cursor', () => {
  it('is there for the next run, for a year', async () => {
    const cursor = at('moose:1:2')
    const { advance, flush } = keeper()
    await advance(cursor, startCall())
    await flush(startCall())

    expect(state.expiresAt(cursorKey(url))).toBe(clock.now() + 365 * day)
    clock.advance(365 * day - 1)
    expect(await load()).toEqual(cursor)
    clock.advance(1)
    expect(await load()).toBeUndefined()
  })

  it('is written anew by a run that found nothing, so that no quiet time ends it', async () => {
    const cursor = at('moose:1:2')
    const first = keeper()
    await first.advance(cursor, startCall())
    await first.flush(startCall())

    for (let run = 0; run < 3; run++) {
      clock.advance(364 * day)
      const quiet = keeper()
      expect(await quiet.load(startCall())).toEqual(cursor)
      await quiet.flush(startCall())
    }

    expect(await load()).toEqual(cursor)
  })

  it('may say that the journal was empty so far', async () => {
    const { advance, flush } = keeper()
    await advance({ position: undefined, at: 1_000 }, startCall())
    await flush(startCall())

    expect(await load()).toEqual({ position: undefined, at: 1_000 })
  })

  it('of one journal is not that of another, and its key tells no address', async () => {
    const { advance, flush } = keeper()
    await advance(at('a'), startCall())
    await flush(startCall())

    expect(await keeper({ journalUrl: `${url}4` }).load(startCall())).toBeUndefined()
    expect(cursorKey(url)).toMatch(/^cursor\.[0-9a-f]{32}$/)
  })

  it('is not made up by a run that got nowhere', async () => {
    const { advance, flush, load: loadFirst } = keeper()
    await loadFirst(startCall())
    await advance(undefined, startCall())
    await flush(startCall())

    expect(writes()).toHaveLength(0)
  })

  it.each(['', 'x', '"moose:1:2"', '{"position":""}', '{"position":1}', '{"at":"yesterday"}'])(
    'that cannot be read (%j) begins with the oldest event, for events in between must not be skipped',
    async (record) => {
      await store.put(cursorKey(url), record, 100, startCall().signal)
      const call = startCall()

      expect(await keeper().load(call)).toEqual({ position: undefined, at: undefined })
      expect(call.log.join('\n')).toMatch(/^error CURSOR_UNREADABLE/)
    },
  )
})

describe('saving as the run goes on', () => {
  it('happens now and then, however often the cursor moves', async () => {
    const { advance } = keeper()
    for (let second = 1; second <= 30; second++) {
      clock.advance(1_000)
      await advance(at(`p-${second}`), startCall())
    }

    expect(writes()).toHaveLength(3)
    expect(await load()).toMatchObject({ position: 'p-30' })
  })

  it('lets no older cursor arrive after a newer one', async () => {
    state.faults.add({ method: 'PUT', times: 1, fault: { kind: 'latency', delayMs: 100 } })
    const { advance, flush } = keeper()
    clock.advance(10_000)
    const slow = advance(at('p-1'), startCall())
    clock.advance(10_000)
    await advance(at('p-2'), startCall())

    await flush(startCall())

    await slow
    expect(writes().map(({ body }) => JSON.parse(body).position)).toEqual(['p-1', 'p-2'])
    expect(await load()).toMatchObject({ position: 'p-2' })
  })

  it('goes on when State fails for the moment, and catches up', async () => {
    const { store: flaky, fail } = flakyStore()
    const { advance, flush } = keeper({ store: flaky })
    const call = startCall()
    fail(2)
    for (const name of ['p-1', 'p-2', 'p-3']) {
      clock.advance(10_000)
      await advance(at(name), call)
    }

    expect(await load()).toMatchObject({ position: 'p-3' })
    expect(call.log.filter((line) => line.startsWith('warn'))).toHaveLength(2)
    fail(2)
    clock.advance(10_000)
    await advance(at('p-4'), call)
    await rejection(flush(call))
    await flush(call)
    expect(await load()).toMatchObject({ position: 'p-4' })
  })

  it('ends the run when State fails again and again: the cursor stays where it was', async () => {
    const before = keeper()
    await before.advance(at('p-0'), startCall())
    await before.flush(startCall())
    const { store: flaky, fail } = flakyStore()
    const { advance, flush } = keeper({ store: flaky, maxFailures: 2 })
    fail(3)
    clock.advance(10_000)
    await advance(at('p-1'), startCall())
    clock.advance(10_000)

    const error = await rejection(advance(at('p-2'), startCall()))

    expect(error).toMatchObject({ failureClass: 'transient', code: 'STATE_UNAVAILABLE' })
    expect(await rejection(flush(startCall()))).toMatchObject({ code: 'STATE_UNAVAILABLE' })
    expect(await load()).toMatchObject({ position: 'p-0' })
  })

  it.each([401, 403])('ends the run at once when State refuses (%i)', async (status) => {
    state.faults.add({ method: 'PUT', fault: { kind: 'status', status } })
    const { advance } = keeper()
    clock.advance(10_000)

    const error = await rejection(advance(at('p-1'), startCall()))

    expect(error).toMatchObject({ failureClass: 'systemic', code: 'STATE_REFUSED' })
  })

  it('does not begin anywhere when the cursor cannot be had', async () => {
    state.faults.add({ method: 'GET', fault: { kind: 'status', status: 403 } })

    expect(await rejection(load())).toMatchObject({ failureClass: 'systemic', code: 'STATE_REFUSED' })
  })

  it('ends with the call', async () => {
    const call = startCall()
    const reason = new Error('time is up')
    call.abort(reason)
    const { advance, flush } = keeper()
    await advance(at('p-1'), startCall())

    expect(await rejection(flush(call))).toBe(reason)
    clock.advance(10_000)
    expect(await rejection(advance(at('p-2'), call))).toBe(reason)
  })
})

/** State, of which the next writes fail as it does after the library's own repetitions. */
function flakyStore(): { store: Store; fail(times: number): void } {
  let left = 0
  return {
    fail: (times) => {
      left = times
    },
    store: {
      ...store,
      put: async (key, value, ttl, signal) => {
        if (left > 0) {
          left -= 1
          throw transientError('STATE_UNAVAILABLE', 'the State service failed', { upstream: 'STATE' })
        }
        await store.put(key, value, ttl, signal)
      },
    },
  }
}
