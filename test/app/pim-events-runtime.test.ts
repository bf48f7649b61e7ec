import { builtActions } from '../../sandbox/deployment'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { sampleRoot } from '../../scripts/command'

const MINUTE = 60_000
let sandbox: Sandbox
beforeEach(async () => {
  const { 'pim-events': receiver, 'pim-sync': worker } = builtActions(sampleRoot)
  if (receiver === undefined || worker === undefined) throw new Error('not built')
  sandbox = await startSandbox({ actions: { 'pim-events': receiver, 'pim-sync': worker }, logLevel: 'warn' })
})
afterEach(() => sandbox.close())

const named = (name: string) => ({ name: [{ locale: 'en_US', scope: null, data: name }] })

/** So many products, each with an asset that shows it. */
const shop = (count: number) => {
  const { aem, akeneo, pimEvents } = sandbox
  const skus = Array.from({ length: count }, (_, n) => `LAMP-${n}`)
  pimEvents.delivery.settings.lose = count
  const assets = skus.map((sku) => {
    akeneo.catalogue.setProduct(sku, { values: named('old') })
    return aem.addAsset({ path: `/content/dam/shop/${sku}.jpg`, assetMetadata: { 'wknd-skuid': sku } })
  })
  return {
    rename: (name: string) => {
      for (const sku of skus) akeneo.catalogue.setProduct(sku, { values: named(name) })
    },
    names: () => new Set(assets.map(({ id }) => aem.asset(id).assetMetadata['wknd-name'])),
  }
}

/** Second after second, until nothing is on its way. */
const deliverAll = async (): Promise<number> => {
  const { pimEvents, clock, runtime } = sandbox
  const isOpen = ({ state }: { state: string }) => state === 'queued' || state === 'waiting'
  let seconds = 0
  for (; pimEvents.delivery.deliveries.some(isOpen); seconds++) {
    await pimEvents.delivery.deliverDue()
    clock.advance(1000)
    if (seconds > 7200) throw new Error('there is no end to it')
  }
  await runtime.idle()
  return seconds
}

test('an import that changes 300 products at once reaches all their assets, and the subscription stays', async () => {
  const { pimEvents, runtime } = sandbox
  const { rename, names } = shop(300)
  rename('new')

  expect(await deliverAll()).toBeLessThan(600)

  expect(names()).toEqual(new Set(['new']))
  expect(pimEvents.platform.subscriptions()[0]?.status).toBe('active')
  expect(runtime.activations('pim-sync').length).toBeLessThan(60)
})

test('what happens while pim-sync cannot be started is not lost', async () => {
  const { pimEvents, runtime } = sandbox
  const { rename, names } = shop(3)
  const refused = runtime.api.faults.add({
    path: '/api/v1/namespaces/',
    fault: { kind: 'status', status: 503 },
  })
  rename('new')
  for (let minute = 0; minute < 10; minute++) {
    await pimEvents.delivery.deliverDue()
    sandbox.clock.advance(MINUTE)
  }
  expect(refused.hits()).toBeGreaterThan(3)
  expect(names()).toEqual(new Set([undefined]))

  refused.remove()
  await deliverAll()

  expect(names()).toEqual(new Set(['new']))
  expect(pimEvents.platform.subscriptions()[0]?.status).toBe('active')
})

test('events that come twice and in any order end in what the PIM says now', async () => {
  const { delivery } = sandbox.pimEvents
  const { rename, names } = shop(10)
  delivery.settings.shuffle = 1
  rename('first')
  const [late] = delivery.deliveries
  rename('second')
  await deliverAll()
  if (late !== undefined) delivery.repeat(late)
  await deliverAll()

  expect(names()).toEqual(new Set(['second']))
})
