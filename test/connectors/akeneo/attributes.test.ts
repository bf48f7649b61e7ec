import type { AkeneoAttribute, AkeneoValue } from '../../../sandbox/akeneo/catalogue'
import type { JsonValue } from '../../../sandbox/json'
import { patchPath } from '../../../src/aem/patch-paths'
import type { Asset } from '../../../src/core/asset'
import { diffMetadata } from '../../../src/metadata/diff'
import { everyAttribute, mapProducts } from '../../../src/metadata/mapping'
import type { Product } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { type AkeneoBench, sku, startBench } from './pim-bench'
import { table, variants } from './types'

const blanks: [string, string, JsonValue][] = [
  ['no text', 'pim_catalog_text', ''],
  ['null', 'pim_catalog_text', null],
  ['no option', 'pim_catalog_multiselect', []],
  ['no amount', 'pim_catalog_metric', { amount: null, unit: 'WATT' }],
  ['no price', 'pim_catalog_price_collection', [{ amount: null, currency: 'EUR' }]],
]

const asset: Asset = {
  origin: 'https://author.test',
  id: 'urn:aaid:aem:1',
  path: '/content/dam/lamp.png',
  name: 'lamp.png',
  etag: '"1"',
  metadata: {},
  repository: {},
}

/** The JSON Patch of an asset that says nothing yet. */
function patchFor(products: readonly Product[]): unknown[] {
  const desired = mapProducts([everyAttribute('wknd-')], { products, asset })
  return diffMetadata({}, desired).map((change) => ({
    op: change.op,
    path: patchPath('short', change.property),
    ...('value' in change ? { value: change.value } : {}),
  }))
}

let bench: AkeneoBench
beforeEach(async () => {
  bench = await startBench({ AKENEO_ATTRIBUTES: 'probe' })
})
afterEach(() => bench.close())

function know(attribute: Partial<AkeneoAttribute> & { type: string }, values: readonly AkeneoValue[]): void {
  bench.server.catalogue.setAttribute({ code: 'probe', ...attribute })
  bench.server.catalogue.setProduct('LAMP-7', { values: { probe: values } })
}

describe.each(variants)('an attribute with %s', (_name, flags, place) => {
  test.each(table)('of %s arrives in AEM', async (_type, attribute, data, value, patched) => {
    know({ ...attribute, ...flags }, [{ ...place, data }])
    const products = await bench.get(sku('LAMP-7'))
    expect(products).toEqual([{ identifier: 'LAMP-7', attributes: { probe: value } }])
    expect(patchFor(products)).toEqual(
      patched === undefined ? [] : [{ op: 'add', path: '/wknd-probe', value: patched }],
    )
  })
})

describe.each(['7.0', '6.0'] as const)('a version that does not tell types (%s)', (edition) => {
  test.each(table)('gives the same for %s', async (_type, attribute, data, value) => {
    bench.server.settings.edition = edition
    know(attribute, [{ locale: null, scope: null, data }])
    expect(await bench.get(sku('LAMP-7'))).toEqual([{ identifier: 'LAMP-7', attributes: { probe: value } }])
  })
})

test('types are learnt once for all products, a hundred in a call', async () => {
  bench.server.settings.edition = '7.0'
  const { catalogue } = bench.server
  const codes = Array.from({ length: 150 }, (_, index) => `text_${index}`)
  for (const code of codes) catalogue.setAttribute({ code, type: 'pim_catalog_text' })
  const values = Object.fromEntries(codes.map((code) => [code, [{ locale: null, scope: null, data: 'x' }]]))
  catalogue.setProduct('A', { values })
  catalogue.setProduct('B', { values })
  const pim = bench.fresh({})
  const ask = (name: string) => pim.getProducts([sku(name)], new AbortController().signal)
  expect(Object.keys((await ask('A'))[0]?.attributes ?? {})).toHaveLength(151)
  await ask('B')
  expect(bench.calls().filter((call) => call === 'GET attributes')).toHaveLength(2)
  bench.clock.advance(3_600_000)
  await ask('B')
  expect(bench.calls().filter((call) => call === 'GET attributes')).toHaveLength(4)
})

test.each(blanks)('with %s in it an attribute is absent', async (_name, type, data) => {
  know({ type }, [{ locale: null, scope: null, data }])
  expect(await bench.get(sku('LAMP-7'))).toEqual([{ identifier: 'LAMP-7', attributes: {} }])
})

describe('the options of a select', () => {
  const both = {
    type: 'pim_catalog_multiselect',
    localizable: true,
    options: { red: { de_DE: 'Rot', en_US: 'Red' }, blue: { en_US: 'Blue' }, gone: {} },
  }
  const inputs = { AKENEO_ATTRIBUTES: 'probe', AKENEO_LOCALES: 'de_DE,en_US', AKENEO_CHANNEL: 'ecommerce' }
  const ask = async (options: 'labels' | 'codes' = 'labels') => {
    const pim = bench.fresh(inputs, { options })
    const [product] = await pim.getProducts([sku('LAMP-7')], new AbortController().signal)
    return product?.attributes.probe
  }

  test('have the label in the first wanted locale that has one, else the code', async () => {
    know({ ...both, localizable: false }, [{ locale: null, scope: null, data: ['red', 'blue', 'gone'] }])
    expect(await ask()).toEqual(['Rot', 'Blue', 'gone'])
  })

  test('have the label in the language of the value they are in', async () => {
    know(both, [{ locale: 'en_US', scope: null, data: ['red'] }])
    expect(await ask()).toEqual(['Red'])
  })

  test('are codes when the code in config/enrichment.ts says so', async () => {
    know(both, [{ locale: 'en_US', scope: null, data: ['red', 'blue'] }])
    expect(await ask('codes')).toEqual(['red', 'blue'])
    expect(bench.server.requests.at(-1)?.query).not.toHaveProperty('with_attribute_options')
  })

  test('cost no call of their own where Akeneo sends the labels along', async () => {
    know(both, [{ locale: 'en_US', scope: null, data: ['red'] }])
    await ask()
    expect(bench.calls()).toEqual(['GET products-uuid'])
  })

  test('are asked for where Akeneo does not send them along, each once in ten minutes', async () => {
    know(both, [{ locale: 'en_US', scope: null, data: ['red', 'blue'] }])
    const attribute = bench.server.catalogue.attributes.get('probe')
    const { options } = both
    // Taken off the answer about products, as versions before 5.0 do.
    bench.server.settings.withoutLinkedData = true
    const pim = bench.fresh(inputs)
    const label = async () =>
      (await pim.getProducts([sku('LAMP-7')], new AbortController().signal))[0]?.attributes.probe
    expect(await label()).toEqual(['Red', 'Blue'])
    expect(bench.calls().filter((call) => call.includes('/options/'))).toEqual([
      'GET attributes/probe/options/red',
      'GET attributes/probe/options/blue',
    ])
    if (attribute) attribute.options = { ...options, red: { en_US: 'Crimson' } }
    expect(await label()).toEqual(['Red', 'Blue'])
    bench.clock.advance(10 * 60_000)
    expect(await label()).toEqual(['Crimson', 'Blue'])
  })
})

describe('the records of a reference entity', () => {
  const brands = { type: 'akeneo_reference_entity_collection', referenceData: 'brand' }
  beforeEach(() => {
    const records: [string, Record<string, string>][] = [
      ['acme', { en_US: 'Acme Ltd', de_DE: 'Acme GmbH' }],
      ['bulbco', { en_US: 'Bulb & Co' }],
    ]
    bench.server.catalogue.records.set('brand', new Map(records))
    know(brands, [{ locale: null, scope: null, data: ['acme', 'bulbco', 'gone'] }])
  })
  const inputs = { AKENEO_ATTRIBUTES: 'probe', AKENEO_LOCALES: 'de_DE,en_US', AKENEO_CHANNEL: 'ecommerce' }
  const ask = async (pim = bench.fresh(inputs, { records: 'labels' })) =>
    (await pim.getProducts([sku('LAMP-7')], startCall().signal))[0]?.attributes.probe

  test('have labels when the code in config/enrichment.ts says so', async () => {
    expect(await ask()).toEqual(['Acme GmbH', 'Bulb & Co', 'gone'])
  })

  test('cost a call each, once in ten minutes', async () => {
    const pim = bench.fresh(inputs, { records: 'labels' })
    await ask(pim)
    await ask(pim)
    const calls = () => bench.calls().filter((call) => call.includes('/records/'))
    expect(calls()).toHaveLength(3)
    bench.clock.advance(10 * 60_000)
    await ask(pim)
    expect(calls()).toHaveLength(6)
  })

  test('cost none when codes are enough', async () => {
    expect(await ask(bench.fresh(inputs))).toEqual(['acme', 'bulbco', 'gone'])
    expect(bench.calls()).toEqual(['GET products-uuid'])
  })

  test('need a permission, which is named', async () => {
    bench.server.settings.permissions.delete('List reference entity records')
    expect(await rejection(ask())).toMatchObject({
      code: 'AKENEO_FORBIDDEN',
      message: expect.stringContaining('"List reference entity records"'),
    })
  })
})

describe('what a product is besides its attributes', () => {
  const associations = { UPSELL: { products: ['LAMP-8'], product_models: [], groups: [] } }
  const quantified = { SET: { products: [{ identifier: 'BULB-1', quantity: 2 }], product_models: [] } }
  beforeEach(() => {
    bench.server.catalogue.setProduct('LAMP-7', {
      family: 'lamps',
      categories: ['indoor', 'desk'],
      enabled: false,
      associations,
      quantified_associations: quantified,
      values: { supplier: [{ locale: null, scope: null, data: 'Example Ltd' }] },
    })
  })
  const attributesBy = async (names: string) => {
    const pim = bench.fresh({ AKENEO_ATTRIBUTES: names })
    return (await pim.getProducts([sku('LAMP-7')], new AbortController().signal))[0]?.attributes
  }

  test('is left out unless AKENEO_ATTRIBUTES names it', async () => {
    expect(await attributesBy('supplier')).toEqual({ supplier: 'Example Ltd' })
  })

  test('comes beside the attributes that are named', async () => {
    expect(await attributesBy('supplier, family categories,enabled,parent')).toEqual({
      supplier: 'Example Ltd',
      family: 'lamps',
      categories: ['indoor', 'desk'],
      enabled: false,
    })
  })

  test('comes beside all attributes with a star; associations are for a mapping function', async () => {
    expect(await attributesBy('*,quantified_associations,associations')).toEqual({
      sku: 'LAMP-7',
      supplier: 'Example Ltd',
      associations,
      quantified_associations: quantified,
    })
  })
})
