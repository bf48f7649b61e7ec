import { BridgeError } from '../../../src/core/errors'
import { discard } from '../../../src/http/stream'
import { rejection, startCall } from '../../support/call'
import { type RawServer, startRawServer, until } from '../../support/raw-server'
import { bytes, type Downloads, readAll, startDownloads } from './downloads'

let author: Downloads
const start = async (...args: Parameters<typeof startDownloads>): Promise<void> => {
  await author?.close()
  author = await startDownloads(...args)
}
beforeEach(() => start())
afterAll(() => author.close())

const failure = async (work: Promise<unknown>): Promise<BridgeError> => {
  const error = await rejection(work)
  if (error instanceof BridgeError) return error
  throw error
}
const read = async (source = author.source()): Promise<Buffer> => {
  const response = await source.get(undefined, startCall().signal)
  const { got, error } = await readAll(response.body)
  if (error) throw error
  return got
}
const downloads = () => author.aem.requests.filter(({ path: at }) => at.startsWith('/content/dam/'))

describe('the way to the bytes', () => {
  it.each(['blob-store', 'same-host', 'direct'] as const)('leads there by %s', async (delivery) => {
    author.aem.binaries.delivery = delivery
    expect((await read()).equals(bytes)).toBe(true)
    expect(downloads()[0]?.headers).toMatchObject({
      authorization: expect.stringMatching(/^Bearer /),
      'accept-encoding': 'identity',
    })
  })

  it('takes no token and no cookie along to the store', async () => {
    await read()
    await author.source().get({ start: 5 }, startCall().signal).then(discard)
    expect(author.aem.blobs.requests).toHaveLength(2)
    for (const { headers, status } of author.aem.blobs.requests) {
      expect(status).toBeLessThan(300)
      expect(headers).not.toHaveProperty('authorization')
      expect(headers).not.toHaveProperty('cookie')
      expect(headers).not.toHaveProperty('x-api-key')
      expect(headers).not.toHaveProperty('referer')
    }
  })

  it('takes none along to a link of the author itself', async () => {
    author.aem.binaries.delivery = 'same-host'
    await read()
    const [, blob] = author.aem.requests
    expect(blob?.path).toBe(author.aem.blobPath(author.asset.id))
    expect(blob?.headers).not.toHaveProperty('authorization')
  })

  it('uses a link until it is refused, then asks for another', async () => {
    const source = author.source()
    await read(source)
    await read(source)
    expect(downloads()).toHaveLength(1)
    author.clock.advance(3_600_000)
    expect((await read(source)).equals(bytes)).toBe(true)
    expect(downloads()).toHaveLength(2)
    expect(author.aem.blobs.requests.map(({ status }) => status)).toEqual([200, 200, 403, 200])
  })

  it.each([429, 503])('does not ask for another link when the store is only busy (%i)', async (status) => {
    const source = author.source()
    await read(source)
    author.aem.blobs.faults.add({
      times: 1,
      fault: { kind: 'status', status, headers: { 'retry-after': '7' } },
    })
    expect(await failure(read(source))).toMatchObject({
      failureClass: 'transient',
      code: 'AEM_UNAVAILABLE',
      status,
      retryAfterMs: 7000,
    })
    expect((await read(source)).equals(bytes)).toBe(true)
    expect(downloads()).toHaveLength(1)
  })

  it('keeps its connection to the author over a redirect', async () => {
    let sockets = 0
    const server = await startRawServer((_, response) => response.writeHead(302, { location: '/x' }).end())
    try {
      const source = author.source({ origin: server.url })
      for (let round = 0; round < 5; round++) await failure(source.get(undefined, startCall().signal))
      sockets = server.connections()
    } finally {
      await server.close()
    }
    expect(sockets).toBeLessThanOrEqual(2)
  })
})

describe('tokens', () => {
  it('are renewed once when the author refuses one', async () => {
    await read()
    author.ims.revokeAll()
    expect((await read()).equals(bytes)).toBe(true)
    expect(downloads().map(({ status }) => status)).toEqual([302, 401, 302])
    expect(author.ims.tokensIssued()).toBe(2)
  })

  it('that are refused again are a matter for the operator', async () => {
    author.aem.faults.add({ path: '/content/dam/', fault: { kind: 'status', status: 401 } })
    expect(await failure(read())).toMatchObject({ failureClass: 'systemic', code: 'AEM_UNAUTHORIZED' })
    expect(downloads()).toHaveLength(2)
  })

  it('from before a grant are dropped when the author forbids', async () => {
    author.aem.faults.add({ path: '/content/dam/', times: 1, fault: { kind: 'status', status: 403 } })
    await read().catch(() => undefined)
    expect(author.ims.tokensIssued()).toBe(1)
    author.clock.advance(11 * 60_000)
    author.aem.faults.add({ path: '/content/dam/', times: 1, fault: { kind: 'status', status: 403 } })
    expect(await failure(read())).toMatchObject({ failureClass: 'systemic', code: 'AEM_FORBIDDEN' })
    await read()
    expect(author.ims.tokensIssued()).toBe(2)
  })
})

describe('what is answered in place of a file', () => {
  it.each([
    [404, 'permanent', 'ASSET_NOT_FOUND'],
    [410, 'permanent', 'ASSET_NOT_FOUND'],
    [403, 'systemic', 'AEM_FORBIDDEN'],
    [429, 'transient', 'AEM_UNAVAILABLE'],
    [500, 'transient', 'AEM_UNAVAILABLE'],
    [503, 'transient', 'AEM_UNAVAILABLE'],
    [204, 'transient', 'AEM_UNAVAILABLE'],
  ])('by the author: %i is %s %s', async (status, failureClass, code) => {
    author.aem.faults.add({ path: '/content/dam/', fault: { kind: 'status', status } })
    expect(await failure(read())).toMatchObject({ failureClass, code, status, upstream: 'AEM' })
    expect(author.aem.blobs.requests).toHaveLength(0)
  })

  it.each([
    [403, 'systemic', 'AEM_LINK_REFUSED'],
    [401, 'systemic', 'AEM_LINK_REFUSED'],
    [404, 'transient', 'AEM_UNAVAILABLE'],
    [500, 'transient', 'AEM_UNAVAILABLE'],
  ])('by the store to a new link: %i is %s %s', async (status, failureClass, code) => {
    author.aem.blobs.faults.add({ fault: { kind: 'status', status } })
    const error = await failure(read())
    expect(error).toMatchObject({ failureClass, code, status })
    expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('sig=')
  })

  it.each(['text/html', 'text/html; charset=utf-8', 'TEXT/HTML;charset=UTF-8', 'application/xhtml+xml'])(
    'is never a page (%s)',
    async (type) => {
      const server = await startRawServer((_, response) =>
        response.writeHead(200, { 'content-type': type }).end('<html>sign in</html>'),
      )
      try {
        const source = author.source({ origin: server.url })
        expect(await failure(source.get(undefined, startCall().signal))).toMatchObject({
          failureClass: 'transient',
          code: 'AEM_NOT_A_FILE',
        })
        const html = author.source({ origin: server.url, mediaType: 'text/html' })
        const response = await html.get(undefined, startCall().signal)
        expect((await readAll(response.body)).got.toString()).toContain('sign in')
      } finally {
        await server.close()
      }
    },
  )
})

describe('a redirect', () => {
  it.each([
    ['to a stranger', 'https://evil.example/file'],
    ['to a host that begins like the store', 'https://x.blob.core.windows.net.evil.example/file'],
    ['to the store by http', 'http://x.blob.core.windows.net/file'],
    ['with a user', 'https://user@x.blob.core.windows.net/file'],
    ['to another scheme', 'file:///etc/passwd'],
    ['to the cloud metadata service', 'http://169.254.169.254/latest'],
    ['to nowhere', 'http://'],
  ])('%s gets no request', async (_, location) => {
    author.aem.faults.add({
      path: '/content/dam/',
      fault: { kind: 'status', status: 302, headers: { location } },
    })
    const error = await failure(read())
    expect(error).toMatchObject({ failureClass: 'systemic', code: 'AEM_REDIRECTS' })
    expect(error.message).not.toContain('/file')
    expect(downloads()).toHaveLength(1)
  })

  it('without a Location is refused, too', async () => {
    author.aem.faults.add({ path: '/content/dam/', fault: { kind: 'status', status: 302 } })
    expect(await failure(read())).toMatchObject({ code: 'AEM_REDIRECTS' })
  })

  it('may be relative, and lead over further ones of its kind', async () => {
    const link = author.aem.blobs.link(author.aem.blobPath(author.asset.id), 'x', 60)
    const server: RawServer = await startRawServer((request, response) => {
      const hop = Number(/hop(\d)/.exec(request.url ?? '')?.[1] ?? 0)
      const location = hop === 4 ? `${author.aem.blobs.url}${link}` : `./hop${hop + 1}`
      response.writeHead(hop % 2 === 0 ? 302 : 307, { location }).end()
    })
    try {
      expect((await read(author.source({ origin: server.url }))).equals(bytes)).toBe(true)
      expect(server.requests.map(({ url }) => url?.slice(-4))).toEqual(
        expect.arrayContaining(['hop1', 'hop2', 'hop3', 'hop4']),
      )
      expect(server.requests.slice(1).every(({ headers }) => headers.authorization === undefined)).toBe(true)
    } finally {
      await server.close()
    }
  })

  it('in a circle ends', async () => {
    author.aem.blobs.faults.add({ fault: { kind: 'status', status: 302, headers: { location: '?again' } } })
    expect(await failure(read())).toMatchObject({ failureClass: 'systemic', code: 'AEM_REDIRECTS' })
    expect(author.aem.blobs.requests).toHaveLength(5)
  })
})

describe('a link for others', () => {
  it('is good without a token, and new each time', async () => {
    const source = author.source()
    const url = await source.presignedUrl(startCall().signal)
    expect(url).toMatch(/[?&]sig=/)
    expect(Buffer.from(await (await fetch(url ?? '')).arrayBuffer()).equals(bytes)).toBe(true)
    author.clock.advance(1_800_000)
    const later = await source.presignedUrl(startCall().signal)
    author.clock.advance(1_800_000)
    expect((await fetch(url ?? '')).status).toBe(403)
    expect((await fetch(later ?? '')).status).toBe(200)
  })

  it('is none when AEM serves the bytes itself, and when there are no bytes', async () => {
    author.aem.binaries.delivery = 'direct'
    expect(await author.source().presignedUrl(startCall().signal)).toBeUndefined()
    await start({ content: { bytes: '' } })
    expect(await author.source().presignedUrl(startCall().signal)).toBeUndefined()
    author.aem.binaries.delivery = 'direct'
    expect(await author.source().presignedUrl(startCall().signal)).toBeUndefined()
  })

  it('is never one to a page', async () => {
    const location = '/libs/granite/core/content/login.html'
    const server = await startRawServer(({ url }, response) => {
      if (url?.startsWith('/content/dam')) response.writeHead(302, { location }).end()
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>')
    })
    try {
      const source = author.source({ origin: server.url })
      expect(await failure(source.presignedUrl(startCall().signal))).toMatchObject({ code: 'AEM_NOT_A_FILE' })
    } finally {
      await server.close()
    }
  })

  it.each([401, 403, 404, 503])('is refused as a download is (%i)', async (status) => {
    author.aem.faults.add({ path: '/content/dam/', fault: { kind: 'status', status } })
    const code = (await failure(author.source().presignedUrl(startCall().signal))).code
    expect(code).toBe((await failure(read())).code)
  })
})

describe('the entity tag', () => {
  const entityTag = async () => (await author.source().about(startCall().signal)).etag

  it('costs next to nothing of a large file', async () => {
    await start({ content: { size: 64 * 2 ** 20 } })
    const tag = await entityTag()
    expect(tag).toMatch(/^"0x8D/)
    expect(author.aem.blobs.requests[0]?.bytesSent).toBe(1)
    author.aem.blobs.settings.ranges = false
    expect(await entityTag()).toBe(tag)
    await until(() => author.aem.blobs.requests[1]?.status === 200, 'an answer')
    expect(author.aem.blobs.requests[1]?.bytesSent).toBeLessThan(16 * 2 ** 20)
  })

  it('is there for an empty file, and moves with the content', async () => {
    await start({ content: { bytes: '' } })
    const old = await entityTag()
    expect(old).toMatch(/^"0x8D/)
    author.aem.replaceContent(author.asset.id, { bytes: 'x' })
    const now = await entityTag()
    expect(now).toMatch(/^"0x8D/)
    expect(now).not.toBe(old)
  })
})

describe('renditions', () => {
  it('are listed by name, and read like originals', async () => {
    const name = 'cq5dam.web.1280.1280 (1).jpeg'
    await start({ renditions: { [name]: { bytes: 'small' } } })
    const asset = await author
      .client()
      .readAsset({ origin: author.aem.url, id: author.asset.id }, startCall())
    expect(await author.client().renditionNames(asset, startCall())).toEqual(['original', name])
    const source = author.source({ rendition: name, mediaType: 'application/octet-stream' })
    expect((await read(source)).toString()).toBe('small')
    const none = author.source({ rendition: 'none.png' })
    expect(await failure(read(none))).toMatchObject({ failureClass: 'permanent', code: 'ASSET_NOT_FOUND' })
    author.aem.removeAsset(author.asset.id)
    expect(await author.client().renditionNames(asset, startCall())).toEqual([])
  })

  it.each([
    ['a page', { kind: 'html' } as const, 'transient'],
    ['403', { kind: 'status', status: 403 } as const, 'systemic'],
    ['503', { kind: 'status', status: 503 } as const, 'transient'],
  ])('are not "none" when the list is refused with %s', async (_, fault, failureClass) => {
    const asset = await author
      .client()
      .readAsset({ origin: author.aem.url, id: author.asset.id }, startCall())
    author.aem.faults.add({ path: /renditions/, fault })
    expect(await failure(author.client().renditionNames(asset, startCall()))).toMatchObject({ failureClass })
  })
})

describe('connections', () => {
  it('that nobody answers on are given up in time', async () => {
    author.aem.faults.add({ path: '/content/dam/', fault: { kind: 'hang' } })
    const error = await failure(author.source({ answerMs: 50 }).get(undefined, startCall().signal))
    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_TIMEOUT' })
  })

  it('that fail say so by code, not by URL', async () => {
    author.aem.blobs.faults.add({ fault: { kind: 'reset' } })
    const error = await failure(author.source().get(undefined, startCall().signal))
    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_UNREACHABLE' })
    expect(error.message).toContain('ECONNRESET')
    await author.aem.blobs.close()
    const refused = await failure(author.source().get(undefined, startCall().signal))
    expect(refused.message).toContain('ECONNREFUSED')
    for (const { message, cause, stack } of [error, refused]) {
      expect(`${message}${String(cause)}${stack}`).not.toMatch(/sig=|garden|127\.0\.0\.1/)
    }
  })

  it('end with the call, at once', async () => {
    author.aem.faults.add({ path: '/content/dam/', fault: { kind: 'hang' } })
    const call = startCall()
    const reason = new Error('the time is up')
    const waiting = rejection(author.source().get(undefined, call.signal))
    await until(() => downloads().length === 1, 'a request')
    call.abort(reason)
    expect(await waiting).toBe(reason)
  })
})
