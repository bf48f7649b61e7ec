import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import { createClock } from '../../sandbox/clock'
import type { JsonValue } from '../../sandbox/json'

let akeneo: AkeneoStandIn
let uuid: string
beforeEach(async () => {
  akeneo = await startAkeneo({ clock: createClock({ frozen: true }) })
  uuid = akeneo.catalogue.setProduct('LAMP-7').uuid
})
afterEach(() => akeneo.close())

const collection = 'application/vnd.akeneo.collection+json'
const patch = async (path: string, body: string, type = collection) => {
  const answer = await fetch(`${akeneo.url}/api/rest/v1/${path}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${akeneo.appToken}`, 'content-type': type },
    body,
  })
  const lines = (await answer.text()).split('\n')
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    lines: lines.map((line) => line && JSON.parse(line)),
  }
}
const lineOf = (values: Record<string, JsonValue>): string => JSON.stringify({ uuid, values })
const plain = (data: JsonValue): JsonValue => [{ locale: null, scope: null, data }]

it('answers a line for each, whatever became of the others', async () => {
  const good = lineOf({ supplier: plain('Lux') })
  const lines = [good, '{', '{"values":{}}', lineOf({ nothing: plain('x') }), 'x'.repeat(1_000_001), good]
  const answer = await patch('products-uuid', lines.join('\n'))
  expect(answer).toMatchObject({ status: 200, type: collection })
  expect(answer.lines).toEqual([
    { line: 1, uuid, status_code: 204 },
    { line: 2, status_code: 400, message: 'Invalid json message received' },
    { line: 3, status_code: 422, message: 'uuid is missing.' },
    { line: 4, uuid, status_code: 422, message: expect.stringContaining('nothing') },
    { line: 5, status_code: 413, message: 'Line is too long.' },
    { line: 6, uuid, status_code: 204 },
  ])
})

it('refuses a call as a whole for its form', async () => {
  const line = lineOf({})
  expect(await patch('products-uuid', line, 'application/json')).toMatchObject({ status: 415 })
  expect(await patch('products-uuid', Array(101).fill(line).join('\n'))).toMatchObject({ status: 413 })
  akeneo.settings.permissions.delete('Create and update products')
  expect(await patch('products-uuid', line)).toMatchObject({ status: 403 })
  akeneo.settings.edition = '6.0'
  expect(await patch('products-uuid', line)).toMatchObject({ status: 404 })
})

it.each<[string, string, JsonValue]>([
  ['a text', 'pim_catalog_text', 7],
  ['a long text', 'pim_catalog_text', 'x'.repeat(256)],
  ['a number', 'pim_catalog_number', 'seven'],
  ['a flag', 'pim_catalog_boolean', 'true'],
  ['a date', 'pim_catalog_date', '06.05.2030'],
  ['a measurement', 'pim_catalog_metric', '7 GRAM'],
  ['an unknown unit', 'pim_catalog_metric', { amount: 7, unit: 'STONE' }],
  ['a price', 'pim_catalog_price_collection', '7 EUR'],
  ['a currency that is off', 'pim_catalog_price_collection', [{ amount: 7, currency: 'GBP' }]],
  ['an option', 'pim_catalog_simpleselect', 'green'],
  ['a list of options', 'pim_catalog_multiselect', 'red'],
  ['options', 'pim_catalog_multiselect', ['red', 'green']],
  ['a record', 'akeneo_reference_entity', 'nobody'],
])('checks %s by the type of its attribute', async (_, type, data) => {
  akeneo.catalogue.setAttribute({ code: 'probe', type, options: { red: {} }, units: ['GRAM'] })
  const { lines } = await patch('products-uuid', lineOf({ probe: plain(data) }))
  expect(lines[0]).toMatchObject({ status_code: 422, errors: [{ attribute: 'probe', locale: null }] })
})

it.each([
  [null, 'ecommerce'],
  ['en_US', null],
  ['it_IT', 'ecommerce'],
  ['fr_FR', 'ecommerce'],
  ['en_US', 'nowhere'],
])('checks where a value is: %s, %s', async (locale, scope) => {
  const { lines } = await patch('products-uuid', lineOf({ description: [{ locale, scope, data: 'x' }] }))
  expect(lines[0]).toMatchObject({ status_code: 422 })
})

it('takes a value only where its family variant has the attribute', async () => {
  const { catalogue } = akeneo
  catalogue.familyVariants.set('lamps', new Map([['by_size', [['sku']]]]))
  catalogue.setModel('lamp', { family: 'lamps', familyVariant: 'by_size' })
  catalogue.setProduct('LAMP-7', { parent: 'lamp' })
  const values = { supplier: plain('Lux') }
  const message = 'Cannot set the property "supplier" to this entity as it is not in the attribute set'
  expect((await patch('products-uuid', lineOf(values))).lines[0]).toMatchObject({
    status_code: 422,
    errors: [{ property: 'attribute', message }],
  })
  expect((await patch('product-models', JSON.stringify({ code: 'lamp', values }))).lines).toEqual([
    { line: 1, code: 'lamp', status_code: 204 },
  ])
  expect((await patch('product-models', JSON.stringify({ code: 'none', values }))).lines[0]).toMatchObject({
    status_code: 422,
  })
})

it('creates what it does not find, and only proposes where the user is no owner', async () => {
  const { catalogue, settings } = akeneo
  const values = { supplier: plain('Lux') }
  settings.notOwned.add(uuid)
  expect((await patch('products-uuid', lineOf(values))).lines[0]).toMatchObject({ status_code: 204 })
  expect(catalogue.products.get(uuid)?.values).not.toHaveProperty('supplier')
  catalogue.removeProduct(uuid)
  expect((await patch('products-uuid', lineOf(values))).lines[0]).toMatchObject({ status_code: 201 })
  expect(catalogue.products.get(uuid)?.family).toBeNull()
})
