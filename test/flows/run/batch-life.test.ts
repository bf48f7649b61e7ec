import exportConfig from '#config/destinations'
import { transientError } from '../../../src/core/errors'
import { eventWorkId } from '../../../src/delivery/dead-letters'
import { reducedEvent } from '../../../src/events/reduce'
import type { Outcome } from '../../../src/flows/outcome'
import { routesOf } from '../../../src/flows/run/route'
import { idOf } from '../../../src/flows/work'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

const facts = { name: 'a.png', path: '/content/dam/a.png', id: 'urn:a', origin: 'https://author' }
const enriched: Outcome = { kind: 'updated', asset: facts, properties: ['wknd-skuid'] }
const held = (): string[] => [...bench.exports.destinations.one.held.keys()]

describe('what was edited or moved', () => {
  test('goes from one entry of the journal through enrichment and export, and counts once', async () => {
    const seen: unknown[] = []
    bench.generic = async (event, { action }) => {
      seen.push([event, action])
      return enriched
    }
    const { life } = bench.exports.author.aem
    const asset = bench.exports.addAsset('/content/dam/shop/both.png')
    life.publish(asset.id)
    const events = [
      ...life.edit(asset.id, { 'dc:title': 'x' }),
      ...life.move(asset.id, '/content/dam/shop/both-moved.png'),
    ]
    for (const event of events) bench.journal.append(event)
    expect((await bench.run()).answer).toMatchObject({ done: 2, skipped: 0, deadLettered: 0 })
    expect(seen).toEqual(events.map((event) => [JSON.parse(JSON.stringify(event)), 'generic']))
    expect(held()).toContain('shop/both-moved.png')
    expect(bench.cursor()).toBe(bench.journal.positions().at(-1))
  })

  test('is on record twice when both fail, and neither record stands for the other', async () => {
    const { life } = bench.exports.author.aem
    const asset = bench.exports.addAsset('/content/dam/shop/both-fail.png')
    life.publish(asset.id)
    bench.generic = async () => ({
      kind: 'retry',
      failure: { failureClass: 'transient', code: 'PIM_BUSY', message: 'busy', upstream: 'PIM' },
    })
    bench.exports.destinations.one.beforePublish = () => {
      throw transientError('ONE_BUSY', 'busy')
    }
    for (const event of life.edit(asset.id, { 'dc:title': 'x' })) bench.journal.append(event)
    await bench.run()
    expect(bench.pending().map(({ action, destination }) => [action, destination])).toEqual(
      expect.arrayContaining([
        ['generic', undefined],
        ['export-asset', 'one'],
      ]),
    )
    bench.exports.destinations.one.beforePublish = undefined
    bench.generic = async () => enriched
    bench.exports.author.clock.advance(3_600_000)
    await bench.run()
    expect(bench.pending()).toEqual([])
    expect(held()).toContain('shop/both-fail.png')
  })

  test('waits as a whole for an author that is down: both flows have a record of their own', async () => {
    const { aem } = bench.exports.author
    const asset = bench.exports.addAsset('/content/dam/shop/both-down.png')
    const [event] = aem.life.edit(asset.id, { 'dc:title': 'x' })
    const works = ['generic', 'export-asset'].map((action) => idOf({ action, event }))
    expect(new Set(works).size).toBe(2)
    const reduced = reducedEvent(event)
    expect(['generic', 'export-asset'].map((action) => idOf({ action, event: reduced }))).toEqual(works)
    // What one action alone handles keeps the id that it had.
    const processed = aem.processingCompletedEvent(asset)
    expect(idOf({ action: 'generic', event: processed })).toBe(eventWorkId(processed))
  })
})

test('a deployment that registers nothing new behaves as before: one route an event, the ids that it had', () => {
  const { aem } = bench.exports.author
  const asset = aem.addAsset({ path: '/content/dam/shop/as-before.png' })
  const registered = [
    [aem.processingCompletedEvent(asset), 'generic', false],
    [aem.publicationEvent('published', asset), 'export-asset', true],
    [aem.publicationEvent('unpublished', asset), 'export-asset', false],
    [aem.publicationEvent('deleted', asset), 'export-asset', false],
    [aem.xdmEvent('published', asset), 'export-asset', true],
  ] as const
  for (const [event, action, needsFile] of registered) {
    expect(routesOf(event)).toMatchObject([{ action, needsFile }])
    expect(idOf({ action, event })).toBe(eventWorkId(event))
  }
  for (const event of [aem.xdmEvent('created', asset), aem.xdmEvent('updated', asset)])
    expect(routesOf(event)).toEqual([])
  const { onMove = 'keep', onExpire = 'keep', onNoLongerNamed = 'keep' } = exportConfig
  expect([onMove, onExpire, onNoLongerNamed]).toEqual(['keep', 'keep', 'keep'])
})
