import { startJournal } from '../../../sandbox/journal'
import { type Clock, systemClock } from '../../../src/core/clock'
import { systemicError, transientError } from '../../../src/core/errors'
import { createRedactor } from '../../../src/core/redaction'
import type { Journal } from '../../../src/flows/run/drain-journal'
import { createHttpClient } from '../../../src/http/http-client'
import { createTokenProvider } from '../../../src/ims/token-provider'
import { createCursorKeeper } from '../../../src/journal/cursor'
import { createJournalReader } from '../../../src/journal/reader'
import { startCall } from '../../support/call'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

const hour = 3_600_000
const clock = () => bench.exports.author.clock
const held = (): string[] => [...bench.exports.destinations.one.held.keys()]
const down = (): never => {
  throw systemicError('DOWN', 'down')
}

/** A clock that goes on by itself. */
function moving(): Clock {
  const begun = Date.now()
  const start = clock().now()
  return { now: () => start + (Date.now() - begun), sleep: systemClock.sleep }
}

describe('a run', () => {
  test('ends in time although more waits than there is room for', async () => {
    Object.assign(bench.limits, { concurrency: 2, runMs: 2_500, graceMs: 200 })
    const slow = new Set(bench.publish(2).map(({ key }) => key))
    bench.publish(600)
    let release = (): void => undefined
    const free = new Promise<void>((resolve) => {
      release = resolve
    })
    bench.exports.destinations.one.beforePublish = (key) => (slow.has(key) ? free : undefined)
    const running = bench.run({ parts: { clock: moving() } })
    while (![...bench.store.entries().keys()].some((key) => key.startsWith('run.export-batch.'))) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(bench.pending()).toHaveLength(2)
    release()
    await running
  }, 30_000)

  test('begins no parked work after its time, however much of it there is', async () => {
    bench.publish(12)
    bench.limits.maxPending = 10
    bench.exports.destinations.one.beforePublish = down
    await bench.run()
    clock().advance(hour)
    Object.assign(bench.limits, { concurrency: 1, runMs: 300, graceMs: 200 })
    let puts = 0
    bench.exports.destinations.one.beforePublish = () => {
      puts += 1
      return new Promise((resolve) => setTimeout(resolve, 400))
    }
    await bench.run({ parts: { clock: moving() } })
    expect(puts).toBeLessThanOrEqual(2)
  }, 30_000)

  test('of an activation with little time does something all the same', async () => {
    bench.publish(3)
    const call = startCall({ deadline: clock().now() + 55_000 })
    expect((await bench.run({ context: { call } })).answer).toMatchObject({ done: 3 })
  })
})

describe('what AEM does not give', () => {
  test('in a row of files whose bytes are gone does not hold up the others', async () => {
    const { aem } = bench.exports.author
    for (const { key } of bench.publish(9)) {
      const asset = aem.findByPath(`/content/dam/${key}`)
      if (asset === undefined) throw new Error('the asset is gone')
      aem.blobs.faults.add({ path: aem.blobPath(asset.id), fault: { kind: 'status', status: 404 } })
    }
    const good = bench.publish(10).map(({ key }) => key)
    await bench.run()
    expect(held()).toEqual(expect.arrayContaining(good))
  }, 60_000)

  test('for hours holds up the others no longer', async () => {
    const { aem } = bench.exports.author
    for (const { key } of bench.publish(9)) {
      const { id = 'none' } = aem.findByPath(`/content/dam/${key}`) ?? {}
      aem.faults.add({ path: new RegExp(id), fault: { kind: 'status', status: 500 } })
    }
    const good = bench.publish(10).map(({ key }) => key)
    expect((await bench.run()).answer).toMatchObject({ outcome: 'failed', done: 0 })
    clock().advance(7 * hour)
    await bench.run()
    clock().advance(hour)
    await bench.run()
    expect(held()).toEqual(expect.arrayContaining(good))
    expect(bench.letters()).toEqual([])
  }, 60_000)
})

describe('a system that goes down in the middle of a run', () => {
  test('uses up no tries: AEM', async () => {
    bench.limits.maxAttempts = 1
    bench.publish(30)
    const { one } = bench.exports.destinations
    let count = 0
    one.beforePublish = () => {
      count += 1
      if (count === 8) bench.exports.author.aem.faults.add({ fault: { kind: 'status', status: 503 } })
    }
    expect((await bench.run()).answer).toMatchObject({ outcome: 'failed' })
    expect(bench.letters()).toEqual([])
  }, 60_000)

  test('uses up no tries: a destination', async () => {
    bench.publish(30)
    let count = 0
    bench.exports.destinations.one.beforePublish = () => {
      count += 1
      if (count > 8) throw transientError('ONE_UNREACHABLE', 'no connection', { upstream: 'ONE' })
    }
    await bench.run()
    expect(bench.pending().length).toBeGreaterThan(4)
    expect(bench.pending().filter(({ attempts }) => attempts > 0)).toEqual([])
  })
})

describe('a file that its destination cannot take', () => {
  test('does not take the destination down, however often it is published', async () => {
    const [bad] = bench.publish(1)
    for (let index = 0; index < 20; index++) bench.journal.append({ ...bad?.event, id: `again-${index}` })
    bench.exports.destinations.one.beforePublish = (key) => {
      if (key === bad?.key)
        throw transientError('ONE_FAILED', 'one stumbles over this file', { upstream: 'ONE' })
    }
    await bench.run()
    for (let run = 0; run < 3; run++) {
      clock().advance(hour)
      const good = bench.publish(1).map(({ key }) => key)
      await bench.run()
      expect(held()).toEqual(expect.arrayContaining(good))
    }
    // What waited together is one piece of work.
    expect(bench.pending().length).toBeLessThanOrEqual(2)
  })
})

describe('the first run', () => {
  test('loses nothing of its start, though the runs fail for longer than it reaches back', async () => {
    const published = bench.publish(8).map(({ key }) => key)
    const start = { from: 'back', duration: 'PT2H', ms: 2 * hour } as const
    const refused = { fault: { kind: 'status', status: 403 } } as const
    bench.exports.author.aem.faults.add(refused)
    for (let run = 0; run < 15; run++) {
      await bench.run({ parts: { start } })
      clock().advance(hour / 6)
    }
    expect((await bench.run({ parts: { start } })).answer.lag).toBeGreaterThan(2 * 3_600)
    bench.exports.author.aem.faults.clear()
    await bench.run({ parts: { start } })
    expect(held().sort()).toEqual(published.sort())
  }, 60_000)
})

describe('two journals', () => {
  test('both get their turn, though one is never empty', async () => {
    const { ims, aem } = bench.exports.author
    const access = { clientId: 'client-1', orgId: 'ORG@AdobeOrg' }
    const other = await startJournal({ clock: clock(), ...access, isValidToken: ims.isValid })
    try {
      const http = createHttpClient({ clock: clock() })
      const tokens = createTokenProvider(
        { imsUrl: ims.url, clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] },
        { http, redactor: createRedactor(), clock: clock() },
      )
      const journalAt = (url: string): Journal => ({
        url,
        reader: createJournalReader(
          { url, apiKey: 'client-1', orgId: access.orgId },
          { http, tokens, clock: clock() },
        ),
        cursor: createCursorKeeper(url, { store: bench.store, clock: clock() }),
      })
      other.append(aem.publicationEvent('published', bench.exports.addAsset('/content/dam/shop/second.png')))
      bench.limits.maxEvents = 10
      for (let run = 0; run < 30; run++) {
        bench.publish(12)
        await bench.run({ parts: { journals: [bench.journal.journalUrl, other.journalUrl].map(journalAt) } })
        clock().advance(hour)
      }
      expect(held()).toContain('shop/second.png')
    } finally {
      await other.close()
    }
  }, 60_000)
})
