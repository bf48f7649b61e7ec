import type { Clock } from '../core/clock'
import { createCallLimiter } from './call-limiter'
import type { ConcurrencyLimit } from './http-client'
import { mayPassStatus } from './status'

/** Spaces out the requests to a system, and slows down while it is busy. */
export type Pacer = {
  /** For `UpstreamOptions.shared`. */
  limit: ConcurrencyLimit
  /** Requests a second that are sent at most now. */
  rate(): number
}

/** A moment of too many requests is over when so much time has passed: those sent before are no further sign. */
const cutEveryMs = 1_000
const raiseEveryMs = 1_000
/** Of the rate that was asked for. */
const raiseBy = 0.05
const leastShare = 0.02
/** How much one answer counts in the usual time of an answer. */
const weight = 0.05
/** An author counts as busy when answers take so many times as long as its quick ones, and so much longer. */
const slowFactor = 3
const slowMs = 250
/** The quick ones are forgotten by and by: an author may get slower for good. */
const forget = 1.001

const never = new AbortController().signal

/**
 * Creates a pacer. After 429 and its like the rate is halved, while answers take longer and longer it is lowered by a
 * fifth, and otherwise it grows again, step by step, up to the one that was asked for.
 * @param options.perSecond requests a second at most; more than 0
 */
export function createPacer({ perSecond, clock }: { perSecond: number; clock: Clock }): Pacer {
  let rate = perSecond
  let usualMs: number | undefined
  let quickMs = Number.POSITIVE_INFINITY
  let [cutAt, raisedAt] = [Number.NEGATIVE_INFINITY, clock.now()]
  const limiter = createCallLimiter(() => {
    const calls = Math.max(1, Math.floor(rate))
    return { calls, windowMs: (calls / rate) * 1_000, atOnce: Number.POSITIVE_INFINITY }
  }, clock)

  return {
    rate: () => rate,
    limit: (work) =>
      limiter.run(never, async () => {
        const started = clock.now()
        const answer = await work()
        const status = statusOf(answer)
        if (status !== undefined && mayPassStatus(status)) cut(0.5)
        else heard(clock.now() - started)
        return answer
      }),
  }

  function heard(ms: number): void {
    usualMs = usualMs === undefined ? ms : usualMs + (ms - usualMs) * weight
    quickMs = Math.min(quickMs * forget, usualMs)
    if (usualMs > quickMs * slowFactor && usualMs > quickMs + slowMs) cut(0.8)
    else raise()
  }

  function cut(to: number): void {
    const now = clock.now()
    raisedAt = now
    if (now - cutAt < cutEveryMs) return
    cutAt = now
    rate = Math.max(rate * to, perSecond * leastShare)
  }

  function raise(): void {
    const now = clock.now()
    if (rate === perSecond || now - raisedAt < raiseEveryMs) return
    raisedAt = now
    rate = Math.min(perSecond, rate + perSecond * raiseBy)
  }
}

const statusOf = (answer: unknown): number | undefined =>
  typeof answer === 'object' && answer !== null && 'status' in answer && typeof answer.status === 'number'
    ? answer.status
    : undefined
