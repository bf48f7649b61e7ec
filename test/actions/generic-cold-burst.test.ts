import { startAkeneo } from '../../sandbox/akeneo/akeneo'
import type { JsonObject } from '../../sandbox/json'
import { startPim } from '../../sandbox/pim'
import { bodyOf, errorOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
afterEach(() => receiver.close())

const uploads = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/burst-${index}.png` }),
  )

describe('a burst in a cold container', () => {
  test.each(['short', 'full'] as const)(
    'finds the path style of an author that ignores %s silently, and loses no event',
    async (ignoresStyle) => {
      receiver = await startReceiver({ aem: { pathStyle: 'any', ignoresStyle } })
      const assets = uploads(30)
      const answers = await Promise.all(
        assets.map((asset) => receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset))),
      )
      expect(answers.map((answer) => bodyOf(answer).outcome)).toEqual(assets.map(() => 'updated'))
      for (const { id } of assets) {
        expect(receiver.sandbox.aem.asset(id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
      }
    },
  )
})

describe('events that come together', () => {
  const skus = Array.from({ length: 30 }, (_, index) => `SKU-${index}`)
  const together = async (inputs: JsonObject): Promise<void> => {
    const { aem } = receiver.sandbox
    const assets = skus.map((sku) =>
      aem.addAsset({ path: `/content/dam/shop/${sku}.png`, assetMetadata: { 'wknd-skuid': sku } }),
    )
    const answers = await Promise.all(
      assets.map((asset) => receiver.invoke(aem.processingCompletedEvent(asset), { inputs })),
    )
    expect(answers.map((answer) => bodyOf(answer).outcome)).toEqual(assets.map(() => 'updated'))
    expect(assets.map(({ id }) => aem.asset(id).assetMetadata['wknd-supplier'])).toEqual(
      skus.map((sku) => `supplier of ${sku}`),
    )
  }

  test('ask Akeneo together, and each asset gets what its own product says', async () => {
    receiver = await startReceiver()
    const akeneo = await startAkeneo({ clock: receiver.sandbox.clock })
    try {
      for (const sku of skus) {
        const supplier = [{ locale: null, scope: null, data: `supplier of ${sku}` }]
        akeneo.catalogue.setProduct(sku, { values: { supplier } })
      }
      await together({ PIM_COMMUNICATOR: 'akeneo', ...akeneo.inputs() })
      const calls = akeneo.requests.filter(({ path }) => path.includes('/products'))
      expect(calls.length).toBeLessThan(skus.length / 2)
      expect(akeneo.throttle.refusals()).toBe(0)
    } finally {
      await akeneo.close()
    }
  })

  test('ask a PIM for each product where it answers one at a time', async () => {
    receiver = await startReceiver()
    const pim = await startPim({ clock: receiver.sandbox.clock })
    try {
      for (const sku of skus) pim.setProduct(sku, { supplier: `supplier of ${sku}` })
      await together({
        PIM_COMMUNICATOR: 'rest',
        PIM_REST_URL: `${pim.url}/products/{identifier}`,
        PIM_REST_HEADERS: `X-Api-Key: ${pim.apiKey}`,
        PIM_REST_PRODUCT: '/data/product',
      })
      expect(pim.requests.length).toBe(skus.length)
    } finally {
      await pim.close()
    }
  })
})

describe('an author whose ETags are changed on the way', () => {
  test('is told apart from an asset that keeps moving', async () => {
    receiver = await startReceiver()
    const [asset] = uploads(1)
    receiver.sandbox.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 412 } })
    const event = receiver.sandbox.aem.processingCompletedEvent(asset ?? { id: '' })
    const { statusCode, body } = errorOf(await receiver.invoke(event))
    expect([statusCode, body.code]).toEqual([503, 'AEM_ETAG_NOT_ACCEPTED'])
    expect(receiver.sandbox.aem.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  })
})

describe('deliveries that are no events of AEM', () => {
  test('are each on record, with what they say and without the inputs', async () => {
    receiver = await startReceiver()
    const strangers: JsonObject[] = [
      { Type: 'x', payload: { a: 1 } },
      { Type: 'x', payload: { a: 2 } },
      { event: { '@id': 'x' } },
    ]
    const answers = await Promise.all(strangers.map((stranger) => receiver.invoke(stranger)))
    expect(new Set(answers.map((answer) => bodyOf(answer).deadLetter)).size).toBe(strangers.length)
    const events = (await receiver.deadLetters()).map(({ event }) => event)
    expect(events).toEqual(expect.arrayContaining(strangers))
  })

  test('say why they could not be put on record', async () => {
    receiver = await startReceiver()
    delete process.env.__OW_API_KEY
    const { body } = errorOf(await receiver.invoke({ id: 'x' }))
    expect(body.message).toContain('no CloudEvents type')
    expect(body.message).toContain('STATE_WITHOUT_CREDENTIALS')
  })
})
