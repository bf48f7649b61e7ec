import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../../src/core/clock'
import { createHttpClient } from '../../../src/http/http-client'
import type { PimCommunicator } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { pimContext } from '../kit/pim-context'
import { type AkeneoBench, sku, startBench } from './pim-bench'

let bench: AkeneoBench
beforeEach(async () => {
  bench = await startBench({ AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' })
})
afterEach(() => bench.close())

/** What a container knows is kept in its modules: another one has modules of its own. */
async function inAnotherContainer({ server }: AkeneoBench, clock: Clock): Promise<PimCommunicator> {
  let loaded: typeof import('../../../src/connectors/akeneo/pim') | undefined
  await jest.isolateModulesAsync(async () => {
    loaded = await import('../../../src/connectors/akeneo/pim')
  })
  if (loaded === undefined) throw new Error('the communicator did not load')
  const inputs = { ...server.inputs(), AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' }
  const http = createHttpClient({ clock, random: () => 0.5 })
  return loaded.akeneoPim()({ ...pimContext(inputs), clock, http })
}

const identifiers = Array.from({ length: 3_000 }, (_, index) => `SKU-${index}`)

test('a container makes four calls at once and no more, however many events ask', async () => {
  const { server } = bench
  for (const identifier of identifiers) server.catalogue.setProduct(identifier)
  server.settings.duringCall = () => sleep(5)
  const found = await Promise.all(
    identifiers.filter((_, index) => index % 75 === 0).map((identifier) => bench.get(sku(identifier))),
  )
  expect(found.flat()).toHaveLength(40)
  expect(await bench.get(...identifiers.map(sku))).toHaveLength(3_000)
  expect(server.throttle.peak()).toBe(4)
  expect(server.throttle.refusals()).toBe(0)
})

test('containers that share a connection find their way past each other, and get everything', async () => {
  const { server } = bench
  for (const identifier of identifiers) server.catalogue.setProduct(identifier)
  server.settings.duringCall = () => sleep(3)
  // Waits that take a while, if a shorter one, so that the calls of the others can end meanwhile.
  const clock: Clock = { now: () => bench.clock.now(), sleep: (ms) => sleep(ms / 10) }
  const containers: PimCommunicator[] = []
  while (containers.length < 3) containers.push(await inAnotherContainer(bench, clock))
  const found = await Promise.all(
    containers.map((pim, index) =>
      pim.getProducts(identifiers.slice(index * 1_000, (index + 1) * 1_000).map(sku), startCall().signal),
    ),
  )
  expect(found.map((products) => products.length)).toEqual([1_000, 1_000, 1_000])
  expect(server.throttle.refusals()).toBeGreaterThan(0)
  expect(server.throttle.peak()).toBe(4)
})

test('two communicators in one container share the four calls', async () => {
  const { server } = bench
  for (const identifier of identifiers) server.catalogue.setProduct(identifier)
  server.settings.duringCall = () => sleep(3)
  const found = await Promise.all(
    [bench.fresh(), bench.fresh()].map((pim) => pim.getProducts(identifiers.map(sku), startCall().signal)),
  )
  expect(found.map((products) => products.length)).toEqual([3_000, 3_000])
  expect(server.throttle.refusals()).toBe(0)
  expect(server.throttle.peak()).toBe(4)
})

test('a burst of events in a cold container learns token and channels once', async () => {
  const { server } = bench
  server.catalogue.setProduct('LAMP-7')
  const pim = bench.fresh({})
  const asked = Array.from({ length: 60 }, () => pim.getProducts([sku('LAMP-7')], startCall().signal))
  expect((await Promise.all(asked)).flat()).toHaveLength(60)
  expect(bench.calls().filter((call) => call === 'GET channels')).toHaveLength(1)
  expect(server.oauth.grants).toEqual(['password'])
})

test('the end of the event that began to learn them does not take them from the others', async () => {
  const { server } = bench
  server.catalogue.setProduct('LAMP-7')
  const rule = server.faults.add({
    path: '/api/rest/v1/channels',
    times: 1,
    fault: { kind: 'latency', delayMs: 50 },
  })
  const pim = bench.fresh({})
  const [first, second] = [startCall(), startCall()]
  const lost = rejection(pim.getProducts([sku('LAMP-7')], first.signal))
  const kept = pim.getProducts([sku('LAMP-7')], second.signal)
  await until(() => rule.hits() > 0, 'a request for channels')
  first.abort(new Error('the time is up'))
  expect(await lost).toMatchObject({ message: 'the time is up' })
  expect(await kept).toHaveLength(1)
  expect(bench.calls().filter((call) => call === 'GET channels')).toHaveLength(1)
})

test('more than a hundred calls in a second wait for the next second, without being told how long', async () => {
  const { server } = bench
  server.catalogue.setProduct('LAMP-7')
  const asked = Array.from({ length: 130 }, () => bench.get(sku('LAMP-7')))
  expect((await Promise.all(asked)).flat()).toHaveLength(130)
  expect(server.throttle.refusals()).toBeGreaterThan(0)
  expect(bench.clock.sleeps.length).toBeGreaterThan(0)
})

test('a Retry-After is respected', async () => {
  const { server } = bench
  server.catalogue.setProduct('LAMP-7')
  server.faults.add({
    path: '/api/rest/',
    times: 2,
    fault: { kind: 'status', status: 429, headers: { 'retry-after': '9' } },
  })
  expect(await bench.get(sku('LAMP-7'))).toHaveLength(1)
  expect(bench.clock.sleeps).toEqual([9_000, 9_000])
})

test('without one the waits grow, six tries in all', async () => {
  bench.server.faults.add({ path: '/api/rest/', fault: { kind: 'status', status: 429 } })
  expect(await rejection(bench.get(sku('LAMP-7')))).toMatchObject({
    code: 'PIM_UNAVAILABLE',
    failureClass: 'transient',
    status: 429,
  })
  expect(bench.clock.sleeps).toEqual([250, 500, 1_000, 2_000, 4_000])
})
