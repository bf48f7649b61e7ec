import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HttpsEndpoint, startHttpsEndpoint } from '../../../sandbox/targets/https-endpoint'
import { https } from '../../../src/connectors/https/destination'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { expectBytes } from '../kit/expect-bytes'
import { fakeBinary, sha1Of } from '../kit/fake-binary'
import { createHeapWatch } from '../kit/heap-watch'

const never = startCall()
const mebibyte = 1024 * 1024

describe('https', () => {
  let endpoint: HttpsEndpoint
  beforeEach(async () => {
    endpoint = await startHttpsEndpoint()
  })
  afterEach(() => endpoint.close())

  const make = (more: Record<string, string | undefined> = {}, options: Parameters<typeof https>[0] = {}) =>
    https(options).create(
      contextOf({ HTTPS_URL: `${endpoint.url}/files/{key}`, HTTPS_HEAD: 'x-held-version', ...more }),
    )
  const put = (destination: ReturnType<typeof make>, key = 'a.png', size = 1_000) =>
    destination.put(key, fakeBinary({ size }), {}, never)

  it('sends the length that it knows, and says when it knows none', async () => {
    const destination = make()
    const known = fakeBinary({ size: 3 * mebibyte })
    await destination.put('a.png', { ...known, sha1: sha1Of(known.bytes()) }, {}, never)
    await destination.put('b.png', fakeBinary({ size: 10, unknownSize: true }), {}, never)
    const [first, second] = endpoint.requests
    expect(first?.headers).toMatchObject({
      'content-length': String(3 * mebibyte),
      'content-type': 'image/png',
      'x-source-version': known.version,
      'x-source-size': String(3 * mebibyte),
      'x-source-sha1': sha1Of(known.bytes()),
    })
    expect(first?.headers['transfer-encoding']).toBeUndefined()
    expect(second?.headers['content-length']).toBeUndefined()
    expect(second?.headers['transfer-encoding']).toBe('chunked')
  })

  it('gives equal uploads equal idempotency keys, and different ones different keys', async () => {
    const destination = make()
    await put(destination, 'a.png')
    await put(destination, 'a.png')
    await put(destination, 'a.png', 2_000)
    await put(destination, 'ä.png')
    const [first, again, ...others] = endpoint.requests.map(({ headers }) => headers['idempotency-key'])
    expect(again).toBe(first)
    expect(new Set([first, ...others]).size).toBe(3)
  })

  it('puts the key into path or query, and sends the headers it is told', async () => {
    const HTTPS_HEADERS = 'X-One: 1; X-Two: two words'
    await put(make({ HTTPS_HEADERS }), "ä b/c+d'(1)/100%.png")
    await put(make({ HTTPS_URL: `${endpoint.url}/in?path={key}&x=1` }), 'a b/c&d.png')
    expect(endpoint.requests.map(({ url }) => url)).toEqual([
      '/files/%C3%A4%20b/c%2Bd%27%281%29/100%25.png',
      '/in?path=a%20b%2Fc%26d.png&x=1',
    ])
    expect(endpoint.requests[0]?.headers).toMatchObject({ 'x-one': '1', 'x-two': 'two words' })
    await expect(put(make(), 'a/../b.png')).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'KEY_REFUSED',
    })
  })

  it.each([
    ['with the option and a HEAD', {}, { conditional: true }, '*'],
    ['not without the option', {}, {}, undefined],
    ['not without a HEAD', { HTTPS_HEAD: 'off' }, { conditional: true }, undefined],
  ])('sends conditions: %s', async (_, inputs, options, condition) => {
    await put(make(inputs, options))
    expect(endpoint.requests.at(-1)?.headers['if-none-match']).toBe(condition)
  })

  it('takes the version from an ETag when it is told to', async () => {
    const destination = make({ HTTPS_HEAD: 'ETag' })
    await put(destination)
    const etag = (await destination.head?.('a.png', never))?.etag
    expect(await destination.head?.('a.png', never)).toMatchObject({
      version: etag?.slice(1, -1),
      size: 1_000,
    })
  })

  it.each([
    [400, 'permanent'],
    [401, 'systemic'],
    [403, 'systemic'],
    [404, 'systemic'],
    [405, 'systemic'],
    [408, 'transient'],
    [409, 'permanent'],
    [411, 'permanent'],
    [413, 'permanent'],
    [415, 'permanent'],
    [422, 'permanent'],
    [425, 'transient'],
    [500, 'transient'],
    [501, 'systemic'],
    [503, 'transient'],
    [507, 'systemic'],
    [302, 'systemic'],
    [304, 'systemic'],
  ])('calls an answer of %i to a put %s', async (status, failureClass) => {
    endpoint.fault = () => ({ status })
    await expect(put(make())).rejects.toMatchObject({ failureClass, status })
    expect(endpoint.requests).toHaveLength(1)
  })

  it('waits as long as it is told', async () => {
    endpoint.fault = () => ({ status: 429, headers: { 'retry-after': '7' } })
    await expect(put(make())).rejects.toMatchObject({ failureClass: 'transient', retryAfterMs: 7_000 })
  })

  it('asks again when HEAD meets a passing fault, and says nothing else than 404 and 410 is "absent"', async () => {
    const destination = make()
    let faults = 0
    endpoint.fault = () => (++faults <= 2 ? { status: 503 } : undefined)
    expect(await destination.head?.('a.png', never)).toBeUndefined()
    expect(faults).toBe(3)
    for (const status of [400, 401, 403, 405, 301]) {
      endpoint.fault = () => ({ status })
      await expect(destination.head?.('a.png', never)).rejects.toMatchObject({ name: 'BridgeError', status })
    }
  })

  it('does not trust a version whose file has no length', async () => {
    const server = createServer((_request, response) =>
      response.writeHead(200, { 'x-held-version': 'v1' }).end(),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const destination = make({ HTTPS_URL: `http://127.0.0.1:${port}/{key}` })
    expect(await destination.head?.('a.png', never)).toMatchObject({ version: undefined })
    server.closeAllConnections()
    server.close()
  })

  it('follows no redirect, and names the host that it was sent to', async () => {
    const other = await startHttpsEndpoint()
    endpoint.fault = () => ({ status: 307, headers: { location: `${other.url}/files/a.png?sig=hunter22` } })
    const error: unknown = await put(make({ HTTPS_AUTH: 'Bearer abcdefgh' })).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ failureClass: 'systemic', code: 'HTTPS_REDIRECTS' })
    expect(String(error)).toContain(new URL(other.url).host)
    expect(String(error)).not.toContain('hunter22')
    expect(other.requests).toHaveLength(0)
    await other.close()
  })

  it('stops sending when it is refused in the middle', async () => {
    endpoint.fault = () => ({ status: 413 })
    let sent = 0
    const source = fakeBinary({
      size: 256 * mebibyte,
      delayMs: 1,
      onChunk: (bytes) => {
        sent = bytes
      },
    })
    await expect(make().put('a.png', source, {}, never)).rejects.toMatchObject({ status: 413 })
    expect(sent).toBeLessThan(64 * mebibyte)
  })

  it('calls an endpoint that takes no byte, or does not answer, transient', async () => {
    const destination = make({}, { idleMs: 300 })
    for (const fault of [{ deaf: true }, { silent: true }] as const) {
      endpoint.fault = () => fault
      await expect(put(destination, 'a.png', 16 * mebibyte)).rejects.toMatchObject({
        failureClass: 'transient',
        code: 'HTTPS_TIMEOUT',
      })
    }
  })

  it('does not give up on a slow source', async () => {
    const source = fakeBinary({ size: 4_000, chunkSize: 1_000, delayMs: 200 })
    await make({}, { idleMs: 100 }).put('a.png', source, {}, never)
    expectBytes(await endpoint.read('a.png'), source)
  })

  it('calls a connection that breaks transient', async () => {
    endpoint.fault = () => ({ cutAfter: 100_000 })
    await expect(put(make(), 'a.png', 4 * mebibyte)).rejects.toMatchObject({
      failureClass: 'transient',
      code: 'HTTPS_CUT',
    })
  })

  it('calls a lost answer transient, and HEAD tells that the file is there', async () => {
    endpoint.fault = ({ method }) => (method === 'PUT' ? { lost: true } : undefined)
    const destination = make()
    await expect(put(destination)).rejects.toMatchObject({ failureClass: 'transient', code: 'HTTPS_CUT' })
    expect(await destination.head?.('a.png', never)).toMatchObject({ version: 'v-1-1000', size: 1_000 })
  })

  it('sends 500 MB as a form of exactly the length it said, without holding them', async () => {
    const size = 500_000_000
    let received = 0
    let announced = 0
    const server = createServer((request, response) => {
      announced = Number(request.headers['content-length'])
      request.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      request.on('end', () => response.writeHead(201).end())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const inputs = { HTTPS_URL: `http://127.0.0.1:${port}/{key}`, HTTPS_METHOD: 'POST' }
    const watch = createHeapWatch(40 * mebibyte)
    const source = fakeBinary({
      size,
      chunkSize: 256 * 1024,
      onChunk: (sent) => {
        if (sent % (32 * mebibyte) === 0) watch.sample()
      },
    })
    try {
      expect(await make(inputs).put('a.mp4', source, {}, never)).toMatchObject({ size })
      expect(received).toBe(announced)
      expect(received - size).toBeGreaterThan(0)
      expect(received - size).toBeLessThan(1_000)
      expect(watch.growth()).toBeLessThan(40 * mebibyte)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('sends once more, on a new connection, when one that had been idle turns out to be dead', async () => {
    const destination = make()
    await put(destination, 'a.png')
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    let cuts = 0
    endpoint.fault = () => (++cuts === 1 ? { cutAfter: 1 } : undefined)
    const source = fakeBinary({ size: 3 * mebibyte })
    await destination.put('b.png', source, {}, never)
    expectBytes(await endpoint.read('b.png'), source)
    expect(source.opened()).toBe(2)
    expect(endpoint.connections()).toBe(2)
  })

  it('uses one connection for files that follow each other', async () => {
    const destination = make()
    for (let file = 0; file < 5; file++) {
      await put(destination, `${file}.png`)
      // The connection goes back to its pool in the turns that follow.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    }
    expect(endpoint.connections()).toBe(1)
  })

  it('refuses a media type that could not be a header', async () => {
    for (const mediaType of ['image/png\r\nx-evil: 1', 'ümlaut', '']) {
      await make().put('a.png', fakeBinary({ size: 1, mediaType }), {}, never)
      expect(endpoint.mediaType('a.png')).toBe('application/octet-stream')
    }
  })

  it('signs what it asks and removes, too', async () => {
    const strict = await startHttpsEndpoint({ secret: 'open sesame' })
    const inputs = { HTTPS_URL: `${strict.url}/files/{key}?a=1`, HTTPS_SECRET: 'open sesame' }
    const destination = make(inputs, { remove: true })
    await put(destination, 'ä b.png')
    expect(await destination.head?.('ä b.png', never)).toMatchObject({ size: 1_000 })
    await destination.remove?.('ä b.png', never)
    expect(strict.list()).toEqual([])
    await expect(put(make({ ...inputs, HTTPS_SECRET: 'another' }))).rejects.toMatchObject({
      failureClass: 'systemic',
    })
    await strict.close()
  })
})
