import { randomUUID } from 'node:crypto'
import { rejection, startCall } from '../../support/call'
import { type AkeneoBench, model, sku, startBench, uuid } from './pim-bench'

let bench: AkeneoBench
beforeEach(async () => {
  bench = await startBench({ AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' })
})
afterEach(() => bench.close())

const many = (count: number, prefix = 'SKU-') =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(4, '0')}`)
const know = (identifiers: readonly string[]) => {
  for (const identifier of identifiers) bench.server.catalogue.setProduct(identifier)
}
const identifiersOf = async (...refs: Parameters<AkeneoBench['get']>) =>
  (await bench.get(...refs)).map(({ identifier }) => identifier).sort()

describe('products by identifier', () => {
  test('cost one call for a hundred', async () => {
    const identifiers = many(250)
    know(identifiers)
    expect(await identifiersOf(...identifiers.map(sku))).toEqual(identifiers)
    expect(bench.productCalls()).toEqual(Array(3).fill('GET products-uuid'))
  })

  test('are searched for by POST when the URL would become too long', async () => {
    const identifiers = many(100, `${'ü'.repeat(60)}-`)
    know(identifiers)
    expect(await identifiersOf(...identifiers.map(sku))).toEqual(identifiers)
    expect(bench.productCalls()).toEqual(['POST products-uuid/search'])
  })

  test.each<[string, () => void]>([
    [
      'lacks it',
      () => {
        bench.server.settings.edition = '7.0'
      },
    ],
    [
      'wants it otherwise',
      () => {
        bench.server.faults.add({
          method: 'POST',
          path: '/api/rest/',
          fault: { kind: 'status', status: 422 },
        })
      },
    ],
  ])('are searched for by GET in parts where Akeneo %s', async (_name, prepare) => {
    prepare()
    const identifiers = many(100, `${'ü'.repeat(60)}-`)
    know(identifiers)
    expect(await identifiersOf(...identifiers.map(sku))).toEqual(identifiers)
    expect(await identifiersOf(...identifiers.map(sku))).toEqual(identifiers)
    const calls = bench.productCalls()
    // Once is enough to learn that.
    expect(calls.filter((call) => call.startsWith('POST'))).toHaveLength(1)
    const longest = Math.max(
      ...bench.server.requests.map(({ query }) => encodeURI(JSON.stringify(query)).length),
    )
    expect(longest).toBeLessThan(8_000)
  })

  test('are searched for by the old route where there are no uuids', async () => {
    bench.server.settings.edition = '6.0'
    know(['A', 'B'])
    expect(await identifiersOf(sku('A'), sku('B'), sku('C'))).toEqual(['A', 'B'])
    expect(await identifiersOf(sku('B'))).toEqual(['B'])
    expect(bench.productCalls()).toEqual(['GET products-uuid', 'GET products', 'GET products'])
  })

  test('may be written in another case than Akeneo has them', async () => {
    bench.server.settings.ignoreCase = true
    know(['LAMP-7'])
    expect(await identifiersOf(sku('lamp-7'))).toEqual(['LAMP-7'])
  })

  test('that Akeneo cannot have are not asked for', async () => {
    const impossible = ['a,b', 'a;b', 'a\nb', '', '\ud800', 'x'.repeat(256)]
    expect(await bench.get(...impossible.map(sku))).toEqual([])
    expect(bench.server.requests).toEqual([])
  })

  test('with an identifier attribute of another name', async () => {
    await bench.close()
    bench = await startBench({ AKENEO_IDENTIFIER: 'ean' }, { identifier: 'ean' })
    know(['4006381333931'])
    expect(await identifiersOf(sku('4006381333931'))).toEqual(['4006381333931'])
  })

  test('are asked for in parts when the answer would be too large', async () => {
    const identifiers = many(12)
    bench.server.catalogue.setAttribute({ code: 'story', type: 'pim_catalog_textarea' })
    const story = [{ locale: null, scope: null, data: 'x'.repeat(2_000_000) }]
    for (const it of identifiers) bench.server.catalogue.setProduct(it, { values: { story } })
    expect(await identifiersOf(...identifiers.map(sku))).toEqual(identifiers)
    expect(bench.productCalls().length).toBeGreaterThan(3)
  })

  test('of which one is too large by itself are a matter for a person', async () => {
    bench.server.catalogue.setAttribute({ code: 'story', type: 'pim_catalog_textarea' })
    const story = [{ locale: null, scope: null, data: 'x'.repeat(9_000_000) }]
    bench.server.catalogue.setProduct('A', { values: { story } })
    expect(await rejection(bench.get(sku('A'), sku('B')))).toMatchObject({
      code: 'PIM_ANSWER_TOO_LARGE',
      failureClass: 'permanent',
    })
  })

  test('keep room in the URL when AKENEO_ATTRIBUTES is very long', async () => {
    const codes = Array.from({ length: 300 }, (_, index) => `attribute_number_${index}`)
    for (const code of codes) bench.server.catalogue.setAttribute({ code, type: 'pim_catalog_text' })
    know(many(100))
    const pim = bench.fresh({
      AKENEO_ATTRIBUTES: codes.join(','),
      AKENEO_CHANNEL: 'ecommerce',
      AKENEO_LOCALES: 'en_US',
    })
    const products = await pim.getProducts(many(100).map(sku), startCall().signal)
    expect(products).toHaveLength(100)
    // The identifier was not among them.
    expect(products[0]?.attributes).toEqual({})
    expect(bench.productCalls()).toEqual(['GET products-uuid'])
  })
})

describe('products by uuid', () => {
  test('where there is no Akeneo at all are no unknown products', async () => {
    bench.server.faults.add({ path: '/api/rest/', fault: { kind: 'status', status: 404 } })
    expect(await rejection(bench.get(uuid(randomUUID())))).toMatchObject({ code: 'AKENEO_NOT_FOUND' })
  })

  test.each(['saas', '7.0'] as const)('leave room in the URL for the attributes (%s)', async (edition) => {
    bench.server.settings.edition = edition
    const codes = Array.from({ length: 200 }, (_, index) => `size_${index}`)
    for (const code of codes) bench.server.catalogue.setAttribute({ code, type: 'pim_catalog_text' })
    const refs = many(100).map((name) => uuid(bench.server.catalogue.setProduct(name).uuid))
    const inputs = {
      AKENEO_ATTRIBUTES: codes.join(','),
      AKENEO_CHANNEL: 'ecommerce',
      AKENEO_LOCALES: 'en_US',
    }
    expect(await bench.fresh(inputs).getProducts(refs, startCall().signal)).toHaveLength(100)
    const lengths = bench.server.requests
      .filter(({ method }) => method === 'GET')
      .map(({ query }) => new URLSearchParams(query).toString().length)
    expect(Math.max(0, ...lengths)).toBeLessThan(6_000)
  })

  test('cost one call for a hundred, in any case of letters', async () => {
    const identifiers = many(101)
    know(identifiers)
    const uuids = identifiers.map((it) => bench.server.catalogue.bySku(it)?.uuid ?? '')
    const refs = uuids.map((it, index) => uuid(index % 2 ? it.toUpperCase() : it))
    expect(await identifiersOf(...refs, uuid(randomUUID()))).toEqual(identifiers)
    expect(bench.productCalls()).toEqual(Array(2).fill('GET products-uuid'))
  })

  test('that are none are not asked for', async () => {
    expect(await bench.get(uuid('LAMP-7'), uuid(''), uuid('../x'))).toEqual([])
    expect(bench.server.requests).toEqual([])
  })

  test('are absent where Akeneo has no uuids', async () => {
    bench.server.settings.edition = '6.0'
    know(['A'])
    expect(await identifiersOf(uuid(randomUUID()), sku('A'))).toEqual(['A'])
  })

  test('give a product that was asked for by identifier, too, once', async () => {
    know(['A'])
    const it = bench.server.catalogue.bySku('A')?.uuid ?? ''
    expect(await identifiersOf(sku('A'), uuid(it), uuid(it.toUpperCase()))).toEqual(['A'])
  })
})

describe('a product without an identifier', () => {
  test('goes by its uuid, and is found again by it', async () => {
    const { uuid: id } = bench.server.catalogue.addProductWithoutSku()
    expect(await identifiersOf(uuid(id))).toEqual([id])
    // What enrichment has written to the link property comes back as an identifier.
    expect(await identifiersOf(sku(id))).toEqual([id])
  })
})

test('a catalogue without the identifiers has no such products, and that is no error', async () => {
  bench.server.catalogue.addProductWithoutSku()
  expect(await bench.get(sku('A'), sku('B'))).toEqual([])
})

describe('a model', () => {
  beforeEach(() => {
    const { catalogue } = bench.server
    const value = (data: string) => [{ locale: null, scope: null, data }]
    catalogue.setAttribute({ code: 'shade', type: 'pim_catalog_text' })
    catalogue.setAttribute({ code: 'bulb', type: 'pim_catalog_text' })
    catalogue.setModel('lamp', { values: { supplier: value('Example Ltd'), bulb: value('E27') } })
    catalogue.setModel('lamp_black', { parent: 'lamp', values: { shade: value('black') } })
    catalogue.setModel('empty')
    catalogue.setProduct('LAMP-B1', { parent: 'lamp_black', values: { bulb: value('E14') } })
    catalogue.setProduct('LAMP-B2', { parent: 'lamp_black' })
    catalogue.setProduct('LAMP-W', { parent: 'lamp' })
    catalogue.setProduct('OTHER')
  })

  test('answers with its variants of every level, and what they inherit', async () => {
    const products = await bench.get(model('lamp'))
    expect(products.toSorted((a, b) => (a.identifier < b.identifier ? -1 : 1))).toEqual([
      {
        identifier: 'LAMP-B1',
        attributes: { sku: 'LAMP-B1', supplier: 'Example Ltd', shade: 'black', bulb: 'E14' },
      },
      {
        identifier: 'LAMP-B2',
        attributes: { sku: 'LAMP-B2', supplier: 'Example Ltd', shade: 'black', bulb: 'E27' },
      },
      { identifier: 'LAMP-W', attributes: { sku: 'LAMP-W', supplier: 'Example Ltd', bulb: 'E27' } },
    ])
    expect(await identifiersOf(model('lamp_black'))).toEqual(['LAMP-B1', 'LAMP-B2'])
  })

  test('with more variants than a page holds gives all of them', async () => {
    for (const it of many(230)) bench.server.catalogue.setProduct(it, { parent: 'empty' })
    expect(await identifiersOf(model('empty'))).toEqual(many(230))
    expect(bench.productCalls()).toHaveLength(3)
  })

  test.each(['empty', 404, 422] as const)(
    'that Akeneo does not know is absent (%s)',
    async (unknownParent) => {
      bench.server.settings.unknownParent = unknownParent
      expect(await identifiersOf(model('nope'), model('empty'), sku('OTHER'))).toEqual(['OTHER'])
    },
  )

  test('gives a variant that was asked for by itself, too, once', async () => {
    expect(await identifiersOf(model('lamp'), model('lamp_black'), sku('LAMP-W'))).toEqual([
      'LAMP-B1',
      'LAMP-B2',
      'LAMP-W',
    ])
  })

  test('has variants where there are no uuids, too', async () => {
    bench.server.settings.edition = '6.0'
    expect(await identifiersOf(model('lamp_black'))).toEqual(['LAMP-B1', 'LAMP-B2'])
  })
})

test.each(['http://internal.example.com:8080', 'https://evil.test'])(
  'the next page is asked for at AKENEO_URL, whatever host the link names (%s)',
  async (linkBase) => {
    bench.server.settings.linkBase = linkBase
    bench.server.catalogue.setModel('lamp')
    for (const it of many(150)) bench.server.catalogue.setProduct(it, { parent: 'lamp' })
    expect(await identifiersOf(model('lamp'))).toEqual(many(150))
    expect(new Set(bench.server.requests.map(({ headers }) => headers.host))).toEqual(
      new Set([bench.server.host]),
    )
  },
)

describe('an answer that is none of Akeneo', () => {
  const answered = (body: unknown) => {
    bench.server.faults.add({ path: '/api/rest/v1/products', fault: { kind: 'status', status: 200, body } })
    return bench.get(sku('A'))
  }

  test.each<[string, unknown]>([
    ['an object', {}],
    ['a list', []],
    ['a text', 'hello'],
    ['no items', { _embedded: {} }],
    ['items that are none', { _embedded: { items: { a: 1 } } }],
    ['a product that is none', { _embedded: { items: ['x'] } }],
    ['a next page without a query', { _embedded: { items: [] }, _links: { next: { href: '/x' } } }],
  ])('%s is a matter for the operator', async (_name, body) => {
    expect(await rejection(answered(body))).toMatchObject({
      code: 'PIM_UNEXPECTED_ANSWER',
      failureClass: 'systemic',
      message: expect.stringContaining('AKENEO_URL'),
    })
  })

  test('with values as PHP writes an empty map, and values that are none, has no attributes', async () => {
    const broken = [[], { sku: 'x', name: [null, 7, {}, { data: undefined }], other: [[1]] }]
    for (const values of broken) {
      bench.server.faults.clear()
      expect(await answered({ _embedded: { items: [{ identifier: 'A', values }] } })).toEqual([
        { identifier: 'A', attributes: {} },
      ])
    }
  })

  test('with attribute names that mean something to JavaScript has them as plain attributes', async () => {
    const values = JSON.parse('{"__proto__":[{"locale":null,"scope":null,"data":"x"}]}')
    const [product] = await answered({ _embedded: { items: [{ identifier: 'A', values }] } })
    expect(Object.entries(product?.attributes ?? {})).toEqual([['__proto__', 'x']])
  })

  test('that goes round in circles comes to an end', async () => {
    const next = { href: 'https://x.test/?search_after=1' }
    const body = { _embedded: { items: [] }, _links: { next } }
    bench.server.faults.add({ path: '/api/rest/v1/products', fault: { kind: 'status', status: 200, body } })
    expect(await rejection(bench.get(model('lamp')))).toMatchObject({ code: 'PIM_UNEXPECTED_ANSWER' })
    expect(bench.productCalls()).toHaveLength(2)
  })

  test('with products that nobody asked for brings none of them', async () => {
    const items = ['B', 'C'].map((identifier) => ({ uuid: randomUUID(), identifier, values: {} }))
    expect(await answered({ _embedded: { items } })).toEqual([])
  })

  test('may embed its items as _items', async () => {
    expect(await answered({ _embedded: { _items: [{ identifier: 'A', values: {} }] } })).toHaveLength(1)
  })
})
