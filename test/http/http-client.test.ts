import fc from 'fast-check'
import { type SandboxServer, startServer } from '../../sandbox/server'
import { createHttpClient, type HttpRequest, type UpstreamOptions } from '../../src/http/http-client'
import { rejection, startCall } from '../support/call'
import { createTestClock, type TestClock } from '../support/test-clock'

let clock: TestClock
let server: SandboxServer

beforeEach(async () => {
  clock = createTestClock()
  server = await startServer({
    clock,
    handle: () => ({ status: 200, headers: { 'x-answer': '42' }, body: '{"fine":true}' }),
  })
})
afterEach(() => server.close())

function upstream(options: Partial<UpstreamOptions> = {}, random = () => 1) {
  return createHttpClient({ clock, random }).upstream({
    name: 'AEM',
    origins: [server.url],
    concurrency: 4,
    backoff: { baseMs: 100, capMs: 400 },
    ...options,
  })
}
const get = (): HttpRequest => ({ method: 'GET', url: `${server.url}/thing?sig=hidden` })

describe('an answer', () => {
  it('comes back whole, with its headers by lower-case name', async () => {
    const response = await upstream().request(get(), startCall())

    expect(response.status).toBe(200)
    expect(response.text).toBe('{"fine":true}')
    expect(response.headers.get('x-answer')).toBe('42')
  })

  it('is returned after one request when it is a verdict', async () => {
    for (const status of [400, 401, 403, 404, 409, 410, 412, 422, 428, 451, 501, 505]) {
      const fault = server.faults.add({ fault: { kind: 'status', status } })

      const response = await upstream().request(get(), startCall())

      expect(response.status).toBe(status)
      expect(fault.hits()).toBe(1)
      fault.remove()
    }
    expect(clock.sleeps).toEqual([])
  })

  it('carries method, headers and body of the request', async () => {
    await upstream().request(
      { method: 'PATCH', url: `${server.url}/x`, headers: { 'if-match': '"1"' }, body: '[ä]' },
      startCall(),
    )

    expect(server.requests[0]).toMatchObject({ method: 'PATCH', body: '[ä]' })
    expect(server.requests[0]?.headers['if-match']).toBe('"1"')
  })

  it('loses a byte order mark, which JSON does not know', async () => {
    await server.close()
    server = await startServer({ clock, handle: () => ({ status: 200, body: '\ufeff{"fine":true}' }) })

    const response = await upstream().request(get(), startCall())

    expect(response.text).toBe('{"fine":true}')
  })
})

describe('a failure that may pass', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('status %i is tried again', async (status) => {
    server.faults.add({ times: 2, fault: { kind: 'status', status } })

    const response = await upstream().request(get(), startCall())

    expect(response.status).toBe(200)
    expect(server.requests).toHaveLength(3)
  })

  it.each(['reset', 'resetAfter', 'cut'] as const)(
    'a connection that breaks (%s) is tried again',
    async (kind) => {
      server.faults.add({ times: 1, fault: { kind } })

      const response = await upstream().request(get(), startCall())

      expect(response.text).toBe('{"fine":true}')
      expect(server.requests).toHaveLength(2)
    },
  )

  it('a server that does not answer in time is tried again', async () => {
    server.faults.add({ times: 1, fault: { kind: 'hang' } })

    const response = await upstream({ attemptTimeoutMs: 250 }).request(get(), startCall())

    expect(response.status).toBe(200)
    expect(server.requests).toHaveLength(2)
  })

  it('ends as a transient error after the last attempt, with the status', async () => {
    server.faults.add({ fault: { kind: 'status', status: 503 } })

    const error = await rejection(upstream({ maxAttempts: 3 }).request(get(), startCall()))

    expect(error).toMatchObject({
      failureClass: 'transient',
      code: 'AEM_UNAVAILABLE',
      status: 503,
      upstream: 'AEM',
    })
    expect(server.requests).toHaveLength(3)
  })

  it('says that the time for one attempt was up', async () => {
    server.faults.add({ fault: { kind: 'hang' } })

    const error = await rejection(
      upstream({ maxAttempts: 2, attemptTimeoutMs: 40 }).request(get(), startCall()),
    )

    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_TIMEOUT' })
    expect(server.requests).toHaveLength(2)
  })

  it('says that nobody listens there', async () => {
    const { url } = server
    await server.close()

    const error = await rejection(upstream().request({ method: 'GET', url }, startCall()))

    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_UNREACHABLE' })
    expect(String(error)).toContain('ECONNREFUSED')
    server = await startServer({ clock, handle: () => ({ status: 200 }) })
  })
})

describe('the wait between attempts', () => {
  it('doubles up to the cap, when chance wants the longest', async () => {
    server.faults.add({ fault: { kind: 'status', status: 500 } })

    await rejection(upstream({ maxAttempts: 5 }).request(get(), startCall()))

    expect(clock.sleeps).toEqual([100, 200, 400, 400])
  })

  it('is not shorter than Retry-After in seconds', async () => {
    server.faults.add({ times: 1, fault: { kind: 'status', status: 429, headers: { 'retry-after': '7' } } })

    await upstream().request(get(), startCall({ deadline: clock.now() + 30_000 }))

    expect(clock.sleeps).toEqual([7_000])
  })

  it('is not shorter than Retry-After as a date', async () => {
    const date = new Date(clock.now() + 9_000).toUTCString()
    server.faults.add({ times: 1, fault: { kind: 'status', status: 503, headers: { 'retry-after': date } } })

    await upstream().request(get(), startCall({ deadline: clock.now() + 30_000 }))

    expect(clock.sleeps).toEqual([9_000])
  })

  it('never goes beyond the deadline: with 5 s left, Retry-After of 120 s ends the call at once', async () => {
    server.faults.add({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '120' } } })

    const error = await rejection(upstream().request(get(), startCall({ deadline: clock.now() + 5_000 })))

    expect(error).toMatchObject({ failureClass: 'transient', status: 429, retryAfterMs: 120_000 })
    expect(clock.sleeps).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  it('is given up when the back-off alone would pass the deadline', async () => {
    server.faults.add({ fault: { kind: 'status', status: 500 } })

    await rejection(upstream({ maxAttempts: 10 }).request(get(), startCall({ deadline: clock.now() + 350 })))

    expect(clock.sleeps).toEqual([100, 200])
  })

  it('stays within its bounds and the deadline, whatever chance and Retry-After say', async () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    await fc.assert(
      fc.asyncProperty(chance, fc.nat(20), fc.nat(20_000), async (random, retryAfter, leftMs) => {
        const headers = { 'retry-after': String(retryAfter) }
        const fault = server.faults.add({ fault: { kind: 'status', status: 503, headers } })
        const deadline = clock.now() + leftMs
        clock.sleeps.length = 0

        await rejection(upstream({}, () => random).request(get(), startCall({ deadline })))

        fault.remove()
        expect(clock.now()).toBeLessThanOrEqual(deadline)
        for (const slept of clock.sleeps) {
          expect(slept).toBeGreaterThanOrEqual(retryAfter * 1000)
          expect(slept).toBeLessThanOrEqual(Math.max(retryAfter * 1000, 400))
        }
      }),
      { numRuns: 40 },
    )
  })
})
