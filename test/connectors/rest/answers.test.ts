import { json, type RecordedRequest, type SandboxServer, startServer } from '../../../sandbox/server'
import { type RestPimOptions, restPim } from '../../../src/connectors/rest/pim'
import type { ProductRef } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { createTestClock } from '../../support/test-clock'
import { pimContext } from '../kit/pim-context'

let server: SandboxServer
let answer: (request: RecordedRequest) => unknown
let status = 200

beforeEach(async () => {
  status = 200
  server = await startServer({
    clock: createTestClock(),
    handle: (request) =>
      json(status, answer(request), status === 302 ? { location: `${server.url}/trap` } : {}),
  })
})
afterEach(() => server.close())

function ask(
  options: RestPimOptions,
  identifiers: readonly string[],
  kind: ProductRef['kind'] = 'identifier',
) {
  const url = `${server.url}${options.url ?? '/products/{identifier}'}`
  const pim = restPim({ ...options, url })(pimContext())
  return pim.getProducts(
    identifiers.map((value) => ({ kind, value })),
    startCall(),
  )
}

describe('an answer about one product', () => {
  test('has the identifier that was asked for, unless a pointer finds another one in it', async () => {
    answer = () => ({ code: 'LAMP-1', ean: 4006381333931, name: 'Lamp' })
    expect(await ask({}, ['lamp'])).toMatchObject([{ identifier: 'lamp', attributes: { name: 'Lamp' } }])
    expect(await ask({ identifier: '/code' }, ['lamp'])).toMatchObject([{ identifier: 'LAMP-1' }])
    expect(await ask({ identifier: '/ean' }, ['lamp'])).toMatchObject([{ identifier: '4006381333931' }])
  })

  test('of two identifiers that are one product gives it once', async () => {
    answer = () => ({ code: 'LAMP-1' })
    expect(await ask({ identifier: '/code' }, ['lamp', 'LAMP'])).toHaveLength(1)
  })

  test.each<[string, unknown, string]>([
    ['null', null, ''],
    ['null where the product stands', { data: null }, '/data'],
    ['nothing at all', {}, '/data/product'],
    ['an empty object where the product should be', { data: {} }, '/data/product'],
    ['an empty list where it should be', { data: [] }, '/data/0'],
    ['an empty list', { items: [] }, '/items'],
  ])('that is %s means that the product is unknown', async (_name, body, product) => {
    answer = () => body
    expect(await ask({ product }, ['lamp'])).toEqual([])
  })

  test.each<[string, unknown, string, string]>([
    ['is wrong', { data: { item: { sku: 'lamp' } } }, '/data/product', '"/data" has the members "item"'],
    ['is wrong from the start', { result: { sku: 'lamp' } }, '/data', 'the answer has the members "result"'],
    ['leads into a text', { data: 'lamp' }, '/data/product', '"/data" has no members (it is a string)'],
    ['leads past a list', { data: [{ sku: 'lamp' }] }, '/data/product', '"/data" has a list of 1'],
    ['is not set', { data: { product: { sku: 'lamp' } } }, '', 'but the members "data"'],
  ])('where the pointer %s is INPUT_INVALID, with what is there', async (_name, body, product, says) => {
    answer = () => body
    const error = await rejection(ask({ product }, ['lamp']))
    expect(error).toMatchObject({ failureClass: 'systemic', code: 'INPUT_INVALID' })
    expect(String(error)).toContain('PIM_REST_PRODUCT')
    expect(String(error)).toContain(says)
  })

  test('tells of many and odd members no more than a few lines hold, and visibly', async () => {
    answer = () =>
      Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`${at}\u202e\n${'k'.repeat(9_000)}`, 1]))
    const message = String(await rejection(ask({ product: '/data' }, ['lamp'])))
    expect(message).toContain('and 490 others')
    expect(message.length).toBeLessThan(2_000)
    expect(message).not.toMatch(/[\u202e\n]/)
  })

  test('without anything at a pointer that has fitted before means that the product is unknown', async () => {
    answer = ({ path }) => (path.endsWith('lamp') ? { data: { sku: 'lamp' } } : { error: 'no such product' })
    const pim = restPim({ url: `${server.url}/products/{identifier}`, product: '/data' })(pimContext())
    const get = (value: string) => pim.getProducts([{ kind: 'identifier', value }], startCall())
    expect(await rejection(get('shade'))).toMatchObject({ code: 'INPUT_INVALID' })
    expect(await get('lamp')).toHaveLength(1)
    expect(await get('shade')).toEqual([])
  })

  test('of objects alone is the product itself where an input says where its identifier is', async () => {
    answer = () => ({ id: { sku: 'lamp' }, texts: { en: 'Lamp' } })
    expect(await ask({ identifier: '/id/sku' }, ['lamp'])).toMatchObject([{ identifier: 'lamp' }])
  })

  test.each([204, 404, 410])('with status %i means that the product is unknown', async (code) => {
    status = code
    answer = () => ({ error: 'gone' })
    expect(await ask({}, ['lamp'])).toEqual([])
  })

  test('with several products and no way to tell them apart is a matter for the operator', async () => {
    answer = () => [{ sku: 'lamp' }, { sku: 'shade' }]
    expect(await rejection(ask({}, ['lamp']))).toMatchObject({
      failureClass: 'systemic',
      message: expect.stringContaining('PIM_REST_IDENTIFIER'),
    })
    expect(await ask({ identifier: '/sku' }, ['lamp'])).toHaveLength(2)
  })

  test.each<[string, unknown]>([
    ['a text', 'lamp'],
    ['a number', 7],
    ['a list of texts', ['lamp']],
  ])('that is %s is a matter for the operator, who is told what to set', async (_name, body) => {
    answer = () => ({ data: body })
    expect(await rejection(ask({ product: '/data' }, ['lamp']))).toMatchObject({
      failureClass: 'systemic',
      message: expect.stringContaining('PIM_REST_PRODUCT="/data"'),
    })
  })

  test('without an identifier at the pointer is a matter for the operator, who is told what to set', async () => {
    for (const sku of [undefined, null, '', {}, ['x'], true]) {
      answer = () => ({ sku })
      expect(await rejection(ask({ identifier: '/sku' }, ['lamp']))).toMatchObject({
        failureClass: 'systemic',
        message: expect.stringContaining('PIM_REST_IDENTIFIER="/sku"'),
      })
    }
    answer = () => ({ items: [{ sku: 'lamp' }] })
    const unset = rejection(ask({ identifier: '/sku' }, ['lamp']))
    expect(String(await unset)).toContain('there it has the members "items"')
  })

  test('has names that mean something to JavaScript as plain attributes', async () => {
    answer = () => JSON.parse('{"__proto__": {"polluted": true}, "constructor": "c", "name": "Lamp"}')
    const [product] = await ask({}, ['lamp'])
    expect(Object.entries(product?.attributes ?? {})).toEqual([
      ['__proto__', { polluted: true }],
      ['constructor', 'c'],
      ['name', 'Lamp'],
    ])
    expect(Object.getPrototypeOf(product?.attributes)).toBe(Object.prototype)
    expect(product?.attributes.polluted).toBeUndefined()
  })

  test('that redirects is not followed, and the operator is told', async () => {
    status = 302
    answer = () => ({})
    expect(await rejection(ask({}, ['lamp']))).toMatchObject({
      failureClass: 'systemic',
      message: expect.stringContaining('PIM_REST_URL'),
    })
    expect(server.requests.map(({ path }) => path)).toEqual(['/products/lamp'])
  })

  test.each([400, 405, 422])('with status %i is permanent: asking again cannot help', async (code) => {
    status = code
    answer = () => ({ error: 'no' })
    expect(await rejection(ask({}, ['lamp']))).toMatchObject({ failureClass: 'permanent', status: code })
    expect(server.requests).toHaveLength(1)
  })
})

describe('an answer about several products', () => {
  const many = { url: '/search?sku={identifiers}', product: '/items', identifier: '/sku' }

  test('costs one request for fifty', async () => {
    answer = ({ query }) => ({ items: query.sku?.split(',').map((sku) => ({ sku })) })
    const identifiers = Array.from({ length: 51 }, (_, index) => `sku ${index}`)
    const products = await ask(many, identifiers)
    expect(products.map(({ identifier }) => identifier)).toEqual(identifiers)
    expect(server.requests).toHaveLength(2)
  })

  test('leaves out what was not asked for: a PIM that overlooks the query gives its whole catalogue', async () => {
    answer = () => ({ items: ['shade', 'lamp', 'bulb'].map((sku) => ({ sku })) })
    expect(await ask(many, ['lamp', 'unknown'])).toMatchObject([{ identifier: 'lamp' }])
  })

  test('may spell the identifier its own way', async () => {
    answer = () => ({ items: [{ sku: 'LAMP' }] })
    expect(await ask(many, ['lamp'])).toMatchObject([{ identifier: 'LAMP' }])
  })

  test('is not asked for what no query can say', async () => {
    answer = () => ({ items: [] })
    expect(await ask(many, ['a,b', '..', '', '\ud800'])).toEqual([])
    expect(server.requests).toEqual([])
  })
})
