import fc from 'fast-check'
import { phpMap as asPhpWrites } from '../../../sandbox/akeneo/php'
import { createProductReader } from '../../../src/connectors/akeneo/catalogue/products'
import { dataIn } from '../../../src/connectors/akeneo/media/values'
import { phpMap } from '../../../src/connectors/akeneo/php-map'
import { startCall } from '../../support/call'
import { type AkeneoBench, changes, sku, startBench } from './pim-bench'

const inputs = { AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' }
const value = (data: unknown) => [{ locale: null, scope: null, data }]

test('a map of Akeneo is read, whatever PHP made of it', () => {
  const map = fc.dictionary(fc.oneof(fc.nat(5).map(String), fc.string()), fc.jsonValue({ maxDepth: 1 }))
  fc.assert(
    fc.property(map, (one) => {
      expect(phpMap(JSON.parse(JSON.stringify(asPhpWrites(JSON.parse(JSON.stringify(one))))))).toEqual(
        JSON.parse(JSON.stringify(one)),
      )
    }),
  )
  for (const other of [null, undefined, 'text', 7, true]) expect(phpMap(other)).toEqual({})
})

describe('the options of a product', () => {
  let bench: AkeneoBench
  beforeEach(async () => {
    bench = await startBench(inputs)
    bench.server.catalogue.setAttribute({
      code: 'rating',
      type: 'pim_catalog_multiselect',
      options: { 0: { en_US: 'None' }, 1: { en_US: 'One' }, 2: {}, ten: { en_US: 'Ten' } },
    })
  })
  afterEach(() => bench.close())
  const know = (name: string, data: readonly string[]) =>
    bench.server.catalogue.setProduct(name, {
      values: { rating: [{ locale: null, scope: null, data: [...data] }] },
    })
  const ratingOf = async (name = 'LAMP-7', pim = bench.fresh(inputs)) =>
    (await pim.getProducts([sku(name)], startCall()))[0]?.attributes.rating

  test.each<[readonly string[], readonly string[]]>([
    [['0'], ['None']],
    [
      ['0', '1'],
      ['None', 'One'],
    ],
    [
      ['1', '0'],
      ['One', 'None'],
    ],
    [
      ['0', '1', '2'],
      ['None', 'One', '2'],
    ],
    [
      ['ten', '0'],
      ['Ten', 'None'],
    ],
    [['gone'], ['gone']],
  ])('%j have their labels, without a further call', async (data, labels) => {
    know('LAMP-7', data)
    expect(await ratingOf()).toEqual(labels)
    expect(bench.calls()).toEqual(['GET products-uuid'])
  })

  test('without the permission to list options stay codes, fail no other product, and are warned of once', async () => {
    const { settings, requests } = bench.server
    settings.withoutLinkedData = true
    settings.permissions.delete('List attribute options')
    for (let index = 0; index < 100; index++) know(`SKU-${index}`, ['0', 'ten'])
    const pim = bench.fresh(inputs)
    const call = startCall()
    const names = Array.from({ length: 100 }, (_, index) => sku(`SKU-${index}`))
    const products = await pim.getProducts(names, call)
    expect(products).toHaveLength(100)
    for (const { attributes } of products) expect(attributes.rating).toEqual(['0', 'ten'])
    await pim.getProducts(names, call)
    expect(await changes(pim)).toMatchObject([{ products: { length: 100 } }, { products: [] }])
    const warnings = call.log.filter((line) => line.startsWith('warn'))
    expect(warnings).toEqual([expect.stringContaining('List attribute options')])
    // Akeneo is not asked again for each option.
    expect(requests.filter(({ path }) => path.includes('/options/')).length).toBeLessThanOrEqual(4)
  })

  test('have their labels ten minutes after the permission is granted', async () => {
    const { settings } = bench.server
    settings.withoutLinkedData = true
    settings.permissions.delete('List attribute options')
    know('LAMP-7', ['0'])
    const pim = bench.fresh(inputs)
    expect(await ratingOf('LAMP-7', pim)).toEqual(['0'])
    settings.permissions.add('List attribute options')
    bench.clock.advance(10 * 60_000)
    expect(await ratingOf('LAMP-7', pim)).toEqual(['None'])
  })

  test('are an error still when a page refuses them, as of a firewall', async () => {
    bench.server.settings.withoutLinkedData = true
    know('LAMP-7', ['0'])
    bench.server.faults.add({
      path: '/api/rest/v1/attributes/rating/options',
      fault: { kind: 'status', status: 403, body: '<html>no</html>' },
    })
    await expect(ratingOf()).rejects.toMatchObject({ code: 'AKENEO_FORBIDDEN' })
  })
})

describe('a product', () => {
  let bench: AkeneoBench
  beforeEach(async () => {
    bench = await startBench({ ...inputs, AKENEO_ATTRIBUTES: '*,associations,quantified_associations' })
  })
  afterEach(() => bench.close())
  const attributesOf = async (...names: string[]) =>
    (await bench.get(...names.map(sku))).map(({ attributes }) => attributes)

  test('without associations has empty ones, whatever PHP writes', async () => {
    bench.server.catalogue.setProduct('LAMP-7')
    expect(await attributesOf('LAMP-7')).toEqual([
      { sku: 'LAMP-7', associations: {}, quantified_associations: {} },
    ])
  })

  test('keeps associations whose types are called 0 and 1', async () => {
    const associations = { 0: { products: ['A'] }, 1: { products: ['B'] } }
    const quantified_associations = { 0: { products: [{ identifier: 'A', quantity: 2 }] } }
    bench.server.catalogue.setProduct('LAMP-7', { associations, quantified_associations })
    expect(await attributesOf('LAMP-7')).toEqual([{ sku: 'LAMP-7', associations, quantified_associations }])
  })

  test('has the values of attributes that are called 0 and 1', async () => {
    const { catalogue, settings } = bench.server
    settings.edition = '6.0'
    for (const code of ['0', '1']) catalogue.setAttribute({ code, type: 'pim_catalog_text' })
    catalogue.setProduct('LAMP-7', { values: { 0: [{ locale: null, scope: null, data: 'zero' }] } })
    const raw = { uuid: 'u-1', identifier: 'LAMP-7', values: [value('zero'), value('one')] }
    expect(await readOne(raw)).toMatchObject({ attributes: { 0: 'zero', 1: 'one' } })
    expect(await readOne({ uuid: 'u-1', identifier: 'LAMP-7', values: [] })).toMatchObject({
      identifier: 'LAMP-7',
      attributes: {},
    })
  })
})

/** One product by the reader itself, without labels from elsewhere. */
async function readOne(item: unknown) {
  const unused = async () => {
    throw new Error('no further call is needed')
  }
  const settings = {
    origin: 'https://pim.test',
    credentials: { kind: 'app', token: 't', inputs: 'AKENEO' },
    inputs: 'AKENEO',
    identifier: 'sku',
    attributes: undefined,
    fields: [],
    locales: [],
    channels: [],
  } as const
  const reader = createProductReader(settings, {
    catalogue: {
      selection: unused,
      types: async () => new Map(),
      attributes: unused,
      forgetAttributes: () => undefined,
      labels: unused,
    },
    options: 'labels',
    records: 'codes',
    perLocale: false,
  })
  const [product] = await reader.read(
    [item],
    { channels: [], locales: ['en_US'], otherLocales: true },
    startCall(),
  )
  return product
}

test.each<[string, unknown, unknown, unknown]>([
  ['of several options', ['0'], [{ attribute: 'rating', code: '0', labels: { en_US: 'None' } }], ['None']],
  ['of one option', '0', { attribute: 'rating', code: '0', labels: { en_US: 'None' } }, 'None'],
  ['with a label in no language', ['0'], [{ attribute: 'rating', code: '0', labels: [] }], ['0']],
  ['in a map', ['7'], { 7: { attribute: 'rating', code: '7', labels: { en_US: 'Seven' } } }, ['Seven']],
  ['with a number as code', ['0'], [{ attribute: 'rating', code: 0, labels: { en_US: 'None' } }], ['None']],
  ['without codes inside, in a map', ['7'], { 7: { labels: { en_US: 'Seven' } } }, ['Seven']],
  ['without anything', ['0'], [], ['0']],
  ['without anything, of one', '0', [], '0'],
  ['of nonsense', ['0'], [null, 7, 'x', [], {}], ['0']],
])('linked data %s give the label without a further call', async (_, data, linked_data, expected) => {
  const product = await readOne({
    identifier: 'LAMP-7',
    values: {
      rating: [{ locale: null, scope: null, data, attribute_type: 'pim_catalog_multiselect', linked_data }],
    },
  })
  expect(product?.attributes).toEqual({ rating: expected })
})

test('an asset may have no values, or attributes that are called 0 and 1', () => {
  const entry = (data: string) => [{ locale: null, channel: null, data }]
  expect(dataIn({ code: 'a', values: [] }, 'media', null, null)).toBeUndefined()
  expect(dataIn({ code: 'a', values: [entry('x'), entry('y')] }, '1', null, null)).toBe('y')
})

test('labels of an option or a record may be a list', async () => {
  const bench = await startBench(inputs)
  const { catalogue } = bench.server
  catalogue.setAttribute({ code: 'brand', type: 'akeneo_reference_entity', referenceData: 'brand' })
  catalogue.records.set('brand', new Map([['acme', {}]]))
  catalogue.setProduct('LAMP-7', { values: { brand: [{ locale: null, scope: null, data: 'acme' }] } })
  const pim = bench.fresh(inputs, { records: 'labels' })
  expect((await pim.getProducts([sku('LAMP-7')], startCall()))[0]?.attributes.brand).toBe('acme')
  await bench.close()
})
