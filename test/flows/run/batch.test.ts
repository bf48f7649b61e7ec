import { foreignEvents } from '../../../sandbox/foreign-events'
import { isJsonObject } from '../../../sandbox/json'
import { systemClock } from '../../../src/core/clock'
import { systemicError, transientError } from '../../../src/core/errors'
import type { Lease } from '../../../src/delivery/lease'
import type { Outcome } from '../../../src/flows/outcome'
import { type BatchBench, startBatchBench } from './batch-bench'
import { expectOutageToPass } from './batch-outage'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

const minute = 60_000
const asset = { name: 'a.png', path: '/content/dam/a.png', id: 'urn:a', origin: 'https://author' }
const enriched: Outcome = { kind: 'updated', asset, properties: ['wknd-skuid'] }
const held = (destination: 'one' | 'two' = 'one'): string[] => [
  ...bench.exports.destinations[destination].held.keys(),
]
const clock = () => bench.exports.author.clock

describe('a run', () => {
  test('exports everything that is due, and leaves the cursor at the end', async () => {
    const published = bench.publish(30)
    const { answer, error } = await bench.run()
    expect(error).toBeUndefined()
    expect(answer).toMatchObject({
      outcome: 'done',
      done: 30,
      skipped: 0,
      parked: 0,
      failed: 0,
      deadLettered: 0,
      events: 30,
      bytes: 30 * 40_000,
      lag: 0,
      pending: 0,
      cursor: bench.journal.positions().at(-1),
    })
    expect(held().sort()).toEqual(published.map(({ key }) => key).sort())
    expect(bench.cursor()).toBe(bench.journal.positions().at(-1))
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', events: 0, done: 0 })
  })

  test('does nothing twice that push has done', async () => {
    const [first] = bench.publish(1, { exportImmediately: 'yes' })
    await bench.exports.run(first?.event)
    expect((await bench.run()).answer).toMatchObject({ done: 1, bytes: 0 })
    expect(bench.exports.destinations.one.puts).toHaveLength(1)
  })

  test('puts each event through the flow of its type', async () => {
    const seen: unknown[] = []
    bench.generic = async (event, { trigger, action }) => {
      seen.push([event, trigger, action])
      return enriched
    }
    const asset = bench.exports.addAsset('/content/dam/shop/enriched.png')
    const processed = bench.exports.author.aem.processingCompletedEvent(asset)
    bench.journal.append(processed)
    bench.journal.append({ type: 'aem.assets.asset.metadata_updated', id: 'x', source: 's', data: {} })
    expect((await bench.run()).answer).toMatchObject({ done: 1, skipped: 1 })
    expect(seen).toEqual([[processed, 'batch', 'generic']])
  })

  test('counts what is for others, and what nothing follows from, as skipped', async () => {
    const { aem } = bench.exports.author
    const asset = bench.exports.addAsset('/content/dam/shop/others.png')
    const events = [
      ...Object.values(foreignEvents()),
      // As a journal holds them: without what is around them in a delivery.
      ...Object.values(foreignEvents()).flatMap(({ event }) => (isJsonObject(event) ? [event] : [])),
      { header: { sentTime: 1 }, body: { a: 1 } },
      aem.xdmEvent('created', asset),
    ]
    for (const event of events) bench.journal.append(event)
    expect((await bench.run()).answer).toMatchObject({ done: 0, skipped: events.length, deadLettered: 0 })
    expect(bench.letters()).toEqual([])
    expect(bench.cursor()).toBe(bench.journal.positions().at(-1))
  })

  test.each(['cloud_events_v1', 'adobe_io'] as const)(
    'exports what the event proxy tells: %s',
    async (format) => {
      const { aem } = bench.exports.author
      const assets = ['a', 'b'].map((name) =>
        bench.exports.addAsset(`/content/dam/shop/${format}-${name}.png`),
      )
      for (const asset of assets)
        bench.journal.append(aem.xdmEvent('published', asset, { '@id': 'N/A' }, format))
      expect((await bench.run()).answer).toMatchObject({ done: 2, deadLettered: 0 })
      expect(held().sort()).toEqual(assets.map(({ path }) => path.slice('/content/dam/'.length)))
    },
  )

  test('makes one piece of work of many events about one asset', async () => {
    const [one] = bench.publish(1)
    for (let index = 0; index < 20; index++) bench.journal.append({ ...one?.event, id: `again-${index}` })
    // One at a time, so that they wait together.
    bench.limits.concurrency = 1
    expect((await bench.run()).answer).toMatchObject({ done: 21 })
    expect(bench.exports.destinations.one.puts).toHaveLength(1)
    expect(
      bench.exports.author.aem.requests.filter(({ path }) => path.endsWith('/metadata')).length,
    ).toBeLessThan(8)
  })

  test('counts what many events about one asset took, or failed by, once', async () => {
    const [one] = bench.publish(1)
    for (let index = 0; index < 20; index++) bench.journal.append({ ...one?.event, id: `again-${index}` })
    bench.publish(3)
    bench.limits.concurrency = 1
    bench.exports.destinations.one.beforePublish = (key) => {
      if (key === one?.key) throw transientError('ONE_FAILED', 'one stumbles over this file')
    }
    // One failure is no sign that the destination is down.
    expect((await bench.run()).answer).toMatchObject({ done: 3, parked: 21, bytes: 3 * 40_000 })
    bench.exports.destinations.one.beforePublish = undefined
    clock().advance(60 * minute)
    for (let index = 0; index < 20; index++) bench.journal.append({ ...one?.event, id: `more-${index}` })
    expect((await bench.run()).answer).toMatchObject({ done: 20, pending: 0, bytes: 40_000 })
  })

  test('takes any number of events about an asset that keeps it waiting', async () => {
    const [one] = bench.publish(1)
    bench.journal.appendMany(20_000, (index) => ({ ...one?.event, id: `again-${index}` }))
    bench.limits.maxEvents = 100_000
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', done: 20_001 })
    expect(bench.exports.destinations.one.puts).toHaveLength(1)
  })

  test('goes on keeping its lease when State fails for a moment', async () => {
    bench.publish(1)
    let refreshes = 0
    let isOver = (): void => undefined
    const refreshed = new Promise<void>((resolve) => {
      isOver = resolve
    })
    bench.store.before = (operation, key) => {
      if (operation !== 'put' || key !== 'lease.export-batch') return
      refreshes += 1
      if (refreshes === 2) throw transientError('STATE_UNAVAILABLE', 'State is down')
      if (refreshes === 4) isOver()
    }
    bench.exports.destinations.one.beforePublish = () => refreshed
    // The lease is kept every minute, which passes at once here.
    const hurrying = {
      now: clock().now,
      sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(ms === minute ? 1 : ms, signal),
    }
    expect((await bench.run({ context: { clock: hurrying } })).answer).toMatchObject({ done: 1 })
    expect(refreshes).toBeGreaterThanOrEqual(4)
  })

  test('stops at its number of events; the next one goes on', async () => {
    bench.publish(25)
    bench.limits.maxEvents = 10
    expect((await bench.run()).answer).toMatchObject({ outcome: 'stopped', done: 10 })
    expect((await bench.run()).answer).toMatchObject({ outcome: 'stopped', done: 10 })
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', done: 5 })
    expect(held()).toHaveLength(25)
  })

  test('stops at its number of bytes', async () => {
    bench.publish(20)
    bench.limits.maxBytes = 200_000
    bench.limits.concurrency = 1
    const { answer } = await bench.run()
    expect(answer.message).toContain('EXPORT_MAX_BYTES')
    await bench.run()
    bench.limits.maxBytes = 10 ** 12
    await bench.run()
    expect(held()).toHaveLength(20)
  })

  test('leaves the work to another run that is at it', async () => {
    bench.publish(1)
    const other = await bench.run({ parts: { journals: [] } })
    expect(other.answer.outcome).toBe('done')
    bench.store.before = (operation, key) => {
      if (operation === 'remove' && key.startsWith('lease.'))
        throw transientError('STATE_UNAVAILABLE', 'down')
    }
    await bench.run({ parts: { journals: [] } })
    bench.store.before = undefined
    expect((await bench.run()).answer).toMatchObject({ outcome: 'skipped' })
    clock().advance(4 * minute)
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', done: 1 })
  })

  test('of a quiet week keeps the cursor; after that it goes on', async () => {
    bench.publish(3)
    await bench.run()
    for (let day = 0; day < 30; day++) {
      clock().advance(24 * 3_600_000)
      expect((await bench.run()).answer).toMatchObject({ outcome: 'done', events: 0 })
    }
    bench.publish(2)
    const { answer } = await bench.run()
    expect(answer).toMatchObject({ outcome: 'done', done: 2 })
    expect(answer).not.toHaveProperty('gap')
  })

  test('that comes too late begins with the oldest event, and says what may be lost', async () => {
    bench.publish(2)
    await bench.run()
    bench.publish(2)
    clock().advance(9 * 24 * 3_600_000)
    bench.publish(1)
    const { answer } = await bench.run()
    expect(answer).toMatchObject({ outcome: 'done', done: 1, gap: [{ hours: expect.any(Number) }] })
  })

  test('is kept with the last ones', async () => {
    bench.publish(2)
    await bench.run()
    const [report = ''] = [...bench.store.entries()].flatMap(([key, value]) =>
      key.startsWith('run.export-batch.') ? [value] : [],
    )
    expect(JSON.parse(report)).toMatchObject({ outcome: 'done', counts: { done: 2, events: 2 } })
  })
})

describe('two runs that overlap', () => {
  test('end in the same content, with nothing left over', async () => {
    const published = bench.publish(40, { exportDestination: 'one, two' })
    bench.journal.append({ id: 'poison', source: 'x', hello: 'world' })
    const failing = published[7]?.key
    bench.exports.destinations.two.beforePublish = (key) => {
      if (key === failing) throw transientError('TWO_FAILED', 'two stumbles over this file')
    }
    const granted: Lease = { refresh: async () => true, release: async () => undefined }
    const leases = {
      acquire: async () => granted,
      holder: async () => undefined,
      revoke: async () => undefined,
    }
    const overlapping = () => bench.run({ parts: { leases } })

    const reports = await Promise.all([overlapping(), overlapping()])

    expect(reports.map(({ answer }) => answer.outcome)).toEqual(['done', 'done'])
    expect(bench.cursor()).toBe(bench.journal.positions().at(-1))
    expect(bench.letters()).toHaveLength(1)
    expect(bench.pending()).toMatchObject([{ destination: 'two', attempts: 1 }])
    bench.exports.destinations.two.beforePublish = undefined
    clock().advance(60 * minute)
    await Promise.all([overlapping(), overlapping()])
    for (const name of ['one', 'two'] as const) {
      const { held } = bench.exports.destinations[name]
      expect([...held.keys()].sort()).toEqual(published.map(({ key }) => key).sort())
      for (const [key, { version }] of held) {
        const asset = bench.exports.author.aem.findByPath(`/content/dam/${key}`)
        expect(version).toContain(asset?.repositoryMetadata['dam:sha1'])
      }
    }
    expect(bench.pending()).toEqual([])
  })
})

describe('what cannot work', () => {
  test('is one dead letter, and holds up nothing', async () => {
    bench.publish(3)
    bench.journal.append({ id: 'poison', source: 'x', hello: 'world' })
    const [lost] = bench.publish(1)
    bench.publish(3)
    const asset = bench.exports.author.aem.findByPath(`/content/dam/${lost?.key}`)
    bench.exports.author.aem.removeAsset(asset?.id ?? '')
    expect((await bench.run()).answer).toMatchObject({ done: 6, deadLettered: 2, outcome: 'done' })
    expect(
      bench
        .letters()
        .map(({ error }) => error.code)
        .sort(),
    ).toEqual(['ASSET_NOT_FOUND', 'EVENT_MALFORMED'])
    await bench.run()
    expect(bench.letters()).toHaveLength(2)
  })
})

describe('a destination that is down', () => {
  const down = systemicError('ONE_REFUSED', 'the password of one has expired')

  // A day of it: batch-outage.soak.ts.
  test('does not hold up the others; what it missed arrives when it is back', () =>
    expectOutageToPass(bench, { assets: 12, runs: 24 }))

  test.each([1, 10, 37])('never leaves more than PENDING_MAX parked: %d', async (maxPending) => {
    const events = bench.publish(60)
    bench.limits.maxPending = maxPending
    bench.exports.destinations.one.beforePublish = () => {
      throw down
    }
    for (let run = 0; run < 3; run++) {
      expect((await bench.run()).answer.message).toContain('PENDING_MAX')
      expect(bench.pending()).toHaveLength(maxPending)
      clock().advance(10 * minute)
    }
    bench.exports.destinations.one.beforePublish = undefined
    for (let run = 0; run < 5; run++) {
      clock().advance(60 * minute)
      await bench.run()
    }
    expect(held('one').sort()).toEqual(events.map(({ key }) => key).sort())
  })

  test('never leaves more parked than PENDING_MAX where each event is parked for several', async () => {
    bench.publish(30, { exportDestination: 'one, two' })
    Object.assign(bench.limits, { maxPending: 10, destinations: 2 })
    for (const destination of Object.values(bench.exports.destinations)) {
      destination.beforePublish = () => {
        throw down
      }
    }
    await bench.run()
    expect(bench.pending().length).toBeLessThanOrEqual(11)
  })

  test('and works, lets everything through in one run, however few may be parked', async () => {
    bench.publish(60)
    bench.limits.maxPending = 1
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', done: 60 })
  })

  test('stops the reading when too much is parked, and the reading goes on when it is back', async () => {
    const { one } = bench.exports.destinations
    bench.publish(60)
    bench.limits.maxPending = 20
    one.beforePublish = () => {
      throw down
    }
    const { answer } = await bench.run()
    expect(answer.outcome).toBe('stopped')
    expect(answer.message).toContain('PENDING_MAX')
    expect(bench.pending()).toHaveLength(20)
    one.beforePublish = undefined
    for (let run = 0; run < 5; run++) {
      clock().advance(60 * minute)
      await bench.run()
    }
    expect(held('one')).toHaveLength(60)
    expect(bench.letters()).toEqual([])
  })
})

describe('work that fails by itself', () => {
  test('is tried so many times, at growing distance, and then is a dead letter with its history', async () => {
    const [bad] = bench.publish(1)
    bench.publish(5)
    const { one } = bench.exports.destinations
    one.beforePublish = (key) => {
      if (key === bad?.key) throw transientError('ONE_FAILED', 'one stumbles over this file')
    }
    await bench.run()
    expect(bench.pending()).toMatchObject([{ attempts: 1, destination: 'one' }])
    for (let run = 0; run < 60 && bench.letters().length === 0; run++) {
      clock().advance(10 * minute)
      bench.publish(1)
      await bench.run()
    }
    expect(bench.pending()).toEqual([])
    expect(bench.letters()).toMatchObject([
      {
        destination: 'one',
        error: { code: 'ONE_FAILED' },
        history: Array.from({ length: 5 }, () => ({ code: 'ONE_FAILED' })),
      },
    ])
  })
})

describe('an outage of AEM, IMS or State', () => {
  test('of AEM stops the run where it stands', async () => {
    bench.publish(3)
    await bench.run()
    const before = bench.cursor()
    bench.publish(50)
    bench.exports.author.aem.faults.add({ fault: { kind: 'status', status: 503 } })
    const { answer, error } = await bench.run()
    expect(error?.code).toBe('AEM_UNAVAILABLE')
    expect(answer).toMatchObject({ outcome: 'failed', done: 0, parked: 0, deadLettered: 0 })
    expect(bench.cursor()).toBe(before)
    expect(bench.pending()).toEqual([])
    bench.exports.author.aem.faults.clear()
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', done: 50 })
  })

  test('of AEM does not use up the tries of what is parked', async () => {
    bench.publish(2)
    bench.exports.author.aem.faults.add({ fault: { kind: 'status', status: 503 } })
    for (let run = 0; run < 12; run++) {
      await bench.run()
      clock().advance(60 * minute)
    }
    expect(bench.letters()).toEqual([])
    bench.exports.author.aem.faults.clear()
    await bench.run()
    expect(held()).toHaveLength(2)
    expect(bench.pending()).toEqual([])
  })

  test('of IMS stops it at once', async () => {
    bench.publish(5)
    bench.exports.author.ims.faults.add({ fault: { kind: 'status', status: 400 } })
    const { error } = await bench.run()
    expect(error?.code).toBe('IMS_REFUSED')
    expect([bench.cursor(), bench.pending(), bench.letters()]).toEqual([undefined, [], []])
  })

  test('of State never skips an event', async () => {
    bench.publish(20, { exportDestination: 'one, three' })
    let operations = 0
    bench.store.before = () => {
      operations += 1
      if (operations % 2 === 0) throw transientError('STATE_UNAVAILABLE', 'State is down')
    }
    for (let run = 0; run < 200 && bench.cursor() !== bench.journal.positions().at(-1); run++) {
      await bench.run().catch(() => undefined)
      clock().advance(10 * minute)
    }
    bench.store.before = undefined
    await bench.run()
    expect(held()).toHaveLength(20)
    expect(bench.letters()).toHaveLength(20)
  })

  test('of the PIM parks enrichments, and nothing else', async () => {
    let asked = 0
    bench.generic = async () => {
      asked += 1
      throw systemicError('PIM_UNAUTHORIZED', 'the PIM refuses the key', { upstream: 'SHOP' })
    }
    for (let index = 0; index < 30; index++) {
      const asset = bench.exports.addAsset(`/content/dam/shop/pim-${index}.png`)
      bench.journal.append(bench.exports.author.aem.processingCompletedEvent(asset))
    }
    bench.publish(10)
    expect((await bench.run()).answer).toMatchObject({ done: 10, parked: 30 })
    expect(asked).toBeLessThanOrEqual(4)
    bench.generic = async () => enriched
    clock().advance(60 * minute)
    await bench.run()
    expect(bench.pending()).toEqual([])
  })
})

describe('work that outlasts its run', () => {
  test('is parked, so that the next run need not wait, and its record goes when it is done', async () => {
    const [slow] = bench.publish(1)
    let release = (): void => undefined
    const free = new Promise<void>((resolve) => {
      release = resolve
    })
    bench.exports.destinations.one.beforePublish = (key) => (key === slow?.key ? free : undefined)
    bench.limits.runMs = 1_500
    bench.limits.graceMs = 50
    const running = bench.run()
    // Its report is written before the slow piece is over.
    while (bench.pending().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(bench.pending()).toMatchObject([{ history: [{ code: 'STILL_RUNNING' }] }])
    release()
    expect((await running).answer).toMatchObject({ parked: 1 })
    expect(held()).toEqual([slow?.key])
    expect(bench.pending()).toEqual([])
  })

  test('leaves no record behind, for one destination and for several events alike', async () => {
    const [slow] = bench.publish(1)
    const { one } = bench.exports.destinations
    one.beforePublish = () => {
      throw transientError('ONE_FAILED', 'not now')
    }
    await bench.run()
    expect(bench.pending()).toMatchObject([{ destination: 'one' }])
    clock().advance(60 * minute)
    bench.journal.append({ ...slow?.event, id: 'again-1' })
    bench.journal.append({ ...slow?.event, id: 'again-2' })
    let release = (): void => undefined
    const free = new Promise<void>((resolve) => {
      release = resolve
    })
    one.beforePublish = () => free
    bench.limits.runMs = 1_500
    bench.limits.graceMs = 50
    const running = bench.run()
    const isDetached = () =>
      bench.pending().some(({ history }) => history.at(-1)?.code === 'STILL_RUNNING') &&
      bench.store.entries().has('run.export-batch.1')
    while (!isDetached()) await new Promise((resolve) => setTimeout(resolve, 5))
    release()
    await running
    expect(bench.pending()).toEqual([])
  })
})
