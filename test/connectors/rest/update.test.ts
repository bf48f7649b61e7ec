import fc from 'fast-check'
import { type PimStandIn, startPim } from '../../../sandbox/pim'
import { bodyTemplate } from '../../../src/connectors/rest/body-template'
import { restPim } from '../../../src/connectors/rest/pim'
import type { FactValue } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { createTestClock } from '../../support/test-clock'
import { pimContext } from '../kit/pim-context'

let server: PimStandIn
beforeEach(async () => {
  server = await startPim({ clock: createTestClock(), apiKey: 'key' })
})
afterEach(() => server.close())

const pimWith = (inputs: Readonly<Record<string, string>>) =>
  restPim()(
    pimContext({
      PIM_REST_URL: `${server.url}/products/{identifier}`,
      PIM_REST_PRODUCT: '/data/product',
      PIM_REST_HEADERS: 'X-Api-Key: key',
      ...inputs,
    }),
  )
const single = () => ({ PIM_REST_UPDATE_URL: `${server.url}/products/{identifier}` })
const several = () => ({
  PIM_REST_URL: `${server.url}/search?sku={identifiers}`,
  PIM_REST_PRODUCT: '/items',
  PIM_REST_IDENTIFIER: '/sku',
  PIM_REST_UPDATE_URL: `${server.url}/products`,
  PIM_REST_UPDATE_METHOD: 'POST',
  PIM_REST_UPDATE_BODY: '{"products":[{"sku":"{identifier}","values":"{values}"}]}',
})
const update = (
  inputs: Readonly<Record<string, string>>,
  changes: readonly (readonly [string, Readonly<Record<string, FactValue>>])[],
) => {
  const updates = changes.map(([value, values]) => ({ ref: { kind: 'identifier', value } as const, values }))
  return (
    pimWith(inputs).updateProducts?.(updates, startCall()) ?? Promise.reject(new Error('it writes nothing'))
  )
}
const writes = () => server.requests.filter(({ method }) => method !== 'GET')

test('nothing is written without a URL for it', () => {
  expect(pimWith({}).updateProducts).toBeUndefined()
})

test('values are sent as they are, and only those that differ', async () => {
  server.setProduct('lamp', { watts: 60, tags: ['a', 'b'], old: 'x' })
  const values = { watts: '60', tags: ['a', 'b'], on: true, name: 'Lamp "1"', old: null, never: [] }
  expect(await update(single(), [['lamp', values]])).toEqual([{ kind: 'updated' }])
  expect(writes().map(({ method, path, body }) => [method, path, JSON.parse(body)])).toEqual([
    ['PATCH', '/products/lamp', { on: true, name: 'Lamp "1"', old: null }],
  ])
})

test('with PUT all values of a change are sent', async () => {
  server.setProduct('lamp', { watts: 60 })
  const inputs = { ...single(), PIM_REST_UPDATE_METHOD: 'PUT' }
  expect(await rejection(update(inputs, [['lamp', { watts: 60, on: true }]]))).toMatchObject({
    code: 'PIM_UPDATE_UNSUPPORTED',
    failureClass: 'systemic',
    message: expect.stringContaining('PIM_REST_UPDATE_METHOD'),
  })
  expect(JSON.parse(writes()[0]?.body ?? '')).toEqual({ watts: 60, on: true })
})

test('fifty products go in a request; one that is refused is found by halves', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `sku-${index}`)
  for (const name of names) server.setProduct(name)
  const changes = names.map(
    (name, index) => [name, { color: index === 7 ? 'x'.repeat(201) : 'red' }] as const,
  )
  const results = await update(several(), changes)
  expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(59)
  expect(results[7]).toEqual({
    kind: 'refused',
    code: 'PIM_UPDATE_REFUSED',
    reason: expect.stringContaining('has more than 200 characters'),
  })
  expect(writes().length).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(50)))
})

test.each([
  ['/nowhere', 'POST', 'PIM_UPDATE_UNSUPPORTED'],
  ['/products', 'PATCH', 'PIM_UPDATE_UNSUPPORTED'],
])('a URL that takes no changes (%s, %s) is a matter for the operator', async (path, method, code) => {
  server.setProduct('lamp')
  const inputs = { ...several(), PIM_REST_UPDATE_URL: `${server.url}${path}`, PIM_REST_UPDATE_METHOD: method }
  expect(await rejection(update(inputs, [['lamp', { color: 'red' }]]))).toMatchObject({
    code,
    failureClass: 'systemic',
  })
})

test.each([
  [{ PIM_REST_UPDATE_URL: 'ftp://pim.test/{identifier}' }, 'PIM_REST_UPDATE_URL'],
  [{ PIM_REST_UPDATE_URL: 'https://{identifier}.pim.test/' }, 'PIM_REST_UPDATE_URL'],
  [{ PIM_REST_UPDATE_METHOD: 'DELETE' }, 'PIM_REST_UPDATE_METHOD'],
  [{ PIM_REST_UPDATE_BODY: '{"values":{values}}' }, 'PIM_REST_UPDATE_BODY'],
  [{ PIM_REST_UPDATE_BODY: '{"sku":"{identifier}"}' }, 'PIM_REST_UPDATE_BODY'],
  [{ PIM_REST_UPDATE_URL: 'https://pim.test/all' }, 'PIM_REST_UPDATE_BODY'],
])('the inputs %j are refused by name', (inputs, name) => {
  expect(() => pimWith(inputs)).toThrow(name)
})

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"}],"x":[', '{values}', '{identifier}', '$&', '__proto__', '\\"'),
)
const scalar = fc.oneof(text, fc.integer(), fc.boolean())
const values = fc.dictionary(text, fc.oneof(scalar, fc.constant(null), fc.array(scalar)))

test('whatever identifiers and values hold, they stay where the template has them', () => {
  const parsed = bodyTemplate('{"all":[{"sku":"no. {identifier}","in":{"it":"{values}"},"by":"bridge"}]}')
  if ('problem' in parsed) throw new Error(parsed.problem)
  const { value } = parsed
  fc.assert(
    fc.property(fc.array(fc.record({ identifier: text, values })), (products) => {
      const body = JSON.parse(value.fill(products))
      const all = products.map((it) => ({ sku: `no. ${it.identifier}`, in: { it: it.values }, by: 'bridge' }))
      expect(JSON.stringify(body)).toBe(JSON.stringify({ all }))
    }),
    { numRuns: 200 },
  )
})

test('no identifier leads anywhere else than to its own product', async () => {
  server.setProduct('lamp')
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(text, fc.webPath(), fc.constantFrom('../search', 'lamp?x=1', 'lamp#', 'a/../lamp')),
      async (identifier) => {
        fc.pre(
          identifier !== 'lamp' &&
            identifier !== '' &&
            identifier.isWellFormed() &&
            !/^\.{1,2}$/.test(identifier),
        )
        server.setProduct(identifier)
        const marked = [[identifier, { color: identifier.slice(0, 100) || 'red' }]] as const
        await update(single(), marked)
        for (const { path } of writes())
          expect(decodeURIComponent(path.replace('/products/', ''))).toBe(identifier)
        server.requests.length = 0
        server.removeProduct(identifier)
        expect(server.product('lamp')).not.toHaveProperty('color')
      },
    ),
    { numRuns: 60 },
  )
})
