import type { Clock } from '../core/clock'
import { BridgeError } from '../core/errors'
import type { RequestLimit } from './http-client'
import { type HttpResponse, isOk } from './response'
import { mayPassStatus, takesNoMore } from './status'

/**
 * What an answer says about the load of its system:
 * - `refused`: it takes no more for now: 429, or 503 with Retry-After;
 * - `failed`: another failure that may pass, or no answer. It may be about this request alone;
 * - `slow`: answers take much longer than they can;
 * - `strained`: they take longer, so more requests would only wait there;
 * - `well`: none of them.
 */
export type LoadSign = 'refused' | 'failed' | 'slow' | 'strained' | 'well'

/**
 * @param isNew false when it was to be expected: the request was sent before the last such sign, or its answer came within
 * a second after that
 */
export type HearSign = (sign: LoadSign, isNew: boolean) => void

const newAfterMs = 1_000
/** How much one answer counts in the usual time of an answer. */
const weight = 0.05
/** By how much a system is slow, or strained: so many times its quick answers, and so much more than they take. */
const slow = { factor: 3, ms: 250 }
const strained = { factor: 1.5, ms: 20 }
/** What is quick is forgotten by and by: a system may get slower for good. */
const forgottenAMinute = 0.05
/** What the first answers take is their average; what is quick is known after so many. */
const firstAnswers = 1 / weight
/** A kind is a method and the beginning of a path; where those are many, the method alone. */
const maxKinds = 20

/** In milliseconds; `at` since the epoch. */
type Times = { count: number; usual: number; quick: number; at: number }

/** Runs requests to one system, and tells after each what its answer says about the load there. */
export function createLoadSigns(clock: Pick<Clock, 'now'>, hear: HearSign): RequestLimit {
  const times = new Map<string, Times>()
  const told = { refused: Number.NEGATIVE_INFINITY, other: Number.NEGATIVE_INFINITY }

  return async (work, kind) => {
    const started = clock.now()
    try {
      const answer = await work()
      // What is refused at once says nothing about how long the work takes.
      tell(failureOf(answer) ?? (isOk(answer) ? paceOf(kind, started) : 'well'), started)
      return answer
    } catch (thrown) {
      // What the caller gave up names no system.
      if (
        thrown instanceof BridgeError &&
        thrown.failureClass === 'transient' &&
        thrown.upstream !== undefined
      )
        tell('failed', started)
      throw thrown
    }
  }

  function tell(sign: LoadSign, started: number): void {
    if (sign === 'well' || sign === 'strained') {
      hear(sign, true)
      return
    }
    const now = clock.now()
    // What fails for its own sake must not hide a refusal.
    const which = sign === 'refused' ? 'refused' : 'other'
    const last = told[which]
    // A clock that was set back says nothing.
    const isNew = now < last || (started > last && now - last >= newAfterMs)
    if (isNew) told[which] = now
    hear(sign, isNew)
  }

  /** A search takes longer than a read, and a write may: each is compared with its kind. */
  function paceOf(kind: string, started: number): LoadSign {
    const now = clock.now()
    const ms = Math.max(1, now - started)
    const name = times.has(kind) || times.size < maxKinds ? kind : kind.slice(0, kind.indexOf(' '))
    const before = times.get(name) ?? { count: 0, usual: ms, quick: Number.POSITIVE_INFINITY, at: now }
    const count = before.count + 1
    const usual = before.usual + (ms - before.usual) * Math.max(1 / count, weight)
    const minutes = Math.max(0, now - before.at) / 60_000
    const known = count < firstAnswers ? Number.POSITIVE_INFINITY : usual
    const quick = Math.min(before.quick * (1 + forgottenAMinute * minutes), known)
    times.set(name, { count, usual, quick, at: now })
    const isOver = ({ factor, ms: more }: typeof slow): boolean =>
      usual > quick * factor && usual > quick + more
    return isOver(slow) ? 'slow' : isOver(strained) ? 'strained' : 'well'
  }
}

function failureOf({ status, headers }: Pick<HttpResponse, 'status' | 'headers'>): LoadSign | undefined {
  if (takesNoMore(status, headers.has('retry-after'))) return 'refused'
  return mayPassStatus(status) ? 'failed' : undefined
}
