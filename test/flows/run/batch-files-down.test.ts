import { type Clock, systemClock } from '../../../src/core/clock'
import { transientError } from '../../../src/core/errors'
import type { Outcome } from '../../../src/flows/outcome'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

const minute = 60_000
const facts = { name: 'a.png', path: '/content/dam/a.png', id: 'urn:a', origin: 'https://author' }
const enriched: Outcome = { kind: 'updated', asset: facts, properties: ['wknd-skuid'] }
const clock = () => bench.exports.author.clock
const blobs = () => bench.exports.author.aem.blobs
const held = (): string[] => [...bench.exports.destinations.one.held.keys()]
const parked = (action: string) => bench.pending().filter((record) => record.action === action)

/** A clock that goes on by itself. */
function moving(): Clock {
  const begun = Date.now()
  const start = clock().now()
  return { now: () => start + (Date.now() - begun), sleep: systemClock.sleep }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

let count = 0
/** Adds assets that ask for products; the answer tells how many of them were enriched since. */
function enrichments(number: number, takesMs = 0): () => number {
  let done = 0
  bench.generic = async (event) => {
    await wait(takesMs)
    if (JSON.stringify(event).includes('enriched-')) done += 1
    return enriched
  }
  for (let index = 0; index < number; index++) {
    const asset = bench.exports.addAsset(`/content/dam/shop/enriched-${++count}.png`)
    bench.journal.append(bench.exports.author.aem.processingCompletedEvent(asset))
  }
  return () => done
}

describe('the blob store of AEM is down', () => {
  const storeDown = (delayMs = 0) => blobs().faults.add({ fault: { kind: 'status', status: 503, delayMs } })

  test('and the enrichments behind a hundred exports are done in the same run', async () => {
    storeDown(150)
    const keys = bench.publish(100).map(({ key }) => key)
    await bench.run()
    // Each file takes four tries of the store, and all of them more than three times as long as the run may.
    Object.assign(bench.limits, { runMs: 4_000, graceMs: 1_000 })
    for (let run = 0; run < 2; run++) {
      clock().advance(60 * minute)
      const done = enrichments(5)
      const { answer } = await bench.run({ context: { clock: moving() } })
      expect(answer).toMatchObject({ outcome: 'done', failed: 0, deadLettered: 0 })
      expect(done()).toBe(5)
    }
    clock().advance(60 * minute)
    expect(parked('export-asset')).toHaveLength(100)
    expect(bench.pending().filter(({ attempts }) => attempts > 0)).toEqual([])

    blobs().faults.clear()
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', pending: 0 })
    expect(held().sort()).toEqual(keys.sort())
  }, 60_000)

  test('and is asked for a few files a run only', async () => {
    storeDown()
    bench.publish(100)
    await bench.run()
    clock().advance(60 * minute)
    const before = blobs().requests.length
    await bench.run()
    expect(blobs().requests.length - before).toBeGreaterThan(0)
    expect(
      new Set(
        blobs()
          .requests.slice(before)
          .map(({ path }) => path),
      ).size,
    ).toBeLessThanOrEqual(16)
  }, 60_000)

  test('and what needs no file goes on: what is there already, and removals', async () => {
    bench.exports.parts.exports = { ...bench.exports.parts.exports, onDelete: 'remove' }
    const [same, gone] = bench.publish(2)
    await bench.run()
    storeDown()
    bench.publish(20)
    await bench.run()
    clock().advance(60 * minute)
    const { aem } = bench.exports.author
    const asset = aem.findByPath(`/content/dam/${gone?.key}`)
    if (asset === undefined) throw new Error('the asset is gone already')
    bench.journal.append({ ...same?.event, id: 'again' })
    bench.journal.append(aem.publicationEvent('deleted', asset))
    aem.removeAsset(asset.id)
    expect((await bench.run()).answer).toMatchObject({ done: 2, parked: 0 })
    expect(held()).toEqual([same?.key])
    expect(parked('export-asset')).toHaveLength(20)
    expect(bench.pending().filter(({ attempts }) => attempts > 0)).toEqual([])
  }, 60_000)

  test('for a moment only, and all but the files that were asked for arrive in the same run', async () => {
    const keys = bench.publish(60).map(({ key }) => key)
    const { hits } = blobs().faults.add({ times: 36, fault: { kind: 'status', status: 503 } })
    await bench.run()
    expect(hits()).toBe(36)
    expect(bench.pending().length).toBeLessThanOrEqual(9)
    expect(held().length).toBe(60 - bench.pending().length)
    clock().advance(60 * minute)
    await bench.run()
    expect(held().sort()).toEqual(keys.sort())
  }, 60_000)
})

describe('a run with more parked exports than it has time for', () => {
  test.each([1, 4])(
    'does some of each kind of work, %d at once',
    async (concurrency) => {
      const { one } = bench.exports.destinations
      one.beforePublish = () => {
        throw transientError('ONE_FAILED', 'not now', { upstream: 'ONE' })
      }
      bench.generic = async () => {
        throw transientError('PIM_UNAVAILABLE', 'not now', { upstream: 'SHOP' })
      }
      bench.publish(60)
      for (let index = 0; index < 10; index++) {
        const asset = bench.exports.addAsset(`/content/dam/shop/parked-${index}.png`)
        bench.journal.append(bench.exports.author.aem.processingCompletedEvent(asset))
      }
      await bench.run()
      expect([parked('export-asset').length, parked('generic').length]).toEqual([60, 10])

      clock().advance(60 * minute)
      bench.limits.concurrency = concurrency
      // All of the parked exports would take more than three times as long as the run may.
      Object.assign(bench.limits, { runMs: 4_000, graceMs: 1_000 })
      one.beforePublish = () => wait(200 * concurrency)
      const news = bench.publish(10).map(({ key }) => key)
      const more = enrichments(10, 50)
      await bench.run({ context: { clock: moving() } })
      const arrived = held()
      expect(parked('generic').length).toBeLessThan(10)
      expect(more()).toBeGreaterThan(0)
      expect(arrived.filter((key) => news.includes(key)).length).toBeGreaterThan(0)
      expect(arrived.filter((key) => !news.includes(key)).length).toBeGreaterThan(0)
    },
    60_000,
  )
})
