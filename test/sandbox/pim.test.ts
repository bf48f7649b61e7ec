import { createClock } from '../../sandbox/clock'
import { type PimStandIn, startPim } from '../../sandbox/pim'

let pim: PimStandIn

beforeAll(async () => {
  pim = await startPim({ clock: createClock(), apiKey: 'key' })
  pim.setProduct('a b/1', { color: 'red' })
  pim.setProduct('two')
})
afterAll(() => pim.close())

const get = async (path: string, key = 'key', method = 'GET') => {
  const response = await fetch(`${pim.url}${path}`, { method, headers: { 'X-Api-Key': key } })
  const body = (await response.json()) as { items: { sku: string }[] }
  return { status: response.status, body }
}

it('answers a product by its identifier, percent-encoded', async () => {
  expect(await get('/products/a%20b%2F1')).toEqual({
    status: 200,
    body: {
      data: { product: { sku: 'a b/1', name: 'Product a b/1', supplier: 'mock-supplier', color: 'red' } },
    },
  })
})

it('finds several at once, and leaves out what it does not know', async () => {
  const { status, body } = await get('/search?sku=two,none,a%20b%2F1')
  expect(status).toBe(200)
  expect(body.items.map((it) => it.sku)).toEqual(['two', 'a b/1'])
})

it('refuses what a PIM refuses', async () => {
  expect((await get('/products/two', 'wrong')).status).toBe(401)
  expect((await get('/products/none')).status).toBe(404)
  expect((await get('/products/%ff')).status).toBe(400)
  expect((await get('/search')).status).toBe(400)
  expect((await get('/other')).status).toBe(404)
  expect((await get('/products/two', 'key', 'DELETE')).status).toBe(405)
})

it('forgets a removed product, and can go wrong', async () => {
  pim.removeProduct('two')
  expect((await get('/products/two')).status).toBe(404)
  pim.faults.add({ path: '/products/', times: 1, fault: { kind: 'status', status: 503 } })
  expect((await get('/products/a%20b%2F1')).status).toBe(503)
  expect((await get('/products/a%20b%2F1')).status).toBe(200)
})
