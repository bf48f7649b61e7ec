import { type StateStandIn, startState } from '../../sandbox/state'
import { createLeases } from '../../src/delivery/lease'
import { createStateStore } from '../../src/store/state-store'
import { rejection, startCall } from '../support/call'
import { createTestClock } from '../support/test-clock'

const day = 24 * 3_600_000
const clock = createTestClock()
const access = { namespace: '12345-bridge', apiKey: 'id:secret', region: () => 'amer' as const } as const
const store = createStateStore(access)
const leases = createLeases({ store, clock })
let state: StateStandIn

beforeAll(async () => {
  state = await startState({ clock, namespace: access.namespace, auth: access.apiKey })
  process.env.AIO_STATE_ENDPOINT = state.url
})
afterAll(() => state.close())
beforeEach(() => {
  state.faults.clear()
  clock.advance(day)
})

const acquire = (owner: string, ttl = 600) => leases.acquire('export-batch', owner, ttl, startCall())
const holder = async () => (await leases.holder('export-batch', startCall()))?.owner

async function held(owner: string, ttl?: number) {
  const lease = await acquire(owner, ttl)
  if (lease === undefined) throw new Error('expected the lease')
  return lease
}

describe('a lease', () => {
  it('belongs to one run at a time', async () => {
    await held('run-1')

    expect(await acquire('run-2')).toBeUndefined()
    expect(await holder()).toBe('run-1')
  })

  it('is had again by the run that has it', async () => {
    await held('run-1')

    await held('run-1')
  })

  it('that was given back is free', async () => {
    const lease = await held('run-1')
    await lease.release(startCall())

    await held('run-2')

    expect(await holder()).toBe('run-2')
  })

  it('of a run that died is free when its time is over, not before', async () => {
    const started = clock.now()
    await held('run-1', 600)
    clock.advance(started + 599_000 - clock.now())
    expect(await acquire('run-2')).toBeUndefined()

    clock.advance(1_000)

    await held('run-2')
    expect(await holder()).toBe('run-2')
  })

  it('is over by its own time, should the record live longer', async () => {
    await held('run-1', 1)
    const record = state.value('lease.export-batch') ?? ''
    clock.advance(1_001)
    await store.put('lease.export-batch', record, 3_600, startCall().signal)

    await held('run-2')
  })

  it('lives on as long as it is refreshed', async () => {
    const lease = await held('run-1', 600)
    for (let i = 0; i < 5; i++) {
      clock.advance(500_000)
      expect(await lease.refresh(startCall())).toBe(true)
    }

    expect(await acquire('run-2')).toBeUndefined()
  })

  it('that another run took meanwhile is neither taken back nor given away', async () => {
    const lost = await held('run-1', 600)
    clock.advance(600_000)
    await held('run-2')

    expect(await lost.refresh(startCall())).toBe(false)
    await lost.release(startCall())

    expect(await holder()).toBe('run-2')
  })

  it('that ran out is held again when nobody took it', async () => {
    const lease = await held('run-1', 600)
    clock.advance(700_000)

    expect(await lease.refresh(startCall())).toBe(true)
    expect(await holder()).toBe('run-1')
  })

  it('goes to one of two runs that find it free in the same moment', async () => {
    let letGo = (): void => undefined
    const bothWrote = new Promise<void>((resolve) => {
      letGo = resolve
    })
    let puts = 0
    const counting = {
      ...store,
      put: async (...args: Parameters<typeof store.put>) => {
        await store.put(...args)
        puts += 1
        if (puts === 2) letGo()
      },
    }
    const racing = createLeases({ store: counting, clock: { ...clock, sleep: () => bothWrote } })

    const got = await Promise.all(
      ['run-1', 'run-2'].map((owner) => racing.acquire('export-batch', owner, 600, startCall())),
    )

    expect(got.filter((lease) => lease !== undefined)).toHaveLength(1)
  })

  it('of one job does not hold up another', async () => {
    await held('run-1')

    expect(await leases.acquire('reconcile', 'run-2', 600, startCall())).toBeDefined()
  })

  it('that nobody can read holds nobody up', async () => {
    await store.put('lease.export-batch', '{"running":true}', 3_600, startCall().signal)

    await held('run-1')
  })

  it('can be unlocked by an operator', async () => {
    await held('run-1')
    await leases.revoke('export-batch', startCall())

    await held('run-2')
  })

  it('tells who has it since when and until when', async () => {
    const since = new Date(clock.now()).toISOString()
    const until = new Date(clock.now() + 600_000).toISOString()
    await held('run-1', 600)

    expect(await leases.holder('export-batch', startCall())).toEqual({ owner: 'run-1', since, until })
  })

  it('is not had, nor refreshed, while State refuses', async () => {
    const lease = await held('run-1')
    state.faults.add({ fault: { kind: 'status', status: 403 } })

    for (const work of [acquire('run-2'), lease.refresh(startCall())]) {
      expect(await rejection(work)).toMatchObject({ failureClass: 'systemic', code: 'STATE_REFUSED' })
    }
  })

  it('that cannot be given back is no failure of the run', async () => {
    const lease = await held('run-1')
    state.faults.add({ fault: { kind: 'status', status: 403 } })
    const call = startCall()

    await lease.release(call)

    expect(call.log.join('\n')).toMatch(/^warn the lease could not be given back/)
  })
})
