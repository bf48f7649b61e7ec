import { systemicError, transientError } from '../../../src/core/errors'
import { workOff } from '../../../src/flows/run/work-off'
import { recordsOn } from '../export/export-bench'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

const minute = 60_000
const day = 24 * 60 * minute
const { signal } = new AbortController()
const clock = () => bench.exports.author.clock
const held = (): Set<string> => new Set(bench.exports.destinations.one.held.keys())

/** A firewall before the destination refuses these keys. */
function refuse(isRefused: (key: string) => boolean): { tries(): number } {
  let tries = 0
  bench.exports.destinations.one.beforePublish = (key) => {
    if (!isRefused(key)) return
    tries += 1
    throw systemicError('HTTPS_UNUSABLE', 'the endpoint answered 403', { upstream: 'HTTPS', status: 403 })
  }
  return { tries: () => tries }
}

describe('files that their destination refuses as if it were down', () => {
  test.each([
    ['spread over the journal', (index: number) => index % 61 === 0],
    ['first in the journal', (index: number) => index < 5],
    ['last in the journal', (index: number) => index >= 300],
  ])(
    'are dead letters in the end, and the others arrive at once: %s',
    async (_, isBad) => {
      const keys = bench.publish(305).map(({ key }) => key)
      const bad = new Set(keys.filter((_, index) => isBad(index)))
      expect(bad.size).toBe(5)
      refuse((key) => bad.has(key))
      await bench.run()
      expect([...held()].sort()).toEqual(keys.filter((key) => !bad.has(key)).sort())

      for (let run = 0; run < 8 && bench.pending().length > 0; run++) {
        clock().advance(60 * minute)
        const good = bench.publish(2).map(({ key }) => key)
        await bench.run()
        expect([...held()]).toEqual(expect.arrayContaining(good))
      }
      expect(bench.pending()).toEqual([])
      expect(bench.letters()).toHaveLength(5)
      for (const letter of bench.letters()) {
        expect(letter).toMatchObject({ destination: 'one', error: { code: 'HTTPS_UNUSABLE' } })
        expect(letter.error.message).toContain('given up after 5 tries')
      }
    },
    60_000,
  )

  test.each([1, 4])(
    'do not keep what is new from its destination, %d at once',
    async (concurrency) => {
      bench.limits.concurrency = concurrency
      const bad = new Set(bench.publish(12).map(({ key }) => key))
      refuse((key) => bad.has(key))
      await bench.run()
      expect(bench.pending().map(({ attempts }) => attempts)).toEqual(Array.from({ length: 12 }, () => 0))
      for (let run = 0; run < 40 && bench.pending().length > 0; run++) {
        clock().advance(10 * minute)
        const [good] = bench.publish(1)
        await bench.run()
        expect([...held()]).toContain(good?.key)
      }
      expect(bench.letters()).toHaveLength(12)
    },
    60_000,
  )

  test('use up no try where nothing arrives, and nothing is given up', async () => {
    const [before] = bench.publish(1)
    await bench.run()
    bench.publish(12)
    const refused = refuse(() => true)
    for (let run = 0; run < 30; run++) {
      // What is there already is told by a read, which is no sign that a write works.
      bench.journal.append({ ...before?.event, id: `again-${run}` })
      await bench.run()
      clock().advance(60 * minute)
    }
    expect(refused.tries()).toBeGreaterThan(30)
    expect(bench.letters()).toEqual([])
    expect(bench.pending().map(({ attempts }) => attempts)).toEqual(Array.from({ length: 12 }, () => 0))

    bench.exports.destinations.one.beforePublish = undefined
    await bench.run()
    expect([held().size, bench.pending()]).toEqual([13, []])
  }, 60_000)

  test('for a destination that is not down are tried one after the other until something arrives', async () => {
    bench.publish(30)
    const refused = refuse(() => true)
    await bench.run()
    clock().advance(60 * minute)
    for (let run = 0; run < 12; run++) {
      await bench.run()
      clock().advance(60 * minute)
    }
    const before = refused.tries()
    await bench.run()
    expect(refused.tries() - before).toBe(1)
  }, 60_000)
})

describe('parked work', () => {
  const downForever = () => {
    bench.exports.destinations.one.beforePublish = () => {
      throw transientError('ONE_UNREACHABLE', 'no connection to one', { upstream: 'ONE' })
    }
  }

  test.each([
    ['refused', () => void refuse(() => true)],
    ['unreachable', downForever],
  ])(
    'for a destination that stays %s is a dead letter after 14 days, and not before',
    async (_, begin) => {
      begin()
      bench.publish(8)
      await bench.run()
      const first = bench.pending()[0]?.history[0]?.at
      for (let run = 0; run < 4 * 13; run++) {
        clock().advance(day / 4)
        await bench.run()
      }
      clock().advance(day - minute)
      await bench.run()
      expect([bench.pending().length, bench.letters()]).toEqual([8, []])
      clock().advance(2 * minute)
      expect((await bench.run()).answer).toMatchObject({ deadLettered: 8, pending: 0 })
      expect(bench.pending()).toEqual([])
      expect(bench.letters()).toHaveLength(8)
      for (const letter of bench.letters()) {
        expect(letter).toMatchObject({ destination: 'one', firstFailure: first, tries: 0 })
        expect(letter.error.message).toContain('14 days')
        expect(['HTTPS_UNUSABLE', 'ONE_UNREACHABLE']).toContain(letter.error.code)
        expect(letter.history?.length).toBeGreaterThan(0)
        expect(letter.history?.length).toBeLessThanOrEqual(10)
      }
    },
    60_000,
  )

  test('is tried once more after 14 days, when runs come again', async () => {
    refuse(() => true)
    bench.publish(3)
    await bench.run()
    bench.exports.destinations.one.beforePublish = undefined
    clock().advance(40 * day)
    await bench.run()
    expect([held().size, bench.pending(), bench.letters()]).toEqual([3, [], []])
  })

  describe('and ends its activation whenever it is tried', () => {
    /** Memory or time was up: nothing of the activation goes on. */
    const killed = (): Promise<never> => new Promise(() => undefined)
    let tried: unknown[]

    async function parkKillers(count: number): Promise<void> {
      refuse(() => true)
      bench.publish(count)
      await bench.run()
      tried = []
      bench.exports.destinations.one.beforePublish = (key) => {
        tried.push({ key, marks: bench.pending().map(({ lastChance }) => lastChance) })
        return killed()
      }
    }

    /** A run whose activation is ended in its first try. */
    async function runUntilKilled(): Promise<void> {
      const before = tried.length
      const { limits } = bench
      void bench.run({ parts: { limits: { ...limits, concurrency: 1 } } }).catch(() => undefined)
      for (let turns = 0; tried.length === before && turns < 1_000; turns++)
        await new Promise((resolve) => setImmediate(resolve))
      expect(tried).toHaveLength(before + 1)
      // Its lease ends by itself.
      clock().advance(10 * minute)
    }

    test('has one last try after 14 days, and is a dead letter then', async () => {
      await parkKillers(1)
      clock().advance(13 * day)
      await runUntilKilled()
      await runUntilKilled()
      expect(bench.pending()).toHaveLength(1)
      expect(bench.pending()[0]).not.toHaveProperty('lastChance')

      clock().advance(2 * day)
      await runUntilKilled()
      expect(tried.at(-1)).toMatchObject({ marks: [expect.stringMatching(/^\d{4}-.*Z$/)] })
      expect(bench.letters()).toEqual([])

      expect((await bench.run()).answer).toMatchObject({ deadLettered: 1, pending: 0 })
      expect(tried).toHaveLength(3)
      expect(bench.pending()).toEqual([])
      expect(bench.letters()).toMatchObject([{ destination: 'one', error: { code: 'HTTPS_UNUSABLE' } }])
      expect(bench.letters()[0]?.error.message).toMatch(
        /14 days.* its last try, begun at .*Z, ended its activation/,
      )
    })

    test('costs other overdue work nothing', async () => {
      await parkKillers(3)
      clock().advance(15 * day)
      await runUntilKilled()
      bench.exports.destinations.one.beforePublish = undefined
      await bench.run()
      expect([held().size, bench.letters().length, bench.pending()]).toEqual([2, 1, []])
    })

    test('is given up by whoever works it off by its id', async () => {
      await parkKillers(1)
      clock().advance(15 * day)
      await runUntilKilled()
      const [{ id = '' } = {}] = bench.pending()
      const context = bench.exports.context(recordsOn(bench.store))
      const [worked] = await workOff([id], bench.exports.workParts, context)
      expect(worked?.outcome).toMatchObject({ kind: 'dead-letter', deadLetter: bench.letters()[0]?.id })
      expect([tried.length, bench.pending(), bench.letters().length]).toEqual([1, [], 1])
    })
  })

  test('does not end by its lifetime in State, though no run writes it again', async () => {
    refuse(() => true)
    bench.publish(1)
    await bench.run()
    clock().advance(200 * day)
    expect(bench.pending()).toHaveLength(1)
    await bench.run()
    expect(bench.letters()).toHaveLength(1)
  })

  test('of the version before ages from when it was recorded', async () => {
    refuse(() => true)
    bench.publish(2)
    await bench.run()
    const recorded = bench.pending()[0]?.since
    for (const [key, value] of bench.store.entries()) {
      if (!key.startsWith('pending.')) continue
      const { firstFailure: _, refused: __, ...before } = JSON.parse(value)
      await bench.store.put(key, JSON.stringify(before), 14 * 24 * 3600, new AbortController().signal)
    }
    clock().advance(10 * day)
    await bench.run()
    expect(bench.letters()).toEqual([])
    clock().advance(4 * day + minute)
    await bench.run()
    expect(bench.letters()).toMatchObject([{ firstFailure: recorded }, { firstFailure: recorded }])
  })

  test('is as old as the whole event, when that is split by destination', async () => {
    refuse(() => true)
    bench.publish(1)
    await bench.run()
    const [record] = bench.pending()
    if (record === undefined) throw new Error('nothing is parked')
    const { id, destination: _, ...part } = record
    await bench.store.remove(`pending.${id}`, signal)
    const whole = 'f'.repeat(32)
    await bench.store.put(`pending.${whole}`, JSON.stringify({ ...part, id: whole }), 3600 * 24 * 365, signal)
    clock().advance(10 * day)
    await bench.run()
    expect(bench.pending()).toMatchObject([{ id, destination: 'one', firstFailure: part.firstFailure }])

    clock().advance(4 * day + minute)
    await bench.run()
    expect([bench.pending(), bench.letters()]).toMatchObject([[], [{ firstFailure: part.firstFailure }]])
  })
})
