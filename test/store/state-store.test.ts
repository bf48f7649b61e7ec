import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type StateStandIn, startState } from '../../sandbox/state'
import { createStateStore, type StateCredentials } from '../../src/store/state-store'
import { rejection, startCall } from '../support/call'
import { startRawServer, until } from '../support/raw-server'
import { createTestClock } from '../support/test-clock'

const clock = createTestClock()
const credentials = { namespace: '12345-bridge', apiKey: 'id:secret', region: (): 'amer' => 'amer' }
let state: StateStandIn

// The library reads the endpoint once, when it is loaded.
beforeAll(async () => {
  state = await startState({ clock, namespace: credentials.namespace, auth: credentials.apiKey, pageSize: 3 })
  process.env.AIO_STATE_ENDPOINT = state.url
})
afterAll(() => state.close())
beforeEach(() => {
  state.faults.clear()
  state.requests.length = 0
  clock.advance(400 * 24 * 3_600_000)
})

const store = (overrides: Partial<StateCredentials> = {}, options: { operationTimeoutMs?: number } = {}) =>
  createStateStore({ ...credentials, ...overrides }, options)
const signal = () => startCall().signal
async function collect(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const key of keys) all.push(key)
  return all
}

describe('a value', () => {
  it('comes back as it was written, until its life ends', async () => {
    const { put, get } = store()
    await put('cursor.1', 'ü"{}\n', 60, signal())

    expect(state.expiresAt('cursor.1')).toBe(clock.now() + 60_000)
    clock.advance(59_999)
    expect(await get('cursor.1', signal())).toBe('ü"{}\n')
    clock.advance(1)
    expect(await get('cursor.1', signal())).toBeUndefined()
  })

  it('may live for a year', async () => {
    await store().put('a', 'x', 31_536_000, signal())

    expect(state.expiresAt('a')).toBe(clock.now() + 31_536_000_000)
  })

  it.each([0, 0.2, -5])(
    'with a life of %d seconds does not live for the day that the service makes of it',
    async (ttl) => {
      await store().put('lease.a', 'x', ttl, signal())

      expect(state.expiresAt('lease.a')).toBe(clock.now() + 1_000)
    },
  )

  it('is written over, and its life begins anew', async () => {
    const { put, get } = store()
    await put('a', 'old', 10, signal())
    clock.advance(9_000)
    await put('a', 'new', 10, signal())
    clock.advance(9_000)

    expect(await get('a', signal())).toBe('new')
  })

  it('that was never there is undefined, and nothing to remove', async () => {
    expect(await store().get('absent', signal())).toBeUndefined()
    await expect(store().remove('absent', signal())).resolves.toBeUndefined()
  })

  it('is gone once it is removed', async () => {
    const { put, get, remove } = store()
    await put('a', 'x', 10, signal())

    await remove('a', signal())

    expect(await get('a', signal())).toBeUndefined()
  })
})

describe('the keys', () => {
  it('of a pattern come from all pages', async () => {
    const { put, keys } = store()
    const names = Array.from({ length: 8 }, (_, i) => `dead-letter.${i}`)
    for (const name of names) await put(name, 'x', 100, signal())
    await put('run.1', 'x', 100, signal())

    expect((await collect(keys('dead-letter.*', signal()))).sort()).toEqual(names)
    expect(state.requests.filter(({ path }) => path.endsWith('/data')).length).toBeGreaterThan(1)
  })

  it('are none in an empty store', async () => {
    expect(await collect(store().keys('*', signal()))).toEqual([])
  })

  it('of a pattern that the service cannot take are an error of the app', async () => {
    const error = await rejection(collect(store().keys('a b/c', signal())))

    expect(error).toMatchObject({ failureClass: 'permanent', code: 'STATE_REFUSED' })
  })

  it('end with the signal, in the middle of the pages, too', async () => {
    const { put, keys } = store()
    for (let i = 0; i < 8; i++) await put(`k.${i}`, 'x', 100, signal())
    const call = startCall()
    const reason = new Error('time is up')

    const ended = await rejection(
      (async () => {
        for await (const _ of keys('k.*', call.signal)) call.abort(reason)
      })(),
    )

    expect(ended).toBe(reason)
  })
})

describe('a failure of State', () => {
  it.each([
    [401, 'systemic', 'STATE_REFUSED'],
    [403, 'systemic', 'STATE_REFUSED'],
    [413, 'permanent', 'STATE_REFUSED'],
    [429, 'transient', 'STATE_UNAVAILABLE'],
    [500, 'transient', 'STATE_UNAVAILABLE'],
    [503, 'transient', 'STATE_UNAVAILABLE'],
  ])('with %i is %s', async (status, failureClass, code) => {
    state.faults.add({ fault: { kind: 'status', status } })
    const { get, put, remove, keys } = store()

    const errors = await Promise.all(
      [
        get('k', signal()),
        put('k', 'value', 10, signal()),
        remove('k', signal()),
        collect(keys('k*', signal())),
      ].map(rejection),
    )

    for (const error of errors) expect(error).toMatchObject({ failureClass, code, upstream: 'STATE' })
  })

  const all = ({ get, put, remove, keys } = store()) =>
    Promise.all(
      [
        get('k', signal()),
        put('k', 'my-value', 10, signal()),
        remove('k', signal()),
        collect(keys('k*', signal())),
      ].map(rejection),
    )
  const unavailable = { failureClass: 'transient', code: 'STATE_UNAVAILABLE', upstream: 'STATE' }

  it.each([301, 302, 303, 307, 308])(
    'that redirects (%i) is none of State, and nothing goes there',
    async (status) => {
      const other = await startRawServer((_, response) => response.end('{"keys":[],"cursor":0}'))
      state.faults.add({ fault: { kind: 'status', status, headers: { location: `${other.url}/x` } } })

      for (const error of await all()) expect(error).toMatchObject(unavailable)

      expect(other.connections()).toBe(0)
      expect(state.requests).toHaveLength(4)
      await other.close()
    },
  )

  it('that is a page with status 200 is told, and nothing counts as written or removed', async () => {
    state.faults.add({ fault: { kind: 'html' } })

    for (const error of await all()) expect(error).toMatchObject(unavailable)
  })

  it('that is a page with status 404 does not say that there is nothing', async () => {
    const headers = { 'content-type': 'text/html; charset=utf-8' }
    state.faults.add({ fault: { kind: 'status', status: 404, headers } })

    for (const error of await all()) expect(error).toMatchObject(unavailable)
  })

  it('that is a text of somebody else with status 200 is no value', async () => {
    const headers = { 'content-type': 'text/plain' }
    state.faults.add({ fault: { kind: 'status', status: 200, headers, body: 'welcome' } })

    expect(await rejection(store().get('k', signal()))).toMatchObject(unavailable)
  })

  it('never shows the value, nor the key that opens the store', async () => {
    state.faults.add({ fault: { kind: 'status', status: 500, body: { echo: 'my-value id:secret' } } })

    const error = await rejection(store().put('k', 'my-value', 10, signal()))

    expect(`${error} ${JSON.stringify(error)}`).not.toMatch(/my-value|id:secret/)
  })

  it('is the operator to mend when the key is another one', async () => {
    const error = await rejection(store({ apiKey: 'id:wrong' }).get('k', signal()))

    expect(error).toMatchObject({ failureClass: 'systemic' })
    expect(String(error)).toMatch(/STATE_REGION/)
  })

  it.each([{ namespace: undefined }, { apiKey: undefined }, { apiKey: '' }])(
    'is the operator to mend when there are no credentials (%j): nothing is sent',
    async (missing) => {
      const error = await rejection(store(missing).get('k', signal()))

      expect(error).toMatchObject({ failureClass: 'systemic', code: 'STATE_WITHOUT_CREDENTIALS' })
      expect(String(error)).toMatch(/provide-api-key/)
      expect(state.requests).toHaveLength(0)
    },
  )

  it('to answer at all ends with the signal, for its own reason', async () => {
    state.faults.add({ fault: { kind: 'hang' } })
    const call = startCall()
    const ended = rejection(store().get('k', call.signal))
    await until(() => state.requests.length === 1, 'the request arrives')
    const reason = new Error('time is up')

    call.abort(reason)

    expect(await ended).toBe(reason)
  })

  it('to answer in time is transient, though the library would wait as long as State wants', async () => {
    state.faults.add({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '1' } } })

    const error = await rejection(store({}, { operationTimeoutMs: 60 }).get('k', signal()))

    expect(error).toMatchObject({ failureClass: 'transient', code: 'STATE_UNAVAILABLE' })
    expect(String(error)).toMatch(/in time/)
  })

  it('to send an answer whole is no matter for a read: it is asked once more', async () => {
    const bridge = store({}, { operationTimeoutMs: 900 })
    await bridge.put('lease.a', 'x'.repeat(2_000), 60, signal())
    state.faults.add({ times: 1, fault: { kind: 'cut' } })
    expect(await bridge.get('lease.a', signal())).toHaveLength(2_000)

    state.faults.add({ times: 1, fault: { kind: 'cut' } })
    expect(await collect(bridge.keys('lease.*', signal()))).toEqual(['lease.a'])
  })

  it('to open does not stick', async () => {
    process.env.AIO_CLI_ENV = 'stage'
    const bridge = store({ region: () => 'emea' })
    await rejection(bridge.get('opened', signal()))
    process.env.AIO_CLI_ENV = 'prod'

    const value = await bridge.get('opened', signal())

    delete process.env.AIO_CLI_ENV
    expect(value).toBeUndefined()
    // The library may still repeat what another test gave up.
    expect(state.requests.filter(({ path }) => path.endsWith('/opened'))).toHaveLength(1)
  })
})

it("the State service's library is not loaded before something is to be remembered", () => {
  const script = `
    import('./src/store/state-store.ts').then(async ({ createStateStore }) => {
      const isLoaded = () => Object.keys(require.cache).some((file) => file.includes('aio-lib-state'))
      const store = createStateStore({ namespace: 'n', apiKey: 'a:b', region: () => 'amer' })
      const before = isLoaded()
      await store.get('k', AbortSignal.timeout(4000)).catch(() => undefined)
      process.stdout.write(JSON.stringify({ before, after: isLoaded() }))
      process.exit()
    })`

  const printed = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, AIO_STATE_ENDPOINT: 'http://127.0.0.1:9' },
    encoding: 'utf8',
  })

  expect(JSON.parse(printed)).toEqual({ before: false, after: true })
}, 30_000)
