import { type AemStandIn, startAem } from '../../sandbox/aem/author'
import {
  createGeneratedLibrary,
  type GeneratedLibrary,
  libraryProduct,
} from '../../sandbox/aem/generated-library'
import { createClock } from '../../sandbox/clock'
import { startSandbox } from '../../sandbox/sandbox'

const size = 3000
const now = Date.parse('2030-01-02T03:04:05.000Z')
const clock = createClock({ frozen: true })
let aem: AemStandIn
beforeEach(async () => {
  aem = await startAem({ clock, isValidToken: () => true, allowedClientIds: ['id'], assets: size })
})
afterEach(() => aem.close())

const get = async (path: string, init: RequestInit = {}) => {
  const headers = { authorization: 'Bearer good', 'x-api-key': 'id', ...init.headers }
  const response = await fetch(`${aem.url}${path}`, { ...init, headers })
  return { status: response.status, response }
}
type Hit = { 'jcr:path': string; 'jcr:uuid': string; 'jcr:created': string }
const search = async (predicates: Record<string, string>) => {
  const query = new URLSearchParams({
    path: '/content/dam',
    type: 'dam:Asset',
    'p.hits': 'selective',
    'p.properties': 'jcr:path jcr:uuid jcr:created',
    'p.guessTotal': 'true',
    'p.limit': '1000',
    ...predicates,
  })
  const { status, response } = await get(`/bin/querybuilder.json?${query}`)
  const body = (await response.json()) as { hits: Hit[]; more: boolean; total: number; detail: string }
  return { status, ...body }
}
const all = (): GeneratedLibrary => createGeneratedLibrary({ size, host: aem.host, now: clock.now() })

test('each asset is the same one whenever it is looked at, and found by its id and its path', () => {
  const library = createGeneratedLibrary({ size: 100_000, host: 'author', now })
  const ids = new Set<string>()
  for (let number = 0; number < 100_000; number += 7) {
    const asset = library.at(number)
    ids.add(asset.id)
    expect(library.ofId(asset.id)).toBe(number)
    expect(library.ofPath(asset.path)).toBe(number)
  }
  expect(ids.size).toBe(Math.ceil(100_000 / 7))
  expect(JSON.stringify(library.at(4711).repositoryMetadata)).toBe(
    JSON.stringify(library.at(4711).repositoryMetadata),
  )
  expect(library.ofId('urn:aaid:aem:11b00000-0000-4000-8000-000000000000')).toBeUndefined()
  expect(library.ofPath('/content/dam/library/season 00/LIB-000001.jpg')).toBeUndefined()
})

test('assets come by date, and a fifth of them in one moment', () => {
  const library = all()
  const dates = Array.from({ length: size }, (_, number) => library.createdAt(number))
  expect(dates).toEqual(dates.toSorted((a, b) => a - b))
  expect(dates.at(-1)).toBeLessThan(clock.now())
  const most = Math.max(...Object.values(Object.groupBy(dates, String)).map((same) => same?.length ?? 0))
  expect(most).toBe(size / 5)
})

test('the PIM knows nine products of ten, and none beyond the library', () => {
  expect(libraryProduct('LIB-000004', size)).toEqual({
    sku: 'LIB-000004',
    name: 'Product LIB-000004',
    supplier: 'Supplier 4',
  })
  for (const unknown of ['LIB-000003', 'LIB-003000', 'LIB-4', 'MockSKU 123'])
    expect(libraryProduct(unknown, size)).toBeUndefined()
})

test('an asset is read, written, moved and removed as one that was added', async () => {
  const [first, second] = [all().at(1), all().at(2)]
  const patch = {
    method: 'PATCH',
    body: JSON.stringify([{ op: 'add', path: '/x', value: 'new' }]),
    headers: { 'content-type': 'application/json-patch+json', 'if-match': aem.asset(first.id).etag },
  }
  expect((await get(`/adobe/assets/${first.id}/metadata`, patch)).status).toBe(200)
  expect(aem.asset(first.id).assetMetadata.x).toBe('new')
  expect((await get(`/adobe/assets/${first.id}/metadata`, patch)).status).toBe(412)

  aem.move(first.id, '/content/dam/library/moved.jpg')
  expect(aem.findByPath(first.path)).toBeUndefined()
  expect(aem.findByPath('/content/dam/library/moved.jpg')?.id).toBe(first.id)
  aem.removeAsset(second.id)
  expect((await get(`/adobe/assets/${second.id}/metadata`)).status).toBe(404)
  expect(aem.findByPath(second.path)).toBeUndefined()
  aem.addAsset({ path: second.path })

  const { hits } = await search({
    'daterange.property': 'jcr:created',
    'daterange.upperBound': `${all().createdAt(4)}`,
  })
  expect(hits.map((hit) => hit['jcr:path'])).toHaveLength(3)
  expect((await get('/content/dam/library.json')).status).toBe(200)
})

test('its file is as its metadata say', async () => {
  aem.binaries.delivery = 'direct'
  const { path, repositoryMetadata } = all().at(5)
  const { response } = await get(encodeURI(path))
  expect((await response.arrayBuffer()).byteLength).toBe(repositoryMetadata['repo:size'])
})

describe('the search', () => {
  const created = { 'daterange.property': 'jcr:created' }
  const at = () => new Date(all().createdAt(10)).toISOString()

  test('leaves out the bounds of a daterange, unless they are included', async () => {
    const bounds = { ...created, 'daterange.lowerBound': at(), 'daterange.upperBound': at() }
    expect((await search(bounds)).hits).toEqual([])
    const half = { ...bounds, 'daterange.lowerOperation': '>=' }
    expect((await search(half)).hits).toEqual([])
    expect((await search({ ...half, 'daterange.upperOperation': '<=' })).hits).toHaveLength(1)
  })

  test('tells dates to the second, and counts to the end of the page', async () => {
    const { hits, total, more } = await search({
      ...created,
      'daterange.lowerBound': '0',
      'p.limit': '20',
      orderby: '@jcr:created',
    })
    expect(hits[0]?.['jcr:created']).toMatch(/^\w{3} \w{3} \d\d \d{4} [\d:]{8} GMT\+0000$/)
    expect({ total, more }).toEqual({ total: 21, more: true })
    const dates = hits.map((hit) => Date.parse(hit['jcr:created']))
    expect(dates).toEqual(dates.toSorted((a, b) => a - b))
  })

  test('gives up on what reads too many nodes, in Oak\u2019s words', async () => {
    aem.search.readLimit = 1000
    const byReplication = {
      'daterange.property': 'jcr:content/cq:lastReplicated',
      'daterange.lowerBound': `${clock.now()}`,
    }
    const refused = await search(byReplication)
    expect(refused.status).toBe(500)
    expect(refused.detail).toContain('The query read or traversed more than 100000 nodes.')
    expect((await search({ ...created, 'daterange.lowerBound': '0', 'p.limit': '900' })).status).toBe(200)
    expect(
      (await search({ ...created, 'daterange.lowerBound': '0', 'p.limit': '900', 'p.offset': '900' })).status,
    ).toBe(500)
    expect((await search({ ...created, 'daterange.lowerBound': '0', 'p.guessTotal': 'false' })).status).toBe(
      500,
    )
    expect((await search({ ...byReplication, path: '/content/dam/library/season 01' })).status).toBe(200)
  })

  test.each<[Record<string, string>]>([
    [{ 'daterange.property': 'jcr:created' }],
    [{ 'daterange.property': 'jcr:created', 'daterange.lowerBound': 'yesterday' }],
    [{ 'daterange.property': 'jcr:created', 'daterange.lowerBound': '0', 'daterange.lowerOperation': '=' }],
    [{ 'daterange.property': 'jcr:title', 'daterange.lowerBound': '0' }],
    [{ property: 'jcr:uuid', 'property.operation': 'near', 'property.value': 'a' }],
    [{ 'group.p.not': 'true' }],
  ])('refuses %j', async (predicates) => {
    expect((await search(predicates)).status).toBe(400)
  })
})

test('a sandbox with a library lets the app ask the PIM that knows its products', async () => {
  const sandbox = await startSandbox({ aem: { assets: 50 } })
  try {
    const { PIM_COMMUNICATOR, PIM_REST_URL } = sandbox.inputs()
    expect(PIM_COMMUNICATOR).toBe('rest')
    const url = (PIM_REST_URL ?? '').replace('{identifiers}', 'LIB-000001,LIB-000003,LIB-000050')
    const answer = await fetch(url, { headers: { 'X-Api-Key': sandbox.pim.apiKey } })
    expect(await answer.json()).toEqual({ items: [expect.objectContaining({ sku: 'LIB-000001' })] })
  } finally {
    await sandbox.close()
  }
})
