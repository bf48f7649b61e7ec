import fc from 'fast-check'
import type { Clock } from '../../src/core/clock'
import { type CallLimits, createCallLimiter } from '../../src/http/call-limiter'

const never = new AbortController().signal

/** A clock that goes on to the next sleeper when nothing else is left to do. */
function createVirtualClock(): Clock & { finish(): Promise<void> } {
  let now = 1_000_000
  let sleepers: { at: number; wake: () => void }[] = []
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve }
        sleepers.push(sleeper)
        signal.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper)
          reject(signal.reason)
        })
      }),
    async finish() {
      for (;;) {
        await new Promise(setImmediate)
        const next = sleepers.sort((a, b) => a.at - b.at).shift()
        if (next === undefined) return
        now = Math.max(now, next.at)
        next.wake()
      }
    },
  }
}

type Call = { startMs: number; durationMs: number; arrivesAt: number; fails: boolean; abortsAfterMs?: number }

/** Puts calls through a limiter; tells in which order they began, and when the service saw each. */
async function runCalls(limits: CallLimits, calls: readonly Call[]) {
  const clock = createVirtualClock()
  const limiter = createCallLimiter(limits, clock)
  const seen: number[] = []
  const began: number[] = []
  let [active, mostActive] = [0, 0]
  const all = calls.map(async ({ startMs, durationMs, arrivesAt, fails, abortsAfterMs }, index) => {
    const controller = new AbortController()
    await clock.sleep(startMs, never)
    if (abortsAfterMs !== undefined)
      clock.sleep(abortsAfterMs, never).then(() => controller.abort(new Error('time is up')))
    return limiter.run(controller.signal, async () => {
      began.push(index)
      mostActive = Math.max(mostActive, ++active)
      await clock.sleep(durationMs * arrivesAt, never)
      seen.push(clock.now())
      await clock.sleep(durationMs * (1 - arrivesAt), never)
      active -= 1
      if (fails) throw new Error('the work failed')
      return index
    })
  })
  const settled = Promise.allSettled(all)
  await clock.finish()
  return { results: await settled, seen: seen.sort((a, b) => a - b), began, mostActive }
}

const mostWithin = (seen: readonly number[], windowMs: number): number =>
  Math.max(0, ...seen.map((from) => seen.filter((at) => at >= from && at < from + windowMs).length))

const call = fc.record({
  startMs: fc.nat(30_000),
  durationMs: fc.nat(15_000),
  arrivesAt: fc.double({ min: 0, max: 1, noNaN: true }),
  fails: fc.boolean(),
})
const limitsOf = fc.record({
  calls: fc.integer({ min: 1, max: 8 }),
  windowMs: fc.constant(20_000),
  atOnce: fc.integer({ min: 1, max: 4 }),
})

describe('the limiter of calls', () => {
  it('keeps within what is allowed, whenever in its time a call arrives, and ends each', async () => {
    await fc.assert(
      fc.asyncProperty(limitsOf, fc.array(call, { maxLength: 40 }), async (limits, calls) => {
        const { results, seen, mostActive } = await runCalls(limits, calls)
        expect(mostWithin(seen, limits.windowMs)).toBeLessThanOrEqual(limits.calls)
        expect(mostActive).toBeLessThanOrEqual(limits.atOnce)
        expect(seen).toHaveLength(calls.length)
        for (const [index, { fails }] of calls.entries())
          expect(results[index]).toMatchObject(
            fails ? { status: 'rejected' } : { status: 'fulfilled', value: index },
          )
      }),
      { numRuns: 150 },
    )
  })

  it('lets go who does not wait any more, and keeps no place for them', async () => {
    const impatient = fc.tuple(call, fc.option(fc.nat(40_000), { nil: undefined }))
    await fc.assert(
      fc.asyncProperty(limitsOf, fc.array(impatient, { maxLength: 30 }), async (limits, given) => {
        const calls = given.map(([one, abortsAfterMs]) => ({
          ...one,
          fails: false,
          ...(abortsAfterMs === undefined ? {} : { abortsAfterMs }),
        }))
        const { results, seen, began } = await runCalls(limits, calls)
        expect(mostWithin(seen, limits.windowMs)).toBeLessThanOrEqual(limits.calls)
        for (const [index, result] of results.entries())
          expect(result.status).toBe(began.includes(index) ? 'fulfilled' : 'rejected')
        for (const [index, { abortsAfterMs }] of calls.entries())
          if (abortsAfterMs === undefined) expect(began).toContain(index)
      }),
      { numRuns: 150 },
    )
  })

  it('does what fits at once, in the order it came', async () => {
    const calls = Array.from({ length: 6 }, () => ({
      startMs: 0,
      durationMs: 100,
      arrivesAt: 0.5,
      fails: false,
    }))
    const { began, seen } = await runCalls({ calls: 4, windowMs: 20_000, atOnce: 2 }, calls)
    expect(began).toEqual([0, 1, 2, 3, 4, 5])
    expect(seen.map((at) => at - 1_000_000)).toEqual([50, 50, 150, 150, 20_150, 20_150])
  })

  it('does nothing for who has given up before', async () => {
    const limiter = createCallLimiter({ calls: 1, windowMs: 1, atOnce: 1 })
    const work = jest.fn()
    await expect(limiter.run(AbortSignal.abort(new Error('time is up')), work)).rejects.toThrow('time is up')
    expect(work).not.toHaveBeenCalled()
  })
})
