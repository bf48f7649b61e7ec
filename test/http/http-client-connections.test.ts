import { gzipSync } from 'node:zlib'
import { systemClock } from '../../src/core/clock'
import { createHttpClient, type UpstreamOptions } from '../../src/http/http-client'
import { rejection, startCall } from '../support/call'
import { type RawServer, startRawServer, until } from '../support/raw-server'

let server: RawServer
afterEach(() => server.close())

const upstream = (options: Partial<UpstreamOptions> = {}) =>
  createHttpClient().upstream({
    name: 'AEM',
    origins: [server.url],
    concurrency: 4,
    backoff: { baseMs: 1, capMs: 2 },
    ...options,
  })
const get = (path = '/') => ({ method: 'GET', url: `${server.url}${path}` }) as const

describe('concurrency', () => {
  it('holds, and every request is answered', async () => {
    let running = 0
    let most = 0
    server = await startRawServer((_, response) => {
      running += 1
      most = Math.max(most, running)
      setTimeout(() => {
        running -= 1
        response.end('{}')
      }, 5)
    })
    const client = upstream({ concurrency: 3 })

    const answers = await Promise.all(Array.from({ length: 20 }, () => client.request(get(), startCall())))

    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(most).toBe(3)
  })

  it('is not used up by a call that waits for its next attempt', async () => {
    server = await startRawServer((request, response) => {
      response.statusCode = request.url === '/bad' ? 503 : 200
      response.end('{}')
    })
    let sleeping = false
    const clock = {
      now: systemClock.now,
      sleep: (ms: number, signal: AbortSignal) => {
        sleeping = true
        return systemClock.sleep(ms, signal)
      },
    }
    const client = createHttpClient({ clock, random: () => 1 }).upstream({
      name: 'AEM',
      origins: [server.url],
      concurrency: 1,
      backoff: { baseMs: 60_000, capMs: 60_000 },
    })
    const slow = startCall()
    const waiting = rejection(client.request(get('/bad'), slow))
    await until(() => sleeping, 'the first call sleeps')

    const response = await client.request(get('/good'), startCall())

    expect(response.status).toBe(200)
    slow.abort(new Error('enough'))
    await waiting
  })

  it('keeps connections open between requests', async () => {
    server = await startRawServer((_, response) => response.end('{}'))
    const client = upstream()

    for (let i = 0; i < 5; i++) await client.request(get(), startCall())

    expect(server.connections()).toBe(1)
  })
})

describe('a call whose time is up', () => {
  it('ends at once with its own reason while its request hangs, and closes the connection', async () => {
    server = await startRawServer(() => undefined)
    const call = startCall()
    const ended = rejection(upstream().request(get(), call))
    await until(() => server.requests.length === 1, 'the request arrives')
    const reason = new Error('time is up')

    call.abort(reason)

    expect(await ended).toBe(reason)
    await until(() => server.open() === 0, 'the connection is closed')
  })

  it('ends at once while it is queued, without a request of its own, and leaves the queue to the others', async () => {
    const held: (() => void)[] = []
    server = await startRawServer((_, response) => held.push(() => response.end('{}')))
    const client = upstream({ concurrency: 1 })
    const first = client.request(get('/1'), startCall())
    await until(() => held.length === 1, 'the first request arrives')
    const call = startCall()
    const second = rejection(client.request(get('/2'), call))
    const third = client.request(get('/3'), startCall())
    const reason = new Error('time is up')

    call.abort(reason)

    expect(await second).toBe(reason)
    held[0]?.()
    await first
    await until(() => held.length === 2, 'the third request arrives')
    held[1]?.()
    expect((await third).status).toBe(200)
    expect(server.requests.map(({ url }) => url)).toEqual(['/1', '/3'])
  })

  it('ends at once while it waits for its next attempt', async () => {
    server = await startRawServer((_, response) => {
      response.writeHead(503, { 'retry-after': '3600' }).end()
    })
    const call = startCall()
    let sleeping = false
    const clock = {
      now: systemClock.now,
      sleep: (ms: number, signal: AbortSignal) => {
        sleeping = true
        return systemClock.sleep(ms, signal)
      },
    }
    const client = createHttpClient({ clock }).upstream({
      name: 'AEM',
      origins: [server.url],
      concurrency: 1,
    })
    const ended = rejection(client.request(get(), call))
    await until(() => sleeping, 'the call sleeps')
    const reason = new Error('time is up')

    call.abort(reason)

    expect(await ended).toBe(reason)
  })

  it('sends nothing when it was up before', async () => {
    server = await startRawServer((_, response) => response.end('{}'))
    const call = startCall()
    call.abort(new Error('too late'))

    await rejection(upstream().request(get(), call))

    expect(server.requests).toHaveLength(0)
  })
})

describe('a body', () => {
  const half = '{"assetMetadata":{"dc:title":"A'
  const cases: [string, (response: import('node:http').ServerResponse) => void][] = [
    ['with a length', (response) => response.writeHead(200, { 'content-length': '5000' }).write(half)],
    ['in chunks', (response) => response.writeHead(200).write(half)],
    [
      'compressed, with a length',
      (response) => {
        const bytes = gzipSync(JSON.stringify({ text: 'x'.repeat(100), more: Math.PI }))
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': `${bytes.length}` })
        response.write(bytes.subarray(0, bytes.length - 12))
      },
    ],
    [
      'compressed, in chunks',
      (response) => {
        const bytes = gzipSync(JSON.stringify({ text: 'x'.repeat(100), more: Math.PI }))
        response.writeHead(200, { 'content-encoding': 'gzip' }).write(bytes.subarray(0, bytes.length - 12))
      },
    ],
  ]

  it.each(cases)('that is cut (%s) is never taken for a whole one, and asked for again', async (_, begin) => {
    server = await startRawServer((_request, response) => {
      if (server.requests.length > 1) {
        response.end('{"whole":true}')
        return
      }
      begin(response)
      setTimeout(() => response.destroy(), 10)
    })

    const response = await upstream({ attemptTimeoutMs: 60_000 }).request(get(), startCall())

    expect(response.text).toBe('{"whole":true}')
    expect(server.requests).toHaveLength(2)
  })

  it('that stalls halfway is a time-out', async () => {
    server = await startRawServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{')
    })

    const error = await rejection(
      upstream({ attemptTimeoutMs: 50, maxAttempts: 1 }).request(get(), startCall()),
    )

    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_TIMEOUT' })
    await until(() => server.open() === 0, 'the connection is closed')
  })

  it('that is larger than the bound is refused for good, and its connection closed', async () => {
    server = await startRawServer((_, response) => {
      response.writeHead(200)
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(10_000), () => setImmediate(more))
      }
      more()
    })

    const error = await rejection(upstream({ maxBodyBytes: 1_000 }).request(get(), startCall()))

    expect(error).toMatchObject({ failureClass: 'permanent', code: 'AEM_ANSWER_TOO_LARGE' })
    expect(server.requests).toHaveLength(1)
    await until(() => server.open() === 0, 'the connection is closed')
  })

  it('that grows beyond the bound only when it is unpacked is refused, too', async () => {
    server = await startRawServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1_000_000)))
    })

    const error = await rejection(upstream({ maxBodyBytes: 10_000 }).request(get(), startCall()))

    expect(error).toMatchObject({ failureClass: 'permanent', code: 'AEM_ANSWER_TOO_LARGE' })
  })
})
