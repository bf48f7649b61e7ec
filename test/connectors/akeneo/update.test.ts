import type { AkeneoAttribute, AkeneoValue } from '../../../sandbox/akeneo/catalogue'
import { happeningsOf } from '../../../sandbox/akeneo/product-events'
import type { JsonValue } from '../../../sandbox/json'
import { akeneoWebhook } from '../../../src/connectors/akeneo/webhook'
import type { FactValue, ProductChange, ProductUpdate } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { type AkeneoBench, model, sku, startBench, uuid } from './pim-bench'

const inputs = { AKENEO_LOCALES: 'en_US,de_DE', AKENEO_CHANNEL: 'ecommerce' }

let bench: AkeneoBench
beforeEach(async () => {
  bench = await startBench(inputs)
})
afterEach(() => bench.close())

const call = startCall()
const update = (changes: readonly ProductChange[], pim = bench.pim) =>
  pim.updateProducts?.(changes, call) ?? Promise.reject(new Error('it writes nothing'))
const set = (values: Record<string, FactValue>, ref = sku('LAMP-7')) => update([{ ref, values }])
const plain = (data: JsonValue): AkeneoValue[] => [{ locale: null, scope: null, data }]
const heldBy = (name: string, code: string): JsonValue | undefined =>
  bench.server.catalogue.bySku(name)?.values[code]?.[0]?.data
const writes = () => bench.calls().filter((it) => it.startsWith('PATCH'))
const know = (attribute: Partial<AkeneoAttribute> & { type: string }, data?: JsonValue): void => {
  bench.server.catalogue.setAttribute({ code: 'probe', ...attribute })
  bench.server.catalogue.setProduct('LAMP-7', data === undefined ? {} : { values: { probe: plain(data) } })
}
const updated: ProductUpdate = { kind: 'updated' }
const unchanged: ProductUpdate = { kind: 'unchanged' }

const colors = { options: { red: { en_US: 'Red' }, blue: { en_US: 'Blue' }, sky: { en_US: 'Blue' } } }

type Row = [string, Partial<AkeneoAttribute> & { type: string }, FactValue, JsonValue]
const rows: Row[] = [
  ['text', { type: 'pim_catalog_text' }, 'Warm', 'Warm'],
  ['text of a number', { type: 'pim_catalog_text' }, 12.5, '12.5'],
  ['text of a list of one', { type: 'pim_catalog_text' }, ['Warm'], 'Warm'],
  ['textarea', { type: 'pim_catalog_textarea' }, '<p>Warm\r\nlight</p>', '<p>Warm\r\nlight</p>'],
  ['number', { type: 'pim_catalog_number' }, 12, 12],
  ['number 0', { type: 'pim_catalog_number' }, 0, 0],
  ['number with decimals', { type: 'pim_catalog_number' }, 12.5, '12.5'],
  ['number as a text', { type: 'pim_catalog_number' }, '1234567890.12345678', '1234567890.12345678'],
  ['yes/no', { type: 'pim_catalog_boolean' }, false, false],
  ['yes/no as a text', { type: 'pim_catalog_boolean' }, 'yes', true],
  ['date of an instant', { type: 'pim_catalog_date' }, '2030-05-06T10:00:00Z', '2030-05-06'],
  ['measurement', { type: 'pim_catalog_metric' }, '1.5 KILOGRAM', { amount: '1.5', unit: 'KILOGRAM' }],
  [
    'measurement without a unit',
    { type: 'pim_catalog_metric', units: ['GRAM'] },
    7,
    { amount: '7', unit: 'GRAM' },
  ],
  [
    'prices',
    { type: 'pim_catalog_price_collection' },
    ['19.90 EUR', '21 USD'],
    [
      { amount: '19.90', currency: 'EUR' },
      { amount: '21', currency: 'USD' },
    ],
  ],
  ['select by its code', { type: 'pim_catalog_simpleselect', ...colors }, 'sky', 'sky'],
  ['select by its label', { type: 'pim_catalog_simpleselect', ...colors }, 'Red', 'red'],
  ['multi select', { type: 'pim_catalog_multiselect', ...colors }, ['Red', 'blue', 'red'], ['red', 'blue']],
]

test.each(rows)(
  'a %s is written in the form of its attribute, and only once',
  async (_, attribute, value, data) => {
    know(attribute)
    expect(await set({ probe: value })).toEqual([updated])
    expect(heldBy('LAMP-7', 'probe')).toEqual(data)
    expect(await set({ probe: value })).toEqual([unchanged])
    expect(writes()).toEqual(['PATCH products-uuid'])
    expect(await set({ probe: null })).toEqual([updated])
    expect(heldBy('LAMP-7', 'probe')).toBeUndefined()
    expect(await set({ probe: [] })).toEqual([unchanged])
    expect(writes()).toHaveLength(2)
  },
)

test.each<[string, Partial<AkeneoAttribute> & { type: string }, JsonValue, FactValue]>([
  ['a number filled up', { type: 'pim_catalog_number' }, '12.5000', 12.5],
  ['a negative zero', { type: 'pim_catalog_number' }, '-0.00', 0],
  ['a date with a time', { type: 'pim_catalog_date' }, '2030-05-06T00:00:00+02:00', '2030-05-06'],
  ['a measurement', { type: 'pim_catalog_metric' }, { amount: '60.0000', unit: 'WATT', symbol: 'W' }, '60 W'],
  [
    'an option by its label',
    { type: 'pim_catalog_multiselect', ...colors },
    ['blue', 'red'],
    ['Red', 'Blue'],
  ],
  [
    'prices in another order',
    { type: 'pim_catalog_price_collection' },
    [
      { amount: '5.00', currency: 'EUR' },
      { amount: null, currency: 'USD' },
    ],
    '5 EUR',
  ],
  ['a text with blanks', { type: 'pim_catalog_text' }, 'Warm', ' Warm '],
])('%s that is held already costs no call but the reads', async (_, attribute, data, value) => {
  know(attribute, data)
  expect(await set({ probe: value })).toEqual([unchanged])
  expect(bench.calls()).toEqual(['GET attributes', 'GET products-uuid'])
})

test('what a product says of an attribute can be written back as it was read, of each type', async () => {
  for (const [, attribute, , data] of rows) {
    know(attribute, data)
    bench.server.catalogue.setAttribute({ code: 'probe', ...attribute })
    const [product] = await bench.get(sku('LAMP-7'))
    const value = product?.attributes.probe
    const pim = bench.fresh(inputs)
    expect(
      await update([{ ref: sku('LAMP-7'), values: JSON.parse(JSON.stringify({ probe: value })) }], pim),
    ).toEqual([unchanged])
  }
})

test.each<[string, Partial<AkeneoAttribute> & { type: string }, string, FactValue, string]>([
  ['an attribute that is not there', { type: 'pim_catalog_text' }, 'Probe', 'x', 'ATTRIBUTE'],
  ['what is no attribute', { type: 'pim_catalog_text' }, 'categories', 'x', 'ATTRIBUTE'],
  ['a name that is no code', { type: 'pim_catalog_text' }, 'a","b', 'x', 'ATTRIBUTE'],
  ['the identifier', { type: 'pim_catalog_text' }, 'sku', 'LAMP-8', 'ATTRIBUTE'],
  ['a picture', { type: 'pim_catalog_image' }, 'probe', 'a.png', 'ATTRIBUTE'],
  ['a table', { type: 'pim_catalog_table' }, 'probe', 'x', 'ATTRIBUTE'],
  ['assets', { type: 'pim_catalog_asset_collection' }, 'probe', 'x', 'ATTRIBUTE'],
  ['a locale of an attribute without any', { type: 'pim_catalog_text' }, 'probe-de_DE', 'x', 'ATTRIBUTE'],
  [
    'a locale that is not among those of the input',
    { type: 'pim_catalog_text', localizable: true },
    'probe-fr_FR',
    'x',
    'ATTRIBUTE',
  ],
  ['several values for one', { type: 'pim_catalog_text' }, 'probe', ['a', 'b'], 'VALUE'],
  ['a text for a number', { type: 'pim_catalog_number' }, 'probe', '12 kg', 'VALUE'],
  ['a price without a currency', { type: 'pim_catalog_price_collection' }, 'probe', '12', 'VALUE'],
  ['a measurement without a unit', { type: 'pim_catalog_metric' }, 'probe', '12', 'VALUE'],
  ['an unknown option', { type: 'pim_catalog_simpleselect', ...colors }, 'probe', 'Green', 'VALUE'],
  ['a label of two options', { type: 'pim_catalog_simpleselect', ...colors }, 'probe', 'Blue', 'VALUE'],
])('%s is refused before anything is sent', async (_, attribute, name, value, code) => {
  know(attribute)
  bench.server.catalogue.setProduct('LAMP-8', { values: { supplier: plain('old') } })
  const results = await update([
    { ref: sku('LAMP-7'), values: { supplier: 'new', [name]: value } },
    { ref: sku('LAMP-8'), values: { supplier: 'new' } },
  ])
  expect(results).toEqual([
    { kind: 'refused', code: `AKENEO_${code}_REFUSED`, reason: expect.any(String) },
    updated,
  ])
  expect(heldBy('LAMP-7', 'supplier')).toBeUndefined()
  expect(writes()).toHaveLength(1)
})

test('a value goes to the first locale and channel of the inputs, or to the locale in its name; others stay', async () => {
  bench.server.catalogue.setProduct('LAMP-7', {
    values: {
      name: [{ locale: 'fr_FR', scope: null, data: 'Lampe' }],
      description: [{ locale: 'en_US', scope: 'print', data: 'For print' }],
    },
  })
  const values = { name: 'Lamp', 'name-de_DE': 'Leuchte', description: 'Warm' }
  expect(await set(values)).toEqual([updated])
  expect(bench.server.catalogue.bySku('LAMP-7')?.values).toMatchObject({
    name: [
      { locale: 'fr_FR', data: 'Lampe' },
      { locale: 'en_US', data: 'Lamp' },
      { locale: 'de_DE', data: 'Leuchte' },
    ],
    description: [
      { locale: 'en_US', scope: 'print', data: 'For print' },
      { locale: 'en_US', scope: 'ecommerce', data: 'Warm' },
    ],
  })
  expect(await set(values)).toEqual([unchanged])
})

test('two hundred and fifty products are read and written in three calls each, in their order', async () => {
  const { catalogue } = bench.server
  const changes = Array.from({ length: 250 }, (_, index): ProductChange => {
    const name = `LAMP-${index}`
    if (index % 50 !== 49)
      catalogue.setProduct(name, { values: { supplier: plain(index % 10 === 0 ? 'new' : 'old') } })
    return { ref: sku(name), values: { supplier: 'new' } }
  })
  const results = await update(changes)
  expect(results.map(({ kind }) => kind)).toEqual(
    changes.map((_, index) => {
      if (index % 50 === 49) return 'unknown'
      return index % 10 === 0 ? 'unchanged' : 'updated'
    }),
  )
  expect(catalogue.products.size).toBe(245)
  expect(writes()).toHaveLength(3)
  expect(bench.productCalls().filter((it) => it.startsWith('GET') || it.startsWith('POST'))).toHaveLength(3)
  const [first] = bench.server.requests.filter(({ method }) => method === 'PATCH')
  expect(first?.headers['content-type']).toBe('application/vnd.akeneo.collection+json')
  expect(first?.body.split('\n')).toHaveLength(100)
})

test('products are found by uuid, too, and by identifier where Akeneo has no uuids', async () => {
  const held = bench.server.catalogue.setProduct('LAMP-7')
  const bare = bench.server.catalogue.addProductWithoutSku()
  const values = { supplier: 'Lux' }
  const changes = [uuid(held.uuid.toUpperCase()), uuid(bare.uuid), uuid('no-uuid'), sku('a,b')].map(
    (ref) => ({ ref, values }),
  )
  expect((await update(changes)).map(({ kind }) => kind)).toEqual([
    'updated',
    'updated',
    'unknown',
    'unknown',
  ])
  bench.server.settings.edition = '6.0'
  const old = bench.fresh(inputs)
  expect(await update([{ ref: sku('LAMP-7'), values: { supplier: 'Nox' } }], old)).toEqual([updated])
  expect(writes()).toEqual(['PATCH products-uuid', 'PATCH products'])
  expect(heldBy('LAMP-7', 'supplier')).toBe('Nox')
})

test('of several changes of one product the last one of an attribute counts', async () => {
  know({ type: 'pim_catalog_text' })
  bench.server.catalogue.setProduct('LAMP-7', { values: { supplier: plain('old') } })
  const ref = sku('LAMP-7')
  const results = await update([
    { ref, values: { supplier: 'first' } },
    { ref, values: { supplier: [], probe: 'x' } },
    { ref, values: { supplier: 'old' } },
  ])
  expect(results).toEqual([updated, updated, updated])
  expect(bench.server.catalogue.bySku('LAMP-7')?.values).toMatchObject({
    supplier: plain('old'),
    probe: plain('x'),
  })
  expect(writes()).toHaveLength(1)
})

describe('below product models', () => {
  beforeEach(() => {
    const { catalogue } = bench.server
    for (const code of ['brand', 'color', 'size']) catalogue.setAttribute({ code, type: 'pim_catalog_text' })
    catalogue.familyVariants.set('lamps', new Map([['by_color', [['color'], ['size', 'sku']]]]))
    const variant = { family: 'lamps', familyVariant: 'by_color' }
    catalogue.setModel('lamp', { ...variant, values: { brand: plain('Lux') } })
    catalogue.setModel('lamp_red', { ...variant, parent: 'lamp', values: { color: plain('red') } })
    for (const name of ['S', 'L'])
      catalogue.setProduct(`LAMP-${name}`, { family: 'lamps', parent: 'lamp_red' })
  })
  const modelValue = (code: string, attribute: string) =>
    bench.server.catalogue.models.get(code)?.values[attribute]?.[0]?.data

  test('each value goes to the level that its family variant says', async () => {
    const values = { brand: 'Nox', color: 'blue', size: 'small' }
    const other = { brand: 'Nox', size: 'large' }
    const changes = [
      { ref: sku('LAMP-S'), values },
      { ref: sku('LAMP-L'), values: other },
    ]
    expect(await update(changes)).toEqual([updated, updated])
    expect([modelValue('lamp', 'brand'), modelValue('lamp_red', 'color')]).toEqual(['Nox', 'blue'])
    expect([heldBy('LAMP-S', 'size'), heldBy('LAMP-L', 'size')]).toEqual(['small', 'large'])
    expect(writes()).toEqual(['PATCH products-uuid', 'PATCH product-models'])
    const before = bench.calls().length
    expect(await update(changes)).toEqual([unchanged, unchanged])
    expect(bench.calls()).toHaveLength(before + 1)
  })

  test('a model is written by its code; what its variants have of their own is refused', async () => {
    const results = await update([
      { ref: model('lamp_red'), values: { color: 'blue', brand: 'Nox' } },
      { ref: model('lamp'), values: { color: 'green' } },
      { ref: model('unknown'), values: { brand: 'x' } },
    ])
    expect(results).toEqual([
      updated,
      {
        kind: 'refused',
        code: 'AKENEO_ATTRIBUTE_REFUSED',
        reason: expect.stringContaining('variants below'),
      },
      { kind: 'unknown' },
    ])
    expect([modelValue('lamp', 'brand'), modelValue('lamp_red', 'color')]).toEqual(['Nox', 'blue'])
  })

  test('needs the permission to read family variants, which is named', async () => {
    bench.server.settings.permissions.delete('List family variants')
    expect(await rejection(set({ size: 'x' }, sku('LAMP-S')))).toMatchObject({
      code: 'AKENEO_FORBIDDEN',
      message: expect.stringContaining('"List family variants"'),
    })
  })
})

describe('what becomes of single products', () => {
  const names = ['A', 'B', 'C']
  beforeEach(() => {
    for (const name of names) bench.server.catalogue.setProduct(name)
  })
  const all = () => update(names.map((name) => ({ ref: sku(name), values: { supplier: 'Lux' } })))
  const uuidOf = (name: string) => bench.server.catalogue.bySku(name)?.uuid
  const faultOnce = (name: string, fault: number | 'unsaid'): void => {
    bench.server.settings.lineFault = (value) => {
      if (value !== uuidOf(name)) return undefined
      bench.server.settings.lineFault = undefined
      return fault
    }
  }

  test.each([429, 503, 'unsaid' as const])('%s for one is tried again, for it alone', async (fault) => {
    faultOnce('B', fault)
    expect(await all()).toEqual([updated, updated, updated])
    const bodies = bench.server.requests
      .filter(({ method }) => method === 'PATCH')
      .map(({ body }) => body.split('\n').length)
    // What took effect without a word is found by reading.
    expect(bodies).toEqual(fault === 'unsaid' ? [3] : [3, 1])
  })

  test('one that never says what became of it fails the call, and no other is sent again', async () => {
    bench.server.settings.lineFault = (value) => (value === uuidOf('B') ? 503 : undefined)
    expect(await rejection(all())).toMatchObject({ code: 'PIM_UNAVAILABLE', failureClass: 'transient' })
    expect(heldBy('C', 'supplier')).toBe('Lux')
    expect(writes()).toHaveLength(5)
  })

  test('Akeneo refuses one with a reason; its attributes are learnt anew', async () => {
    bench.server.catalogue.setAttribute({ code: 'supplier', type: 'pim_catalog_text', maxCharacters: 2 })
    const reason = expect.stringContaining(
      'supplier: The supplier attribute must not contain more than 2 characters.',
    )
    const refusal = { kind: 'refused', code: 'AKENEO_VALUE_REFUSED', reason }
    expect(await all()).toEqual([refusal, refusal, refusal])
    bench.server.catalogue.setAttribute({ code: 'supplier', type: 'pim_catalog_text', localizable: true })
    expect(await all()).toEqual([updated, updated, updated])
  })

  test('what the connection does not own is not proposed again and again', async () => {
    bench.server.settings.notOwned.add(uuidOf('A') ?? '')
    const [first, ...others] = await all()
    expect(first).toMatchObject({ kind: 'refused', code: 'AKENEO_NOT_OWNED' })
    expect(others).toEqual([updated, updated])
  })

  test('one that is deleted between read and write is created anew by Akeneo, which is told', async () => {
    let calls = 0
    bench.server.settings.duringCall = async () => {
      calls += 1
      if (calls === 3) bench.server.catalogue.removeProduct(uuidOf('B') ?? '')
    }
    expect(await all()).toEqual([
      updated,
      { kind: 'refused', code: 'AKENEO_RECREATED', reason: expect.any(String) },
      updated,
    ])
    expect(call.log.join()).toContain('created it anew')
  })

  test('a value that is too long for a line is refused, and the others are written', async () => {
    bench.server.catalogue.setAttribute({ code: 'probe', type: 'pim_catalog_textarea' })
    const long = { ref: sku('A'), values: { probe: 'x'.repeat(1_000_001) } }
    const results = await update([long, { ref: sku('B'), values: { probe: 'x' } }])
    expect(results).toEqual([expect.objectContaining({ code: 'AKENEO_VALUE_REFUSED' }), updated])
  })

  test('an edit between a lost answer and the next attempt is read before anything is written', async () => {
    bench.server.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'status', status: 503 } })
    bench.server.settings.duringCall = async () => {
      if (writes().length > 0) bench.server.catalogue.setProduct('A', { values: { supplier: plain('Lux') } })
    }
    expect(await all()).toEqual([updated, updated, updated])
    const bodies = bench.server.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => body)
    expect(bodies[1]).not.toContain(uuidOf('A'))
  })
})

test('without the permission to write the call fails, and names it', async () => {
  know({ type: 'pim_catalog_text' })
  bench.server.settings.permissions.delete('Create and update products')
  expect(await rejection(set({ probe: 'x' }))).toMatchObject({
    code: 'AKENEO_FORBIDDEN',
    failureClass: 'systemic',
    message: expect.stringContaining('"Create and update products"'),
  })
})

test('its own change comes back as an event that is known by its author', async () => {
  know({ type: 'pim_catalog_text' })
  const events: unknown[] = []
  bench.server.catalogue.onChange((change) => {
    for (const { type, data } of happeningsOf(change, bench.server.catalogue)) {
      events.push({
        specversion: '1.0',
        id: 'e',
        source: 'pim',
        type: `com.akeneo.pim.v1.${type}`,
        time: new Date(0).toISOString(),
        data,
      })
    }
  })
  await set({ probe: 'x' })
  expect(events).toHaveLength(2)
  const ownNames = [bench.server.oauth.credentials.clientId]
  for (const event of events) {
    const body = Buffer.from(JSON.stringify(event))
    expect(akeneoWebhook.decode(body, { ownNames, now: 0 })).toMatchObject({ kind: 'ignored' })
    expect(akeneoWebhook.decode(body, { ownNames: [], now: 0 })).toMatchObject({ kind: 'changed' })
  }
})
