import { createHash } from 'node:crypto'
import type { NewAsset } from '../../sandbox/aem/asset'
import { type AemOptions, type AemStandIn, type AssetView, startAem } from '../../sandbox/aem/author'
import { createClock, type MovableClock } from '../../sandbox/clock'
import { createContent, sha1Of } from '../../sandbox/content'

const path = '/content/dam/shop/garden chair (1) 50%.jpg'
const encoded = path.split('/').map(encodeURIComponent).join('/')

let clock: MovableClock
let aem: AemStandIn
let asset: AssetView
const start = async (input: Partial<NewAsset> = {}, options: Partial<AemOptions> = {}): Promise<void> => {
  await aem?.close()
  clock = createClock({ frozen: true })
  aem = await startAem({
    clock,
    isValidToken: (token) => token === 'good',
    allowedClientIds: ['id'],
    ...options,
  })
  asset = aem.addAsset({ path, content: { size: 1000, seed: 'chair' }, ...input })
}
beforeEach(() => start())
afterAll(() => aem.close())

type Sent = { status: number; headers: Headers; bytes: Buffer }
const get = async (url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Sent> => {
  const response = await fetch(url, { method, headers, redirect: 'manual' })
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  }
}
const good = { authorization: 'Bearer good' }
const link = async (at = encoded): Promise<string> => {
  const { status, headers } = await get(`${aem.url}${at}`, good)
  expect(status).toBe(302)
  return new URL(headers.get('location') ?? '', aem.url).href
}
const bytes = createContent({ size: 1000, seed: 'chair' }).read(0, 1000)

describe('content', () => {
  it('gives the same bytes for the same seed, wherever reading begins', () => {
    const content = createContent({ size: 100_000, seed: 7 })
    const whole = content.read(0, content.size)
    for (const [from, to] of [
      [0, 1],
      [15, 17],
      [16, 16],
      [31_337, 65_600],
      [99_999, 100_000],
    ] as const) {
      expect(content.read(from, to).equals(whole.subarray(from, to))).toBe(true)
    }
    expect(createContent({ size: 100_000, seed: 8 }).read(0, 16).equals(whole.subarray(0, 16))).toBe(false)
    expect(sha1Of(content)).toBe(createHash('sha1').update(whole).digest('hex'))
  })

  it('announces a gigabyte without holding it', () => {
    const before = process.memoryUsage().rss
    const content = createContent({ size: 2 ** 30, seed: 1 })
    expect(content.read(2 ** 30 - 5, 2 ** 30)).toHaveLength(5)
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * 2 ** 20)
  })
})

describe('the author', () => {
  it('sends for the bytes to a signed URL of another host, and only with a token', async () => {
    expect((await get(`${aem.url}${encoded}`)).status).toBe(401)
    expect((await get(`${aem.url}${encoded}`, { authorization: 'Bearer bad' })).status).toBe(401)
    const url = new URL(await link())
    expect(url.host).toBe(aem.blobs.host)
    expect(url.pathname).toBe(aem.blobPath(asset.id))
    expect(Object.keys(Object.fromEntries(url.searchParams)).sort()).toEqual(
      ['rscc', 'rscd', 'rsct', 'se', 'sig', 'sp', 'sr', 'sv'].sort(),
    )
    const answer = await get(url.href)
    expect(answer).toMatchObject({ status: 200, bytes })
    expect(answer.headers.get('content-type')).toBe('image/jpeg')
    expect(answer.headers.get('content-length')).toBe('1000')
    expect(asset.repositoryMetadata).toMatchObject({
      'repo:size': 1000,
      'dam:sha1': createHash('sha1').update(bytes).digest('hex'),
    })
  })

  it('knows how to serve a link of its own, or the bytes at once', async () => {
    aem.binaries.delivery = 'same-host'
    const url = await link()
    expect(new URL(url).host).toBe(aem.host)
    expect((await get(url)).bytes.equals(bytes)).toBe(true)
    expect((await get(url, good)).status).toBe(403)
    aem.binaries.delivery = 'direct'
    const direct = await get(`${aem.url}${encoded}`, { ...good, range: 'bytes=10-19' })
    expect(direct).toMatchObject({ status: 206, bytes: bytes.subarray(10, 20) })
    aem.binaries.ranges = false
    const whole = await get(`${aem.url}${encoded}`, { ...good, range: 'bytes=10-19' })
    expect(whole).toMatchObject({ status: 200, bytes })
  })

  it('has renditions, a listing of them, and assets whose name ends in .json', async () => {
    await start({ renditions: { 'cq5dam.web.1280.1280.jpeg': { bytes: 'small' } } })
    const folder = `${encoded}/jcr:content/renditions`
    const listed = await get(`${aem.url}${folder}.1.json`, good)
    expect(JSON.parse(listed.bytes.toString())).toEqual({
      'jcr:primaryType': 'nt:folder',
      original: { 'jcr:primaryType': 'nt:file' },
      'cq5dam.web.1280.1280.jpeg': { 'jcr:primaryType': 'nt:file' },
    })
    expect((await get(await link(`${folder}/cq5dam.web.1280.1280.jpeg`))).bytes.toString()).toBe('small')
    expect((await get(await link(`${folder}/original`))).bytes.equals(bytes)).toBe(true)
    expect((await get(`${aem.url}${folder}/none.png`, good)).status).toBe(404)
    expect((await get(`${aem.url}/content/dam/none/jcr:content/renditions/x`, good)).status).toBe(404)
    aem.addAsset({ path: '/content/dam/data.json', content: { bytes: '{}' } })
    expect((await get(await link('/content/dam/data.json'))).bytes.toString()).toBe('{}')
    const node = await get(`${aem.url}/content/dam/data.json.json`, good)
    expect(JSON.parse(node.bytes.toString())).toMatchObject({ 'jcr:primaryType': 'dam:Asset' })
    expect((await get(`${aem.url}${encoded}`, good, 'DELETE')).status).toBe(405)
  })

  it('says of size and SHA-1 what it is told to, and nothing of a SHA-1 it has not', async () => {
    await start({ repositoryMetadata: { 'dam:sha1': null, 'repo:size': 7 } })
    expect(asset.repositoryMetadata).not.toHaveProperty('dam:sha1')
    expect(asset.repositoryMetadata['repo:size']).toBe(7)
    const next = aem.replaceContent(asset.id, { size: 5 })
    expect(next.repositoryMetadata).not.toHaveProperty('dam:sha1')
    expect(next.repositoryMetadata['repo:size']).toBe(5)
  })

  it('gives another version another link, and leaves the old one as it was', async () => {
    const old = await link()
    const next = aem.replaceContent(asset.id, { bytes: 'new' })
    expect(next.etag).not.toBe(asset.etag)
    expect(next.repositoryMetadata['dam:sha1']).toBe(createHash('sha1').update('new').digest('hex'))
    expect((await get(await link())).bytes.toString()).toBe('new')
    expect((await get(old)).bytes.equals(bytes)).toBe(true)
    aem.removeAsset(asset.id)
    expect((await get(`${aem.url}${encoded}`, good)).status).toBe(404)
  })
})

describe('the blob store', () => {
  it.each([
    ['without a signature', (url: URL) => url.searchParams.delete('sig')],
    ['with a wrong one', (url: URL) => url.searchParams.set('sig', 'AAAA')],
    ['with a later expiry', (url: URL) => url.searchParams.set('se', '2099-01-01T00:00:00Z')],
    ['for another blob', (url: URL) => Object.assign(url, { pathname: `${url.pathname}0` })],
  ])('refuses a link %s', async (_, change) => {
    const url = new URL(await link())
    change(url)
    expect(await get(url.href)).toMatchObject({ status: 403 })
  })

  it('refuses any Authorization, writing, and a link that has expired', async () => {
    const url = await link()
    expect((await get(url, good)).status).toBe(403)
    expect((await get(url, { authorization: '' })).status).toBe(403)
    expect((await get(url, {}, 'PUT')).status).toBe(403)
    clock.advance(3_599_000)
    expect((await get(url)).status).toBe(200)
    clock.advance(1_000)
    const expired = await get(url)
    expect(expired.status).toBe(403)
    expect(expired.bytes.toString()).toContain('AuthenticationFailed')
  })

  it('serves parts', async () => {
    const url = await link()
    const etag = (await get(url)).headers.get('etag') ?? ''
    const part = await get(url, { range: 'bytes=990-' })
    expect(part).toMatchObject({ status: 206, bytes: bytes.subarray(990) })
    expect(part.headers.get('content-range')).toBe('bytes 990-999/1000')
    expect(part.headers.get('etag')).toBe(etag)
    expect((await get(url, { range: 'bytes=0-9999' })).bytes.equals(bytes)).toBe(true)
    expect((await get(url, { range: 'bytes=1000-' })).status).toBe(416)
    expect((await get(url, { range: 'bytes=0-0', 'if-range': '"other"' })).status).toBe(200)
    expect((await get(url, { range: 'bytes=0-0', 'if-range': etag })).status).toBe(206)
    expect((await get(url, { 'if-match': '"other"' })).status).toBe(412)
    expect((await get(url, { 'if-none-match': etag })).status).toBe(304)
    aem.blobs.settings.ranges = false
    expect((await get(url, { range: 'bytes=990-' })).status).toBe(200)
  })
})

describe('faults of a body', () => {
  const first = async (reader: ReadableStreamDefaultReader<Uint8Array>, wanted: number): Promise<number> => {
    let size = 0
    while (size < wanted) size += (await reader.read()).value?.length ?? 0
    return size
  }

  it('cuts after so many bytes', async () => {
    aem.blobs.faults.add({ times: 1, fault: { kind: 'cut', afterBytes: 321 } })
    const url = await link()
    await expect(get(url)).rejects.toThrow()
    expect(aem.blobs.requests[0]).toMatchObject({ bytesSent: 321, fault: 'cut' })
    expect((await get(url)).bytes).toHaveLength(1000)
  })

  it('stalls after so many bytes', async () => {
    aem.blobs.faults.add({ fault: { kind: 'stall', afterBytes: 100 } })
    const controller = new AbortController()
    const response = await fetch(await link(), { signal: controller.signal })
    const reader = response.body?.getReader()
    if (reader === undefined) throw new Error('no body')
    expect(await first(reader, 100)).toBe(100)
    const more = reader.read().then(
      () => 'more',
      () => 'ended',
    )
    const quiet = new Promise((resolve) => setTimeout(resolve, 50, 'quiet'))
    expect(await Promise.race([more, quiet])).toBe('quiet')
    controller.abort()
    expect(await more).toBe('ended')
  })

  it('sends slowly, wrong, short, compressed, or of unknown length', async () => {
    const url = await link()
    const { faults } = aem.blobs
    const next = async (fault: Parameters<typeof faults.add>[0]['fault']): Promise<Sent> => {
      faults.add({ times: 1, fault })
      return get(url)
    }
    const started = performance.now()
    expect((await next({ kind: 'throttle', bytesPerSecond: 4000 })).bytes.equals(bytes)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(200)
    const wrong = await next({ kind: 'garbled', at: 500 })
    expect(wrong.bytes.compare(bytes, 0, 500, 0, 500)).toBe(0)
    expect(wrong.bytes[500]).not.toBe(bytes[500])
    expect(await next({ kind: 'truncate', afterBytes: 10 })).toMatchObject({ bytes: bytes.subarray(0, 10) })
    const zipped = await next({ kind: 'gzip' })
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    expect(zipped.bytes.equals(bytes)).toBe(true)
    const chunked = await next({ kind: 'chunked' })
    expect(chunked.headers.has('content-length')).toBe(false)
    expect(chunked.bytes.equals(bytes)).toBe(true)
    expect((await next({ kind: 'html' })).headers.get('content-type')).toBe('text/html')
  })

  it('sends no faster than it is read', async () => {
    const big = aem.addAsset({
      path: '/content/dam/big.zip',
      content: { size: 2 ** 28 },
      repositoryMetadata: {},
    })
    const response = await fetch(await link('/content/dam/big.zip'))
    const reader = response.body?.getReader()
    if (reader === undefined) throw new Error('no body')
    await first(reader, 1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(aem.blobs.requests[0]?.bytesSent).toBeLessThan(32 * 2 ** 20)
    expect(big.repositoryMetadata['repo:size']).toBe(2 ** 28)
    await reader.cancel()
  })
})

describe('the events of a publication', () => {
  it('are CloudEvents that name no repository, as Adobe shows them', () => {
    expect(aem.publicationEvent('published', asset)).toMatchObject({
      type: 'aem.assets.asset.published',
      source: aem.host,
      data: {
        assetId: asset.id,
        tier: 'publish',
        repositoryMetadata: { 'repo:path': path, 'repo:size': 1000, 'repo:name': path.split('/').at(-1) },
      },
    })
    expect(aem.publicationEvent('unpublished', asset).type).toBe('aem.assets.asset.unpublished')
    aem.removeAsset(asset.id)
    const deleted = aem.publicationEvent('deleted', asset, { data: { user: null } })
    expect(deleted).toMatchObject({ type: 'aem.assets.asset.deleted', data: { assetId: asset.id } })
    expect(deleted.data).not.toHaveProperty('user')
  })

  it("are XDM in a CloudEvent of the operator's type when the event proxy tells them", () => {
    expect(aem.xdmEvent('published', asset)).toMatchObject({
      specversion: '1.0',
      id: expect.any(String),
      source: expect.stringMatching(/^urn:uuid:/),
      type: 'asset_published',
      data: {
        '@type': 'xdmPublished',
        'activitystreams:published': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-08$/),
        'activitystreams:object': { 'xdmAsset:asset_id': asset.id, 'xdmAsset:path': path },
      },
    })
  })

  it('are XDM under `event` in its older format; a deletion without an id', () => {
    const object = { 'xdmAsset:asset_id': asset.id, 'xdmAsset:path': path }
    expect(aem.xdmEvent('published', asset, {}, 'adobe_io')).toMatchObject({
      event_id: expect.any(String),
      event: {
        '@type': 'xdmPublished',
        'activitystreams:generator': { 'xdmContentRepository:root': `${aem.url}/` },
        'activitystreams:object': { ...object, 'xdmAsset:etag': asset.repositoryMetadata['dam:sha1'] },
      },
    })
    expect(aem.xdmEvent('deleted', asset, {}, 'adobe_io')).toMatchObject({
      event: {
        '@type': 'xdmDeleted',
        'activitystreams:object': { ...object, 'xdmAsset:asset_id': 'N/A' },
      },
    })
  })
})
