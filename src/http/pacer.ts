import type { Clock } from '../core/clock'
import { createCallLimiter } from './call-limiter'
import type { RequestLimit } from './http-client'
import { createLoadSigns, type HearSign } from './load-signs'

/** Spaces out the requests to a system, and slows down while it is busy. */
export type Pacer = {
  /** For `UpstreamOptions.shared`. */
  limit: RequestLimit
  /** Requests a second that are sent at most now. */
  rate(): number
}

const raiseEveryMs = 1_000
/** Of the rate that was asked for. */
const raiseBy = 0.05
const leastShare = 0.02

const never = new AbortController().signal

/**
 * Creates a pacer. When the system refuses a request the rate is halved, after other failures, and while answers take longer
 * and longer, it is lowered by a fifth, and otherwise it grows again, step by step, up to the one that was asked for.
 * @param options.perSecond requests a second at most; more than 0
 */
export function createPacer({ perSecond, clock }: { perSecond: number; clock: Clock }): Pacer {
  let rate = perSecond
  let raisedAt = clock.now()
  const limiter = createCallLimiter(() => {
    const calls = Math.max(1, Math.floor(rate))
    return { calls, windowMs: (calls / rate) * 1_000, atOnce: Number.POSITIVE_INFINITY }
  }, clock)
  const adapt: HearSign = (sign, isNew) => {
    if (sign === 'well' || sign === 'strained') {
      raise()
      return
    }
    raisedAt = clock.now()
    if (isNew) rate = Math.max(rate * (sign === 'refused' ? 0.5 : 0.8), perSecond * leastShare)
  }
  const watched = createLoadSigns(clock, adapt)

  return {
    rate: () => rate,
    limit: (send, kind) => limiter.run(never, () => watched(send, kind)),
  }

  function raise(): void {
    const now = clock.now()
    if (rate === perSecond || now - raisedAt < raiseEveryMs) return
    raisedAt = now
    rate = Math.min(perSecond, rate + perSecond * raiseBy)
  }
}
