import { startAuthor, type TestAuthor } from '../support/author'
import { rejection, startCall } from '../support/call'
import { type RawServer, startRawServer } from '../support/raw-server'

let author: TestAuthor
beforeEach(async () => {
  author = await startAuthor()
})
afterEach(() => author.close())

const read = (ref: { id?: string; path?: string }, client = author.client()) =>
  client.readAsset({ origin: author.aem.url, ...ref }, startCall())
const lamp = (path = '/content/dam/shop/lamp.png') =>
  author.aem.addAsset({ path, assetMetadata: { 'dc:title': 'Lamp', 'wknd-sizes': [1, 2] } })

describe('reading an asset', () => {
  it('gives what AEM holds, and the ETag to write over it', async () => {
    const { id, etag } = lamp()

    const asset = await read({ id })

    expect(asset).toMatchObject({
      origin: author.aem.url,
      id,
      path: '/content/dam/shop/lamp.png',
      name: 'lamp.png',
      metadata: { 'dc:title': 'Lamp', 'wknd-sizes': [1, 2] },
      etag,
    })
    expect(asset.repository['aem:assetState']).toBe('Processed')
  })

  it('sends the token, the API key and the experimental header, as long as it is wanted', async () => {
    const { id } = lamp()
    await read({ id })
    await read({ id }, author.client({ experimental: false }))

    const [first, second] = author.aem.requests
    expect(first?.headers).toMatchObject({ 'x-api-key': 'client-1', 'x-adobe-accept-experimental': '1' })
    expect(author.ims.isValid(String(first?.headers.authorization).slice('Bearer '.length))).toBe(true)
    expect(second?.headers).not.toHaveProperty('x-adobe-accept-experimental')
  })

  it('asks for no compression, under which an ETag may change on the way', async () => {
    await read({ id: lamp().id })

    expect(author.aem.requests[0]?.headers['accept-encoding']).toBe('identity')
  })

  it.each(['/content/dam/shop/lamp (1) 100% ü#?;+&.png', '/content/dam/日本/🪑 %2e%2e.jpg'])(
    'finds an asset without an id by its path: %s',
    async (path) => {
      const { id } = lamp(path)

      expect(await read({ path })).toMatchObject({ id, path })
    },
  )

  it('that is really a folder is a permanent failure', async () => {
    lamp('/content/dam/shop/inside/lamp.png')

    expect(await rejection(read({ path: '/content/dam/shop/inside' }))).toMatchObject({
      failureClass: 'permanent',
      code: 'ASSET_NOT_FOUND',
    })
  })

  it.each([
    ['lamp.png', '/content/dam/shop/lamp/inside.png', 400],
    ['lamp.2024-06.png', '/content/dam/shop/lamp', 400],
    ['lamp.infinity', '/content/dam/shop/lamp/inside.png', 300],
    ['lamp.1', '/content/dam/shop/lamp/inside.png', 200],
    ['lamp.2', '/content/dam/shop/lamp', 200],
    ['lamp.tidy', '/content/dam/shop/lamp', 200],
  ])('%s that is gone is not what Sling finds under a shorter name: %s', async (name, other, status) => {
    lamp(other)

    expect(await rejection(read({ path: `/content/dam/shop/${name}` }))).toMatchObject({
      failureClass: 'permanent',
      code: 'ASSET_NOT_FOUND',
    })
    expect(author.aem.requests[0]).toMatchObject({ path: `/content/dam/shop/${name}.json`, status })
  })

  it('without id and path is a permanent failure, and asks nobody', async () => {
    expect(await rejection(read({}))).toMatchObject({ failureClass: 'permanent', code: 'ASSET_UNKNOWN' })
    expect(author.aem.requests).toHaveLength(0)
  })

  it.each([
    'urn:aaid:aem:x/../../../bin/querybuilder.json',
    'urn:aaid:aem:x%2f..%2f..%2fbin',
    'urn:aaid:aem:x?schemaId=1',
    'urn:aaid:aem:x#y',
    'urn:aaid:aem:x\n',
    'urn:aaid:aem:x\\..\\..',
    'urn:aaid:aem:',
    'urn::x',
    '../urn:aaid:aem:x',
    ' urn:aaid:aem:x',
    '',
    'N/A',
  ])('sends nothing for an id that is none: %j', async (id) => {
    expect(await rejection(read({ id }))).toMatchObject({
      failureClass: 'permanent',
      code: 'ASSET_ID_INVALID',
    })
    expect(author.aem.requests).toHaveLength(0)
  })

  it('sends nothing to an author that is not configured, not even to IMS', async () => {
    const stranger = await startRawServer((_, response) => response.end('{}'))

    const error = await rejection(
      author.client().readAsset({ origin: stranger.url, id: 'urn:aaid:aem:x' }, startCall()),
    )

    expect(error).toMatchObject({ failureClass: 'permanent', code: 'HOST_NOT_ALLOWED' })
    expect(stranger.connections()).toBe(0)
    expect(author.ims.requests).toHaveLength(0)
    await stranger.close()
  })
})

describe('a token that AEM refuses', () => {
  it('is renewed once, and the request made again', async () => {
    const { id } = lamp()
    const client = author.client()
    await read({ id }, client)
    author.ims.revokeAll()

    expect(await read({ id }, client)).toMatchObject({ id })
    expect(author.ims.tokensIssued()).toBe(2)
  })

  it('is a matter for the operator when the new one is refused, too, and IMS is left alone', async () => {
    const { id } = lamp()
    author.aem.faults.add({ fault: { kind: 'status', status: 401 } })
    const client = author.client()

    const errors = await Promise.all(Array.from({ length: 20 }, () => rejection(read({ id }, client))))

    for (const error of errors)
      expect(error).toMatchObject({ failureClass: 'systemic', code: 'AEM_UNAUTHORIZED' })
    expect(author.ims.tokensIssued()).toBeLessThanOrEqual(2)
  })

  it('is replaced after a while of 403, since rights that were granted meanwhile need a new one', async () => {
    const { id } = lamp()
    author.aem.faults.add({ fault: { kind: 'status', status: 403 } })
    const client = author.client()
    for (let i = 0; i < 5; i++) await rejection(read({ id }, client))
    expect(author.ims.tokensIssued()).toBe(1)
    author.clock.advance(10 * 60_000)
    await rejection(read({ id }, client))
    author.aem.faults.clear()

    await read({ id }, client)

    expect(author.ims.tokensIssued()).toBe(2)
  })
})

describe('a refusal to read', () => {
  it.each([
    [403, 'systemic', 'AEM_FORBIDDEN', /allowedClientIDs/],
    [404, 'permanent', 'ASSET_NOT_FOUND', /deleted or moved/],
    [410, 'permanent', 'ASSET_NOT_FOUND', /deleted or moved/],
    [400, 'systemic', 'AEM_REFUSED', /400.*Injected fault/],
    [406, 'systemic', 'AEM_REFUSED', /406/],
    [407, 'systemic', 'AEM_REFUSED', /407/],
    [421, 'transient', 'AEM_UNEXPECTED_ANSWER', /421/],
    [422, 'permanent', 'AEM_REFUSED', /422/],
    [302, 'systemic', 'AEM_REDIRECTS', /AEM_AUTHOR_URLS/],
    [202, 'transient', 'AEM_UNEXPECTED_ANSWER', /202/],
    [429, 'transient', 'AEM_UNAVAILABLE', /429/],
    [500, 'transient', 'AEM_UNAVAILABLE', /500/],
    [503, 'transient', 'AEM_UNAVAILABLE', /503/],
  ])('with %i is %s: %s', async (status, failureClass, code, message) => {
    const { id } = lamp()
    author.aem.faults.add({ fault: { kind: 'status', status, headers: { location: 'http://example.com/' } } })

    const error = await rejection(read({ id }))

    expect(error).toMatchObject({ failureClass, code, upstream: 'AEM' })
    expect(String(error)).toMatch(message)
  })

  it('by a login page with status 200 may pass', async () => {
    const { id, path } = lamp()
    author.aem.faults.add({ fault: { kind: 'html' } })

    for (const ref of [{ id }, { path }]) {
      expect(await rejection(read(ref))).toMatchObject({ failureClass: 'transient', code: 'AEM_NOT_JSON' })
    }
  })
})

describe('an odd author', () => {
  let odd: RawServer
  const readFrom = async (
    headers: Record<string, string>,
    body: unknown,
    ref: { id?: string; path?: string },
  ) => {
    odd = await startRawServer((_, response) => response.writeHead(200, headers).end(JSON.stringify(body)))
    const client = author.client({ origins: [odd.url] })
    const outcome = await client.readAsset({ origin: odd.url, ...ref }, startCall()).catch((thrown) => thrown)
    await odd.close()
    return outcome
  }
  const id = 'urn:aaid:aem:0'

  it('that sends no ETag is a matter for the operator: no update would be safe', async () => {
    expect(await readFrom({}, { assetMetadata: {}, repositoryMetadata: {} }, { id })).toMatchObject({
      failureClass: 'systemic',
      code: 'AEM_WITHOUT_ETAG',
    })
  })

  it.each([
    [{}],
    [{ status: 'up' }],
    [[]],
    [null],
    ['text'],
    [{ assetMetadata: [] }],
    [{ repositoryMetadata: 'x' }],
  ])('that sends %j for metadata may come to itself', async (body) => {
    expect(await readFrom({ etag: '"1"' }, body, { id })).toMatchObject({
      failureClass: 'transient',
      code: 'AEM_UNEXPECTED_ANSWER',
    })
  })

  it.each([[{}], [{ 'jcr:uuid': '../../bin' }], [{ 'jcr:uuid': 7, 'jcr:primaryType': 'dam:Asset' }], [[]]])(
    'that sends %j for the node of a path may come to itself',
    async (body) => {
      expect(await readFrom({ etag: '"1"' }, body, { path: '/content/dam/a' })).toMatchObject({
        failureClass: 'transient',
      })
    },
  )

  it('may leave out everything that an asset can do without', async () => {
    expect(await readFrom({ etag: 'W/"1"' }, { assetMetadata: {} }, { id })).toMatchObject({
      id,
      path: '',
      name: '',
      metadata: {},
      repository: {},
      etag: 'W/"1"',
    })
  })
})
