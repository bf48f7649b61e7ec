import type { JsonObject } from '../../../sandbox/json'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
  // One lane, and a first event to keep it busy: what follows waits together.
  bench.limits.concurrency = 1
})
afterEach(() => bench.close())

const hour = 3_600_000
const held = (): string[] => [...bench.exports.destinations.one.held.keys()]

function publish(): { key: string; event: JsonObject } {
  const [published] = bench.publish(1)
  if (published === undefined) throw new Error('nothing was published')
  return published
}

function withPolicy(policy: Partial<BatchBench['exports']['parts']['exports']>): void {
  bench.exports.parts.exports = { ...bench.exports.parts.exports, ...policy }
}

const ofTier = (event: JsonObject, tier: string): JsonObject => ({
  ...event,
  id: tier,
  data: { ...Object(event.data), tier },
})

/** The events of an asset that was exported an hour ago. */
async function afterExport(): Promise<{
  key: string
  unpublished: JsonObject
  deleted: JsonObject
  remove(): void
}> {
  const { key } = publish()
  await bench.run()
  expect(held()).toContain(key)
  publish()
  const { aem, clock } = bench.exports.author
  clock.advance(hour)
  const asset = aem.findByPath(`/content/dam/${key}`)
  if (asset === undefined) throw new Error('the asset is gone')
  return {
    key,
    unpublished: aem.publicationEvent('unpublished', asset),
    deleted: aem.publicationEvent('deleted', asset),
    remove: () => aem.removeAsset(asset.id),
  }
}

describe('events about one asset that wait together', () => {
  test('a preview does not stand for the publication before it', async () => {
    publish()
    const { key, event } = publish()
    bench.journal.append(ofTier(event, 'preview'))
    await bench.run()
    expect(held()).toContain(key)
  })

  test('a late "unpublished" does not stand for the publication before it', async () => {
    publish()
    const { key } = publish()
    const { aem, clock } = bench.exports.author
    const asset = aem.findByPath(`/content/dam/${key}`)
    if (asset === undefined) throw new Error('the asset is gone')
    const time = new Date(clock.now() - hour).toISOString()
    bench.journal.append({ ...aem.publicationEvent('unpublished', asset), time })
    await bench.run()
    expect(held()).toContain(key)
  })

  test('"unpublished" does not stand for the deletion before it', async () => {
    withPolicy({ onDelete: 'remove', onUnpublish: 'keep' })
    const { key, unpublished, deleted, remove } = await afterExport()
    bench.journal.append(deleted)
    bench.journal.append(unpublished)
    remove()
    await bench.run()
    expect(held()).not.toContain(key)
  })

  test('the end of a preview does not stand for the end of the publication', async () => {
    withPolicy({ onUnpublish: 'remove' })
    const { key, unpublished, remove } = await afterExport()
    bench.journal.append(unpublished)
    bench.journal.append(ofTier(unpublished, 'preview'))
    remove()
    await bench.run()
    expect(held()).not.toContain(key)
  })
})
