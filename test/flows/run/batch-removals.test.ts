import { systemicError } from '../../../src/core/errors'
import { isRecord } from '../../../src/core/json'
import { createRedactor } from '../../../src/core/redaction'
import { createDeadLetters } from '../../../src/delivery/dead-letters'
import type { Leases } from '../../../src/delivery/lease'
import { createPendingWork } from '../../../src/delivery/pending'
import type { FlowContext } from '../../../src/flows/event-flow'
import type { Exports } from '../../../src/plugin/destinations'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
  configure({ onUnpublish: 'remove', onDelete: 'remove' })
})
afterEach(() => bench.close())

const hour = 3_600_000
const held = () => [...bench.exports.destinations.one.held.keys()]

function configure(more: Partial<Exports>): void {
  const { parts } = bench.exports
  parts.exports = { ...parts.exports, ...more }
}

/** What the author does to an asset, and the event of it. */
function withdraw(kind: 'unpublished' | 'deleted', key: string): void {
  const { aem } = bench.exports.author
  const asset = aem.findByPath(`/content/dam/${key}`)
  if (asset === undefined) throw new Error(`no asset ${key}`)
  bench.journal.append(aem.publicationEvent(kind, asset))
  if (kind === 'deleted') aem.removeAsset(asset.id)
  else {
    aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata.isPublishedToAemPublish = false
    })
  }
}

/** As if each run had all to itself: they overlap. */
const leases: Leases = {
  acquire: async () => ({ refresh: async () => true, release: async () => undefined }),
  holder: async () => undefined,
  revoke: async () => undefined,
}

test.each(['unpublished', 'deleted'] as const)(
  'an upload that outlasts its run leaves nothing when the asset is %s meanwhile and AEM fails at the second look',
  async (kind) => {
    const { aem, clock } = bench.exports.author
    const [{ key = '' } = {}] = bench.publish(1)
    let release = (): void => undefined
    const free = new Promise<void>((resolve) => {
      release = resolve
    })
    bench.exports.destinations.one.beforePublish = () => free
    bench.limits.runMs = 1_500
    bench.limits.graceMs = 50
    const running = bench.run({ parts: { leases } })
    while (bench.pending().length === 0) await new Promise((resolve) => setImmediate(resolve))

    // The next run does the event of the withdrawal, then the old upload ends.
    clock.advance(hour)
    withdraw(kind, key)
    bench.limits.runMs = 5_000
    await bench.run({ parts: { leases } })
    aem.faults.add({ fault: { kind: 'status', status: 503 } })
    release()
    await running
    aem.faults.clear()
    for (let run = 0; run < 6; run++) {
      clock.advance(4 * hour)
      await bench.run({ parts: { leases } })
    }
    expect(held()).toEqual([])
    expect(bench.letters()).toEqual([])
    expect(bench.pending()).toEqual([])
  },
)

test('a destination that is down is not asked to remove anything more', async () => {
  const { clock } = bench.exports.author
  const { one } = bench.exports.destinations
  const published = bench.publish(40)
  await bench.run()
  clock.advance(hour)
  for (const { key } of published) withdraw('unpublished', key)
  const remove = one.remove
  let asked = 0
  one.remove = async () => {
    asked += 1
    throw systemicError('DOWN', 'the password has expired')
  }
  await bench.run()
  expect(asked).toBeLessThanOrEqual(8)
  expect(bench.pending()).toHaveLength(40)
  one.remove = remove
  clock.advance(hour)
  await bench.run()
  expect(held()).toEqual([])
  expect(bench.pending()).toEqual([])
})

describe('work that was parked is about the same file', () => {
  /** Runs while something fails, and again after it was mended. */
  async function parkThenWork(mend: () => void, context: Partial<FlowContext> = {}): Promise<void> {
    await bench.run({ context })
    expect(bench.pending()).toHaveLength(1)
    mend()
    bench.exports.author.clock.advance(hour)
    await bench.run({ context })
    expect(bench.pending()).toEqual([])
    expect(bench.letters()).toEqual([])
  }

  function failToRemove(): () => void {
    const { one } = bench.exports.destinations
    const remove = one.remove
    one.remove = async () => {
      throw systemicError('DOWN', 'down')
    }
    return () => {
      one.remove = remove
    }
  }

  test('when it is a deletion below a folder named "Basic ..."', async () => {
    const { author } = bench.exports
    const asset = bench.exports.addAsset('/content/dam/Basic Collection/shirt.png')
    bench.journal.append(author.aem.publicationEvent('published', asset))
    await bench.run()
    expect(held()).toHaveLength(1)
    author.clock.advance(hour)
    withdraw('deleted', 'Basic Collection/shirt.png')
    await parkThenWork(failToRemove())
    expect(held()).toEqual([])
  })

  test('when it is a publication without an asset id there', async () => {
    const { aem } = bench.exports.author
    const asset = bench.exports.addAsset('/content/dam/Basic Collection/shirt.png')
    const { data, ...event } = aem.publicationEvent('published', asset)
    bench.journal.append({ ...event, data: { ...(isRecord(data) ? data : {}), assetId: 'N/A' } })
    const { one } = bench.exports.destinations
    one.beforePublish = () => {
      throw systemicError('DOWN', 'down')
    }
    await parkThenWork(() => {
      one.beforePublish = undefined
    })
    expect(held()).toEqual(['Basic Collection/shirt.png'])
  })

  test('whatever a password is', async () => {
    const { clock } = bench.exports.author
    const [{ key = '' } = {}] = bench.publish(1)
    await bench.run()
    expect(held()).toEqual([key])
    clock.advance(hour)
    withdraw('deleted', key)
    const redactor = createRedactor(['shop'])
    await parkThenWork(failToRemove(), {
      redactor,
      deadLetters: createDeadLetters(bench.store, { clock, redactor }),
      pending: createPendingWork(bench.store, { redactor }),
    })
    expect(held()).toEqual([])
  })
})
