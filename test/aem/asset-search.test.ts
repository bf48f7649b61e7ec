import { createAssetSearch } from '../../src/aem/asset-search'
import { type AssetQuery, fromFileName, searchOf } from '../../src/metadata/matching'
import { startAuthor, type TestAuthor } from '../support/author'
import { startCall } from '../support/call'

let author: TestAuthor
beforeEach(async () => {
  author = await startAuthor()
})
afterEach(() => author.close())

const property = (...values: string[]): AssetQuery => ({ property: 'wknd-skuid', values })
const upload = (name: string, sku?: string | string[]) =>
  author.aem.addAsset({
    path: `/content/dam/shop/${name}`,
    assetMetadata: sku === undefined ? {} : { 'wknd-skuid': sku },
  })
const searches = () => author.aem.requests.filter(({ path }) => path === '/bin/querybuilder.json')

async function find(query: AssetQuery, options: { maxPages?: number } = {}) {
  const search = createAssetSearch(author.requests(), options)
  const call = startCall()
  const found = []
  for await (const page of search.find(author.aem.url, query, call)) found.push(...page)
  return { found, paths: found.map(({ path }) => path?.slice('/content/dam/shop/'.length)), call }
}

test('assets are found by a property with one or several values, with their ids', async () => {
  const one = upload('a.png', 'LAMP-7')
  upload('b.png', ['CHAIR-1', 'LAMP-7'])
  upload('c.png', 'LAMP-70')
  upload('d.png')

  const { found, paths } = await find(property('LAMP-7', 'TABLE-3'))

  expect(paths).toEqual(['a.png', 'b.png'])
  expect(found[0]).toEqual({ origin: author.aem.url, path: one.path, id: one.id })
})

test('assets are found by their names, whatever the extension', async () => {
  for (const name of ['LAMP-7.png', 'LAMP-7.tif', 'LAMP-70.png', 'x/CHAIR 1.jpg']) upload(name)

  const { paths } = await find({ names: ['LAMP-7.*', 'CHAIR 1.*'] })

  expect(paths.sort()).toEqual(['LAMP-7.png', 'LAMP-7.tif', 'x/CHAIR 1.jpg'])
})

test.each([
  ['*', []],
  ['%', ['%.png']],
  ['LAMP_7', ['LAMP_7.png']],
  ['LAMP?7', ['LAMP?7.png']],
  ['LAMP*', []],
  ['LAMP[-]7', []],
  ["LAMP'7", ["LAMP'7.png"]],
  ['"LAMP"', ['"LAMP".png']],
  ['LAMP\\7', ['LAMP\\7.png']],
  ['LAMP.7', ['LAMP.7.png']],
])('a product named %s is on files of exactly that name', async (name, expected) => {
  const names = ['LAMP-7', 'LAMP_7', 'LAMP?7', "LAMP'7", '"LAMP"', 'LAMP\\7', 'LAMP.7', '%', 'x', 'LAMP']
  for (const one of names) upload(`${one}.png`)

  const query = searchOf(fromFileName(), [{ kind: 'identifier', value: name }])
  expect(query === undefined ? [] : (await find(query)).paths).toEqual(expected)
})

test('a star of a rule stands for any text, and for nothing else', async () => {
  for (const name of ['LAMP-7 front.png', 'LAMP_7 back.png', 'LAMP_70.tif']) upload(name)

  expect((await find({ names: ['LAMP_7*'] })).paths).toEqual(['LAMP_7 back.png', 'LAMP_70.tif'])
})

test.each(['a&b=c', 'ä ö', '50% #1', "it's", '"x"', 'a+b', '灯'])(
  'the value %s arrives as it is',
  async (sku) => {
    upload('a.png', sku)
    expect((await find(property(sku))).paths).toEqual(['a.png'])
  },
)

test('a product on many assets comes in pages, each asset once', async () => {
  for (let n = 0; n < 250; n++) upload(`${n}.png`, 'LAMP-7')

  const { paths } = await find(property('LAMP-7'))

  expect(new Set(paths).size).toBe(250)
  expect(paths).toHaveLength(250)
  expect(searches()).toHaveLength(3)
})

test('products on more assets than one search may page through are searched for by fewer at a time', async () => {
  const skus = ['A', 'B', 'C', 'D']
  for (const sku of skus) for (let n = 0; n < 120; n++) upload(`${sku} ${n}.png`, sku)

  const { paths } = await find(property(...skus), { maxPages: 2 })
  expect(new Set(paths).size).toBe(480)

  const one = await find(property('A'), { maxPages: 1 })
  expect(one.paths).toHaveLength(100)
  expect(one.call.log.join()).toContain('a search was cut short: too many assets')
})

test('many products are few searches, none too long for a web server', async () => {
  const skus = Array.from({ length: 400 }, (_, n) => `SKU with a long name and öäü ${n}`)
  for (const [n, sku] of skus.entries()) upload(`${n}.png`, sku)

  const { paths } = await find(property(...skus))

  expect(new Set(paths).size).toBe(400)
  expect(searches().length).toBeLessThan(40)
})

test('nothing to look for is no request', async () => {
  expect((await find(property())).found).toEqual([])
  expect(author.aem.requests).toEqual([])
})

test('a refused token is replaced once', async () => {
  upload('a.png', 'LAMP-7')
  author.aem.faults.add({ times: 1, fault: { kind: 'status', status: 401 } })
  expect((await find(property('LAMP-7'))).paths).toEqual(['a.png'])
})

test.each<[number, string, string]>([
  [403, 'AEM_FORBIDDEN', 'systemic'],
  [404, 'AEM_SEARCH_NOT_FOUND', 'systemic'],
  [302, 'AEM_REDIRECTS', 'systemic'],
  [503, 'AEM_UNAVAILABLE', 'transient'],
])('%d is %s', async (status, code, failureClass) => {
  author.aem.faults.add({ times: 10, fault: { kind: 'status', status } })
  await expect(find(property('LAMP-7'))).rejects.toMatchObject({ code, failureClass })
})

test('a page in place of a result, and a result that is cut, are tried again later', async () => {
  author.aem.faults.add({ times: 10, fault: { kind: 'html' } })
  await expect(find(property('LAMP-7'))).rejects.toMatchObject({
    code: 'AEM_NOT_JSON',
    failureClass: 'transient',
  })
  author.aem.faults.clear()
  author.aem.faults.add({ times: 10, fault: { kind: 'cut' } })
  await expect(find(property('LAMP-7'))).rejects.toMatchObject({ failureClass: 'transient' })
})

test.each([[{ success: false, hits: [] }], [{ results: 1 }], [[]]])('%j is no result', async (body) => {
  author.aem.faults.add({ fault: { kind: 'status', status: 200, body } })
  await expect(find(property('LAMP-7'))).rejects.toMatchObject({ code: 'AEM_SEARCH_UNEXPECTED' })
})

test('hits that are no assets of the DAM are left out', async () => {
  const hits = [
    { 'jcr:path': '/etc/passwd' },
    {},
    null,
    { 'jcr:path': '/content/dam/shop/a.png', 'jcr:uuid': '../x' },
  ]
  author.aem.faults.add({
    fault: { kind: 'status', status: 200, body: { success: true, more: false, hits } },
  })
  expect((await find(property('LAMP-7'))).found).toEqual([])
})
