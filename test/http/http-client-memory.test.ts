import { gzipSync } from 'node:zlib'
import type { CallContext } from '../../src/core/call-context'
import { createHttpClient } from '../../src/http/http-client'
import { createMemoryGate } from '../../src/http/memory-gate'
import { startCall } from '../support/call'
import { type RawServer, startRawServer } from '../support/raw-server'

const size = 1_000_000
const text = JSON.stringify('x'.repeat(size - 2))
const compressed = gzipSync(text)

let server: RawServer
let cuts = 0
beforeEach(async () => {
  cuts = 0
  server = await startRawServer((request, response) => {
    if (request.url === '/chunked') {
      response.write(text.slice(0, size / 2))
      response.end(text.slice(size / 2))
    } else if (request.url === '/gzip') {
      response.setHeader('content-encoding', 'gzip')
      response.end(compressed)
    } else if (request.url === '/unavailable') {
      response.statusCode = 503
      response.end(text)
    } else if (request.url === '/cut' && cuts++ === 0) {
      response.setHeader('content-length', size)
      response.write(text.slice(0, size / 2))
      setImmediate(() => response.destroy())
    } else {
      response.setHeader('content-length', size)
      response.end(text)
    }
  })
})
afterEach(() => server.close())

const client = () =>
  createHttpClient().upstream({
    name: 'AEM',
    origins: [server.url],
    concurrency: 8,
    backoff: { baseMs: 1, capMs: 2 },
  })
const get = (path: string) => ({ method: 'GET', url: `${server.url}${path}` }) as const

/** A call that notes what is taken. */
function countingCall(): CallContext & { taken: number[] } {
  const taken: number[] = []
  return {
    ...startCall(),
    taken,
    memory: { take: (bytes) => void taken.push(bytes), commit: () => undefined },
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

describe('the memory of an answer', () => {
  it.each(['/plain', '/chunked', '/gzip'])('is counted, byte by byte as it is held: %s', async (path) => {
    const call = countingCall()
    expect((await client().request(get(path), call)).text).toHaveLength(size)
    expect(sum(call.taken)).toBe(size)
  })

  it('no longer counts once it has become an error, however often it is asked for', async () => {
    const call = countingCall()
    await expect(client().request(get('/unavailable'), call)).rejects.toMatchObject({
      code: 'AEM_UNAVAILABLE',
    })
    expect(server.requests).toHaveLength(4)
    expect(sum(call.taken)).toBe(0)
  })

  it('is counted as a whole before the first byte, where its length is announced', async () => {
    const call = countingCall()
    await client().request(get('/plain'), call)
    expect(call.taken[0]).toBe(size)
  })

  it('does not count an answer that was cut and asked for again', async () => {
    const call = countingCall()
    await client().request(get('/cut'), call)
    expect(server.requests).toHaveLength(2)
    expect(sum(call.taken)).toBe(size)
  })

  it('waits outside of the connection: a step without memory is asked for again, and keeps nobody from it', async () => {
    const gate = createMemoryGate(2.5 * size)
    const sender = client()
    let holding = 0
    let most = 0
    const steps = Array.from({ length: 12 }, () =>
      gate.run('aem', startCall(), async (own) => {
        await sender.request(get('/chunked'), own)
        holding += 1
        most = Math.max(most, holding)
        // As a PATCH would: needs a connection while memory is held.
        await sender.request(get('/gzip'), {
          ...own,
          memory: { take: () => undefined, commit: () => undefined },
        })
        holding -= 1
        return 'done'
      }),
    )
    expect(await Promise.all(steps)).toEqual(steps.map(() => 'done'))
    expect(most).toBeLessThanOrEqual(2)
  })
})
