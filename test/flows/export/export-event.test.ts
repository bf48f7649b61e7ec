import type { JsonObject } from '../../../sandbox/json'
import { systemicError, transientError } from '../../../src/core/errors'
import { decodeEvent } from '../../../src/events/decode'
import { undoneOf } from '../../../src/flows/outcome'
import { workOff } from '../../../src/flows/run/work-off'
import { type Rendered, renderWorkedOff } from '../../../src/runtime/render'
import { startCall } from '../../support/call'
import { createMemoryStore } from '../../support/memory-store'
import { type ExportBench, recordsOn, startExportBench } from './export-bench'

let bench: ExportBench
let count = 0

beforeAll(async () => {
  bench = await startExportBench()
})
beforeEach(() => {
  bench.forget()
  bench.started.length = 0
  bench.startFails = undefined
  for (const destination of Object.values(bench.destinations)) destination.beforePublish = undefined
})
afterEach(() => bench.author.aem.faults.clear())
afterAll(() => bench.close())

const newPath = (): string => `/content/dam/shop/lamp-${++count}.png`
/** As it comes over the wire. */
const published = (asset: Parameters<ExportBench['author']['aem']['publicationEvent']>[1]): JsonObject =>
  JSON.parse(JSON.stringify(bench.author.aem.publicationEvent('published', asset)))

function done(answer: Rendered): Rendered {
  expect(JSON.stringify(answer)).not.toContain('"outcome":"retry"')
  return answer
}

/** Why an event has to come again. */
async function failure(event: unknown, more: Parameters<ExportBench['context']>[0] = {}) {
  const [undone] = undoneOf(await bench.outcomeOf(event, more))
  return undone?.failure
}

/** What a worker answers. */
const worked = async (id: string, more: Parameters<ExportBench['context']>[0] = {}) =>
  (await workOff([id], bench.workParts, bench.context(more))).map(renderWorkedOff)

describe('an asset that moves while it is exported', () => {
  test('ends with its newest version', async () => {
    const asset = bench.addAsset(newPath())
    const { one } = bench.destinations
    let newest = asset
    one.beforePublish = () => {
      one.beforePublish = undefined
      newest = bench.author.aem.replaceContent(asset.id, { size: 50_000, seed: 'newer' })
    }
    expect(done(await bench.run(published(asset)))).toMatchObject({ outcome: 'done' })
    const key = asset.path.slice('/content/dam/'.length)
    expect(one.held.get(key)?.version).toBe(newest.repositoryMetadata['dam:sha1'])
    expect(one.puts.filter((put) => put === key)).toHaveLength(2)
  })

  test('a slow old version does not end over a fast new one', async () => {
    const asset = bench.addAsset(newPath())
    const { one } = bench.destinations
    const key = asset.path.slice('/content/dam/'.length)
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let begun = (): void => undefined
    const reading = new Promise<void>((resolve) => {
      begun = resolve
    })
    one.beforePublish = async (_key, version) => {
      if (version !== asset.repositoryMetadata['dam:sha1']) return
      begun()
      await held
    }
    const slow = bench.run(published(asset))
    await reading
    const newer = bench.author.aem.replaceContent(asset.id, { size: 60_000, seed: 'newer' })
    done(await bench.run(published(newer)))
    release()
    done(await slow)
    expect(one.held.get(key)?.version).toBe(newer.repositoryMetadata['dam:sha1'])
  })

  test('to another folder ends in both places', async () => {
    const asset = bench.addAsset(newPath())
    const { one } = bench.destinations
    const moved = `/content/dam/shop/moved-${count}.png`
    one.beforePublish = () => {
      one.beforePublish = undefined
      bench.author.aem.move(asset.id, moved)
    }
    expect(done(await bench.run(published(asset)))).toMatchObject({ outcome: 'done' })
    expect(one.held.has(moved.slice('/content/dam/'.length))).toBe(true)
  })

  test('and is gone afterwards stays where it is', async () => {
    const asset = bench.addAsset(newPath())
    bench.destinations.one.beforePublish = () => bench.author.aem.removeAsset(asset.id)
    expect(done(await bench.run(published(asset)))).toMatchObject({ outcome: 'done' })
  })

  test('without end makes the event come again', async () => {
    const asset = bench.addAsset(newPath())
    let version = 0
    bench.destinations.one.beforePublish = () => {
      bench.author.aem.replaceContent(asset.id, { size: 40_000, seed: ++version })
    }
    expect(await failure(published(asset))).toMatchObject({ code: 'EXPORT_CONFLICT' })
  })
})

describe('a destination that fails', () => {
  test('does not hold up the other one, and is asked again alone', async () => {
    const asset = bench.addAsset(newPath(), { exportDestination: 'one, two' })
    const { one, two } = bench.destinations
    two.beforePublish = () => {
      throw systemicError('TWO_REFUSED', 'two wants other credentials')
    }
    const event = published(asset)
    expect((await bench.run(event)).destinations).toMatchObject([
      { destination: 'one', outcome: 'done' },
      { destination: 'two', outcome: 'retry', code: 'TWO_REFUSED' },
    ])
    two.beforePublish = undefined
    const before = one.puts.length
    expect(done(await bench.run(event)).destinations).toMatchObject([
      { destination: 'one', outcome: 'unchanged' },
      { destination: 'two', outcome: 'done' },
    ])
    expect(one.puts).toHaveLength(before)
  })

  test('for good is a letter that names it; a replay goes there only', async () => {
    const asset = bench.addAsset(newPath(), { exportDestination: 'one, three' })
    const event = published(asset)
    expect(done(await bench.run(event))).toMatchObject({
      outcome: 'mixed',
      destinations: [{ outcome: 'done' }, { outcome: 'dead-letter', code: 'DESTINATION_UNKNOWN' }],
    })
    expect([...bench.letters().values()]).toEqual([{ destination: 'three', code: 'DESTINATION_UNKNOWN' }])
    const { puts } = bench.destinations.one
    const before = puts.length
    // The asset names another one by now.
    bench.author.aem.edit(asset.id, ({ assetMetadata }) => {
      assetMetadata.exportDestination = 'one, two'
    })
    expect(done(await bench.run(event, { onlyDestination: 'two' })).destinations).toMatchObject([
      { destination: 'two', outcome: 'done' },
    ])
    expect(puts).toHaveLength(before)
    expect(done(await bench.run(event, { onlyDestination: 'three' }))).toMatchObject({
      outcome: 'skipped',
      reason: 'exportDestination names no three any more',
    })
  })

  test('and a letter that cannot be written make the event come again', async () => {
    const asset = bench.addAsset(newPath(), { exportDestination: 'three' })
    const store = createMemoryStore(bench.author.clock)
    store.before = (operation) => {
      if (operation === 'put') throw transientError('STATE_UNAVAILABLE', 'State is down')
    }
    expect(await failure(published(asset), recordsOn(store))).toMatchObject({
      code: 'DEAD_LETTER_NOT_WRITTEN',
      message: expect.stringMatching(/nobody knows three.*STATE_UNAVAILABLE/),
    })
  })
})

describe('work that outlasts an event', () => {
  const large = 200 * 1024 * 1024

  test('is written down, then handed to a worker, which does it and takes the record away', async () => {
    const asset = bench.addAsset(newPath())
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = large
    })
    const event = published(asset)
    expect(done(await bench.run(event))).toMatchObject({
      outcome: 'handed-over',
      destinations: [{ destination: 'one', outcome: 'handed-over', worker: 'worker-1' }],
    })
    const [id = ''] = bench.pending().keys()
    expect(bench.started).toEqual([{ action: 'export-worker', params: { pending: [id] } }])
    const record = bench.pending().get(id)
    expect(record).toMatchObject({ destination: 'one', attempts: 0, path: asset.path })
    expect(decodeEvent(record?.event)).toEqual(decodeEvent(event))

    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = 40_000
    })
    expect(await worked(id, { action: 'export-worker' })).toMatchObject([
      { outcome: 'done', bytes: 40_000, pending: id },
    ])
    expect(bench.pending().size).toBe(0)
    expect(await worked(id)).toMatchObject([{ outcome: 'done' }])
  })

  test('is not handed over when the destination has it already', async () => {
    const asset = bench.addAsset(newPath())
    const key = asset.path.slice('/content/dam/'.length)
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = large
    })
    const version = String(asset.repositoryMetadata['dam:sha1'])
    bench.destinations.one.held.set(key, { version, size: large, bytes: Buffer.alloc(0) })
    expect(done(await bench.run(published(asset)))).toMatchObject({ outcome: 'unchanged' })
    expect(bench.started).toEqual([])
  })

  test('is handed over as well when the time of the event is nearly up', async () => {
    const asset = bench.author.aem.addAsset({
      path: newPath(),
      content: { size: 9 * 1024 * 1024, seed: 'slow' },
      assetMetadata: { exportDestination: 'one', exportImmediately: 'yes' },
    })
    const now = bench.author.clock.now()
    const call = startCall({ deadline: now + 8_400 })
    bench.destinations.one.beforePublish = () => new Promise(() => undefined)
    expect(done(await bench.run(published(asset), { call }))).toMatchObject({ outcome: 'handed-over' })
    expect(bench.pending().size).toBe(1)
  })

  test('is no reason to hand a small file over: a destination that hangs is tried again by its sender', async () => {
    const asset = bench.addAsset(newPath())
    const call = startCall({ deadline: bench.author.clock.now() + 8_200 })
    bench.destinations.one.beforePublish = () => new Promise(() => undefined)
    expect(await failure(published(asset), { call })).toMatchObject({ code: 'EXPORT_TIMEOUT' })
    expect(bench.pending().size).toBe(0)
  })

  test.each([
    ['passes', transientError('RUNTIME_UNAVAILABLE', 'busy')],
    ['stays', systemicError('RUNTIME_REFUSED', 'not deployed')],
  ])('makes the event come again when no worker starts and that %s', async (_name, error) => {
    const asset = bench.addAsset(newPath())
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = large
    })
    bench.startFails = error
    expect(await failure(published(asset))).toMatchObject({ code: error.code })
  })

  test('is done at once where no worker can be started', async () => {
    const asset = bench.addAsset(newPath())
    const result = await bench.run(published(asset), { runtime: undefined })
    expect(done(result)).toMatchObject({ outcome: 'done' })
  })

  test('stays on record while it fails, and counts only what is not an outage', async () => {
    const asset = bench.addAsset(newPath())
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = large
    })
    done(await bench.run(published(asset)))
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = 40_000
    })
    const [id = ''] = bench.pending().keys()
    const attempts = async (error: Error): Promise<number | undefined> => {
      bench.destinations.one.beforePublish = () => {
        throw error
      }
      const [result] = await worked(id)
      expect(result?.outcome).toBe('retry')
      return bench.pending().get(id)?.attempts
    }
    expect(await attempts(transientError('SLOW', 'slow'))).toBe(1)
    expect(await attempts(systemicError('DOWN', 'down'))).toBe(1)
    expect(await attempts(transientError('SLOW', 'slow'))).toBe(2)
  })

  test('about an asset that is gone becomes a letter', async () => {
    const asset = bench.addAsset(newPath())
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = large
    })
    done(await bench.run(published(asset)))
    bench.author.aem.removeAsset(asset.id)
    const [id = ''] = bench.pending().keys()
    expect(await worked(id)).toMatchObject([{ outcome: 'dead-letter' }])
    expect(bench.pending().size).toBe(0)
    expect([...bench.letters().values()]).toEqual([{ destination: 'one', code: 'ASSET_NOT_FOUND' }])
  })
})

describe('a publication that comes after the asset was withdrawn', () => {
  let strict: ExportBench
  beforeEach(async () => {
    strict = await startExportBench({ onUnpublish: 'remove', onDelete: 'remove' })
  })
  afterEach(() => strict.close())

  const withdraw = (kind: 'unpublished' | 'deleted', id: string): void => {
    const { aem } = strict.author
    if (kind === 'deleted') aem.removeAsset(id)
    else {
      aem.edit(id, ({ repositoryMetadata }) => {
        repositoryMetadata.isPublishedToAemPublish = false
      })
    }
  }
  const held = (): string[] => [...strict.destinations.one.held.keys()]

  test.each(['unpublished', 'deleted'] as const)('(%s) takes its file away', async (kind) => {
    const { aem, clock } = strict.author
    const asset = strict.addAsset(newPath())
    const event = aem.publicationEvent('published', asset)
    done(await strict.run(event))
    withdraw(kind, asset.id)
    // At first the author may not know yet.
    await expect(strict.run(event)).rejects.toMatchObject({ code: 'ASSET_NOT_PUBLISHED_YET' })
    expect(held()).toHaveLength(1)
    clock.advance(11 * 60_000)
    for (let time = 1; time <= 2; time++) {
      expect(done(await strict.run(event)).destinations).toMatchObject([
        { destination: 'one', outcome: 'done', files: [{ outcome: 'removed' }] },
        { destination: 'two', outcome: 'done' },
      ])
    }
    expect(held()).toEqual([])
    expect(strict.letters().size).toBe(0)
  })

  test('takes it away where its part is repeated only; skips what cannot remove', async () => {
    const { aem, clock } = strict.author
    const { one, two } = strict.destinations
    delete two.remove
    const asset = strict.addAsset(newPath(), { exportDestination: 'one, two' })
    const event = aem.publicationEvent('published', asset)
    done(await strict.run(event))
    withdraw('unpublished', asset.id)
    clock.advance(11 * 60_000)
    expect(done(await strict.run(event, { onlyDestination: 'two' }))).toMatchObject({ outcome: 'skipped' })
    expect(held()).toHaveLength(1)
    done(await strict.run(event, { onlyDestination: 'one' }))
    expect([one.held.size, two.held.size]).toEqual([0, 1])
    expect(strict.letters().size).toBe(0)
  })

  test('leaves another asset alone that was published at its path', async () => {
    const { aem, clock } = strict.author
    const asset = strict.addAsset(newPath())
    const late = aem.publicationEvent('published', asset)
    aem.removeAsset(asset.id)
    const next = strict.addAsset(asset.path)
    done(await strict.run(aem.publicationEvent('published', next)))
    clock.advance(11 * 60_000)
    expect(done(await strict.run(late))).toMatchObject({ outcome: 'skipped' })
    expect(held()).toHaveLength(1)
  })

  test('does not change anything where what was published is kept', async () => {
    const kept = await startExportBench()
    const { aem, clock } = kept.author
    const asset = kept.addAsset(newPath())
    const event = aem.publicationEvent('published', asset)
    done(await kept.run(event))
    aem.removeAsset(asset.id)
    clock.advance(11 * 60_000)
    await expect(kept.run(event)).rejects.toMatchObject({
      code: 'ASSET_NOT_FOUND',
      failureClass: 'permanent',
    })
    expect(kept.destinations.one.held.size).toBe(1)
    await kept.close()
  })
})
