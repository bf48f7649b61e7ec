import { startCall } from '../../support/call'
import { type AkeneoBench, sku, startBench, uuid } from './pim-bench'

/** The search of Akeneo lags behind what was written; reading a product by its name does not. */
let bench: AkeneoBench
beforeEach(async () => {
  bench = await startBench({ AKENEO_CHANNEL: 'ecommerce' })
})
afterEach(() => bench.close())

const suppliers = async (...refs: Parameters<AkeneoBench['get']>) =>
  (await bench.get(...refs)).map(({ attributes }) => attributes.supplier)
const supplier = (data: string) => ({ supplier: [{ locale: null, scope: null, data }] })

function changeBehindTheSearch() {
  const { catalogue, settings } = bench.server
  const old = catalogue.setProduct('LAMP-7', { values: supplier('old') })
  bench.clock.advance(3_000)
  const product = catalogue.setProduct('LAMP-7', { values: supplier('new') })
  settings.lagging.set(product.uuid, old)
  return { product, changedAt: bench.clock.now() }
}

test.each([
  ['uuid', ({ product }: ReturnType<typeof changeBehindTheSearch>) => uuid(product.uuid)],
  ['identifier', () => sku('LAMP-7')],
])('a product that is older than its change is read again by its %s', async (_, ref) => {
  const changed = changeBehindTheSearch()
  expect(await suppliers(ref(changed))).toEqual(['old'])
  expect(await suppliers({ ...ref(changed), changedAt: changed.changedAt })).toEqual(['new'])
})

test('a new product that the search does not know yet is found by its name', async () => {
  const product = bench.server.catalogue.setProduct('NEW', { values: supplier('new') })
  bench.server.settings.lagging.set(product.uuid, undefined)
  const changedAt = bench.clock.now()
  expect(await suppliers(uuid(product.uuid))).toEqual([])
  expect(await suppliers({ ...uuid(product.uuid), changedAt })).toEqual(['new'])
  expect(await suppliers({ ...sku('NEW'), changedAt })).toEqual(['new'])
})

test('read by its name or found, it says the same', async () => {
  const { catalogue, settings } = bench.server
  catalogue.setAttribute({
    code: 'size',
    type: 'pim_catalog_simpleselect',
    options: { xl: { en_US: 'Large' } },
  })
  const values = {
    ...supplier('Acme'),
    // No locale of this channel.
    name: [{ locale: 'fr_FR', scope: null, data: 'Lampe' }],
    description: [
      { locale: 'en_US', scope: 'print', data: 'printed' },
      { locale: 'de_DE', scope: 'ecommerce', data: 'im Laden' },
    ],
    size: [{ locale: null, scope: null, data: 'xl' }],
  }
  const product = catalogue.setProduct('LAMP-7', { values })
  const found = await bench.get(sku('LAMP-7'))
  settings.lagging.set(product.uuid, undefined)
  expect(await bench.get({ ...uuid(product.uuid), changedAt: bench.clock.now() })).toEqual(found)
  expect(found[0]?.attributes).toMatchObject({ description: 'im Laden', size: 'Large' })
})

test('one that is gone is absent', async () => {
  const changedAt = bench.clock.now()
  expect(await bench.get({ ...uuid(crypto.randomUUID()), changedAt }, { ...sku('..'), changedAt })).toEqual(
    [],
  )
})

test('one that the connection may not see is absent, and keeps nobody from the others', async () => {
  const { catalogue, faults } = bench.server
  catalogue.setProduct('LAMP-7', { values: supplier('new') })
  const hidden = crypto.randomUUID()
  const message = `You can neither view, nor update, nor delete the product "${hidden}", as it is only categorized in categories on which you do not have a view permission.`
  const fault = { kind: 'status', status: 403, body: { code: 403, message } } as const
  faults.add({ path: `/api/rest/v1/products-uuid/${hidden}`, fault })
  const changedAt = bench.clock.now()
  expect(await suppliers({ ...uuid(hidden), changedAt }, { ...sku('LAMP-7'), changedAt })).toEqual(['new'])
})

test('what is up to date, or changed long ago, costs no further call', async () => {
  const { changedAt, product } = changeBehindTheSearch()
  bench.server.catalogue.setProduct('LAMP-8')
  bench.server.requests.splice(0)
  await bench.get({ ...sku('LAMP-8'), changedAt })
  bench.clock.advance(120_000)
  await bench.get({ ...uuid(product.uuid), changedAt })
  expect(bench.productCalls()).toEqual(['GET products-uuid', 'GET products-uuid'])
})

test('a storm whose events are early is not a call for each product', async () => {
  const products = Array.from({ length: 100 }, (_, n) => bench.server.catalogue.setProduct(`P-${n}`))
  const changedAt = bench.clock.now() + 30_000
  await bench.get(...products.map((product) => ({ ...uuid(product.uuid), changedAt })))
  expect(bench.productCalls().length).toBeLessThan(30)
})

test('no permission is an error that names it, by name, too', async () => {
  await bench.get(sku('LAMP-8'))
  bench.server.settings.permissions.delete('List products')
  await expect(
    bench.fresh().getProducts([{ ...sku('LAMP-8'), changedAt: bench.clock.now() }], startCall().signal),
  ).rejects.toMatchObject({ code: 'AKENEO_FORBIDDEN' })
})
