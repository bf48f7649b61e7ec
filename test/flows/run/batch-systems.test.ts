import { createHash } from 'node:crypto'
import { startMarketo } from '../../../sandbox/targets/marketo'
import { assetCode } from '../../../src/connectors/akeneo/media/assets'
import { marketo } from '../../../src/connectors/marketo/destination'
import type { Destination } from '../../../src/plugin/destination'
import { flatName } from '../../../src/plugin/flat-name'
import { startAkeneoTarget } from '../../connectors/akeneo/destination-bench'
import { contextOf } from '../../connectors/kit/destination-context'
import { createTestClock } from '../../support/test-clock'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

/**
 * Exports assets by push and by batch at the same time, as two containers would, and then once more.
 * @returns the keys of the assets
 */
async function exportTwoWays(
  make: () => Destination,
  metadata: Record<string, string>,
): Promise<readonly string[]> {
  bench.exports.parts.destination = make
  const published = bench.publish(6, { exportImmediately: 'yes', ...metadata })
  const push = () => Promise.all(published.map(({ event }) => bench.exports.run(event)))
  const [pushed, batch] = await Promise.all([push(), bench.run()])
  const delivered = { outcome: expect.stringMatching(/^(done|unchanged)$/) }
  expect(pushed).toEqual(published.map(() => expect.objectContaining(delivered)))
  expect(batch.answer).toMatchObject({ outcome: 'done', done: 6, failed: 0, parked: 0, deadLettered: 0 })
  for (const { event, key } of published) bench.journal.append({ ...event, id: `again-${key}` })
  expect(await push()).toEqual(published.map(() => expect.objectContaining({ outcome: 'unchanged' })))
  expect((await bench.run()).answer).toMatchObject({ outcome: 'done', done: 6, bytes: 0 })
  return published.map(({ key }) => key)
}

/** What stands in the version of a file of AEM's. */
const sha1 = (bytes: Buffer | undefined): string =>
  createHash('sha1')
    .update(bytes ?? '')
    .digest('hex')

describe('an asset that push and batch export at the same time is there once', () => {
  test('in Marketo', async () => {
    const clock = createTestClock()
    const instance = await startMarketo({ clock, atOnce: 20 })
    try {
      const make = () => marketo({ clock }).create(contextOf(instance.inputs))
      const keys = await exportTwoWays(make, { exportDestination: 'marketo' })
      expect(instance.files().map(({ name }) => name)).toEqual(
        expect.arrayContaining(keys.map((key) => flatName(key))),
      )
      expect(instance.files()).toHaveLength(keys.length)
      for (const { name, description } of instance.files())
        expect(description).toContain(sha1(await instance.read(name)))
    } finally {
      await instance.close()
    }
  })

  test('in Akeneo, and in the collection of its product', async () => {
    const standInClock = createTestClock()
    const target = await startAkeneoTarget(standInClock)
    try {
      const { catalogue, settings } = target.server
      // On loopback the calls of a second would be more than a PIM ever sees.
      settings.duringCall = async () => standInClock.advance(20)
      const type = 'pim_catalog_asset_collection'
      catalogue.setAttribute({ code: 'packshots', type, referenceData: 'packshots' })
      catalogue.setProduct('LAMP-8')
      const make = () => target.make({}, { AKENEO_PRODUCT_ASSETS: 'packshots' })
      const keys = await exportTwoWays(make, { exportDestination: 'akeneo', 'wknd-skuid': 'LAMP-8' })
      const codes = keys.map((key) => assetCode(key)).sort()
      expect([...target.family.assets.keys()].sort()).toEqual(codes)
      for (const key of keys)
        expect(String(target.data(key, 'bridge_version'))).toContain(sha1(await target.read(key)))
      const collection: unknown = catalogue.bySku('LAMP-8')?.values.packshots?.[0]?.data
      expect(Array.isArray(collection) && [...collection].sort()).toEqual(codes)
      expect(target.server.throttle.refusals()).toBe(0)
    } finally {
      await target.server.close()
    }
  })
})
