import { createClock } from '../../sandbox/clock'
import type { Fault } from '../../sandbox/faults'
import { createFaults, seededRandom } from '../../sandbox/faults'
import { json, type SandboxServer, startServer } from '../../sandbox/server'

const clock = createClock({ frozen: true })
let effects = 0
let server: SandboxServer

beforeEach(async () => {
  effects = 0
  server = await startServer({
    clock,
    handle: (request) => {
      if (request.path === '/broken') throw new Error('a bug')
      effects += 1
      return request.path === '/empty'
        ? { status: 204 }
        : json(200, { padding: 'x'.repeat(1000) }, { etag: '"1"' })
    },
  })
})
afterEach(() => server.close())

const get = (path = '/thing', init: RequestInit = {}) => fetch(`${server.url}${path}`, init)
const failWith = (fault: Fault) => server.faults.add({ fault })

describe('the clock', () => {
  it('starts at the real time and only moves forward', () => {
    const running = createClock()
    expect(Math.abs(running.now() - Date.now())).toBeLessThan(1000)
    running.advance(86_400_000)
    expect(running.now() - Date.now()).toBeGreaterThan(86_399_000)
    expect(() => running.advance(-1)).toThrow(RangeError)
  })

  it('stands still when frozen', () => {
    const frozen = createClock({ frozen: true })
    const start = frozen.now()
    frozen.advance(5)
    expect(frozen.now()).toBe(start + 5)
  })
})

describe('the server', () => {
  it('records every request and what it was answered', async () => {
    const headers = { 'X-Some': 'thing' }
    await get('/a%20b?x=1&y=%26', { method: 'POST', body: 'text', headers })
    expect(server.requests).toEqual([
      expect.objectContaining({
        method: 'POST',
        path: '/a%20b',
        query: { x: '1', y: '&' },
        body: 'text',
        status: 200,
        time: clock.now(),
      }),
    ])
    expect(server.requests[0]?.headers['x-some']).toBe('thing')
    expect(server.requests[0]?.fault).toBeUndefined()
  })

  it('answers without a body where there is none', async () => {
    const response = await get('/empty')
    expect([response.status, await response.text()]).toEqual([204, ''])
  })

  it('says so when it has a bug itself', async () => {
    const response = await get('/broken')
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('The stand-in itself failed: Error: a bug')
  })

  it('rejects a port in use', async () => {
    const second = startServer({ clock, port: server.port, handle: () => json(200, {}) })
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE', port: server.port })
  })

  it('closes with idle, hanging and waiting connections open', async () => {
    await get()
    failWith({ kind: 'hang' })
    const hanging = get().catch((error: Error) => error)
    while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 2))
    server.faults.clear()
    failWith({ kind: 'latency', delayMs: 60_000 })
    const waiting = get().catch((error: Error) => error)
    while (server.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 2))
    await server.close()
    expect(await hanging).toMatchObject({ name: 'TypeError' })
    expect(await waiting).toMatchObject({ name: 'TypeError' })
    expect(effects).toBe(1)
  })
})

describe('faults', () => {
  it('answer another status, with headers, and nothing happens', async () => {
    failWith({ kind: 'status', status: 429, headers: { 'retry-after': '7' }, body: { why: 'limit' } })
    const response = await get()
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await response.json()).toEqual({ why: 'limit' })
    expect(effects).toBe(0)
    expect(server.requests[0]).toMatchObject({ status: 429, fault: 'status' })
  })

  it('delay, then go on normally', async () => {
    failWith({ kind: 'latency', delayMs: 40 })
    const begin = performance.now()
    expect((await get()).status).toBe(200)
    expect(performance.now() - begin).toBeGreaterThanOrEqual(38)
    expect(effects).toBe(1)
  })

  it('reset before anything happens', async () => {
    failWith({ kind: 'reset' })
    await expect(get()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    expect(effects).toBe(0)
    expect(server.requests[0]?.status).toBeUndefined()
  })

  it('reset after the request took effect', async () => {
    failWith({ kind: 'resetAfter' })
    await expect(get()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    expect(effects).toBe(1)
    expect(server.requests[0]?.status).toBeUndefined()
  })

  it('hang for ever', async () => {
    failWith({ kind: 'hang' })
    await expect(get('/', { signal: AbortSignal.timeout(40) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    expect(effects).toBe(0)
  })

  it('cut the body in the middle, after the whole length was announced', async () => {
    failWith({ kind: 'cut' })
    const response = await get()
    expect(response.status).toBe(200)
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(1000)
    await expect(response.text()).rejects.toThrow('terminated')
    expect(effects).toBe(1)
  })

  it('answer a login page with 200', async () => {
    failWith({ kind: 'html' })
    const response = await get()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html'])
    expect(await response.text()).toContain('<html>')
    expect(effects).toBe(0)
  })

  it('strike as often as said, only what they are aimed at, in the order they were added', async () => {
    const busy = server.faults.add({
      method: 'get',
      path: '/a:b',
      times: 1,
      fault: { kind: 'status', status: 503 },
    })
    const gone = server.faults.add({ path: /b\/c$/, fault: { kind: 'status', status: 410 } })
    const statuses = []
    for (const [path, method] of [
      ['/a%3Ab/c', 'POST'],
      ['/a%3Ab/c', 'GET'],
      ['/a:b/c', 'GET'],
      ['/a:b', 'GET'],
    ] as const) {
      statuses.push((await get(path, { method })).status)
    }
    expect(statuses).toEqual([410, 503, 410, 200])
    expect([busy.hits(), gone.hits()]).toEqual([1, 2])
    gone.remove()
    expect((await get('/a:b/c')).status).toBe(200)
  })

  it('strike by chance, the same way for the same seed', () => {
    const drawn = (seed: number) => {
      const faults = createFaults()
      const kinds: Fault[] = [{ kind: 'reset' }, { kind: 'html' }]
      const rule = faults.random({ seed, probability: 0.3, faults: kinds })
      const list = Array.from({ length: 1000 }, () => faults.take('GET', '/')?.kind ?? '-').join()
      return { list, hits: rule.hits() }
    }
    const first = drawn(1)
    expect(drawn(1)).toEqual(first)
    expect(drawn(2).list).not.toBe(first.list)
    expect(first.hits).toBeGreaterThan(240)
    expect(first.hits).toBeLessThan(360)
    expect(first.list).toContain('reset')
    expect(first.list).toContain('html')
  })

  it('draw numbers from 0 up to 1', () => {
    const random = seededRandom(42)
    const numbers = Array.from({ length: 1000 }, random)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(new Set(numbers).size).toBeGreaterThan(990)
  })
})
