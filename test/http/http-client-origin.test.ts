import fc from 'fast-check'
import { createHttpClient } from '../../src/http/http-client'
import { authority, urlPath } from '../core/any-text'
import { rejection, startCall } from '../support/call'
import { type RawServer, startRawServer } from '../support/raw-server'
import { createTestClock } from '../support/test-clock'

let server: RawServer
let other: RawServer
beforeAll(async () => {
  server = await startRawServer((request, response) => {
    if (request.url?.startsWith('/to/'))
      response.writeHead(Number(request.url.slice(4)), { location: other.url })
    response.end('{}')
  })
  other = await startRawServer((_, response) => response.end('{"stolen":true}'))
})
afterAll(async () => {
  await server.close()
  await other.close()
})

const secretHeaders = { authorization: 'Bearer very-secret-token', 'x-api-key': 'key' }
const upstreamAt = (...origins: string[]) =>
  createHttpClient({ clock: createTestClock() }).upstream({ name: 'AEM', origins, concurrency: 2 })

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])(
    'with %i is answered as it is, and nothing goes to its target',
    async (status) => {
      const response = await upstreamAt(server.url, other.url).request(
        { method: 'GET', url: `${server.url}/to/${status}`, headers: secretHeaders },
        startCall(),
      )

      expect(response.status).toBe(status)
      expect(other.requests).toHaveLength(0)
    },
  )
})

describe('an origin that is not one of the upstream', () => {
  it('is refused for good before a byte is sent, however alike it looks', async () => {
    const { port } = server
    const origin = `http://localhost:${port}`
    const alike = [
      `http://127.0.0.1:${port}/`,
      `http://2130706433:${port}/`,
      `http://0x7f000001:${port}/`,
      `http://0177.0.0.1:${port}/`,
      `http://127.1:${port}/`,
      `http://[::1]:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://localhost.:${port}/`,
      `http://localhost.localdomain:${port}/`,
      `http://localhost:${port}0/`,
      `http://localhost:${other.port}/`,
      'http://localhost/',
      `https://localhost:${port}/`,
      `ftp://localhost:${port}/`,
      `blob:http://localhost:${port}/x`,
      `http://localhost:${port}@127.0.0.1:${port}/`,
      `http://user@localhost:${port}/`,
      `http://user:password@localhost:${port}/`,
      `http://:password@localhost:${port}/`,
      `http://127.0.0.1:${port}\\@localhost:${port}/`,
      `http://127.0.0.1:${port}/#@localhost:${port}/`,
      `http://127.0.0.1:${port}?@localhost:${port}/`,
      `//localhost:${port}/`,
      'data:application/json,{}',
      'file:///etc/passwd',
      'not a url',
      '',
    ]
    const client = upstreamAt(origin)

    for (const url of alike) {
      const error = await rejection(
        client.request({ method: 'GET', url, headers: secretHeaders }, startCall()),
      )
      expect([url, error]).toEqual([
        url,
        expect.objectContaining({ code: 'HOST_NOT_ALLOWED', failureClass: 'permanent' }),
      ])
    }

    expect(server.requests.filter(({ headers }) => headers.host?.startsWith('localhost'))).toHaveLength(0)
    expect(other.requests).toHaveLength(0)
  })

  it('is refused whatever the host is, unless it parses to the very same', async () => {
    const client = upstreamAt('https://author-p1-e2.adobeaemcloud.com')
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.tuple(fc.webAuthority(), fc.constant('author-p1-e2.adobeaemcloud.com')).map(([a, b]) => `${b}.${a}`),
      authority,
    )

    await fc.assert(
      fc.asyncProperty(host, urlPath, async (hostAndPort, path) => {
        const url = `https://${hostAndPort}${path}`
        const error = await rejection(client.request({ method: 'GET', url }, startCall()))
        expect(error).toMatchObject({ code: 'HOST_NOT_ALLOWED' })
      }),
      { numRuns: 200 },
    )
  })

  it('is the same in upper case, as hosts are', async () => {
    const before = server.requests.length

    await upstreamAt(`http://localhost:${server.port}`).request(
      { method: 'GET', url: `HTTP://LOCALHOST:${server.port}/` },
      startCall(),
    )

    expect(server.requests).toHaveLength(before + 1)
  })
})

describe('what is said about a request', () => {
  it('holds neither its query nor its headers, in no error and no line of the log', async () => {
    const query = 'sig=SIGNATURE123&se=2030'
    const failing = await startRawServer((request, response) => {
      const path = request.url?.split('?')[0]
      if (path === '/reset') request.socket.resetAndDestroy()
      else if (path === '/busy') response.writeHead(503, { 'retry-after': '1' }).end('SIGNATURE123')
      else if (path === '/large') response.end('x'.repeat(5_000))
      else if (path === '/fine') response.end('{}')
    })
    const closed = await startRawServer(() => undefined)
    await closed.close()
    const client = createHttpClient({ clock: createTestClock() }).upstream({
      name: 'AEM',
      origins: [failing.url, closed.url],
      concurrency: 2,
      attemptTimeoutMs: 40,
      maxBodyBytes: 1_000,
    })
    const urls = [
      ...['/reset', '/busy', '/large', '/hang', '/fine'].map((path) => `${failing.url}${path}?${query}`),
      `${closed.url}/?${query}`,
      `http://elsewhere.example/?${query}`,
      `no url ?${query}`,
    ]

    const said: string[] = []
    for (const url of urls) {
      const call = startCall()
      await client
        .request({ method: 'GET', url, headers: secretHeaders }, call)
        .catch((error: Error) => said.push(error.message, JSON.stringify(error), String(error.stack)))
      said.push(...call.log)
    }
    await failing.close()

    expect(said.length).toBeGreaterThan(urls.length)
    expect(said.join('\n')).not.toMatch(/SIGNATURE123|very-secret-token|se=2030/)
  })

  it('names the operator as the one to act when a header cannot be sent', async () => {
    const error = await rejection(
      upstreamAt(server.url).request(
        { method: 'GET', url: server.url, headers: { 'x-api-key': 'pasted with a\nline break' } },
        startCall(),
      ),
    )

    expect(error).toMatchObject({ failureClass: 'systemic', code: 'INPUT_INVALID' })
    expect(String(error)).not.toContain('pasted')
  })
})
