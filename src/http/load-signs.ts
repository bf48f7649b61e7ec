import type { Clock } from '../core/clock'
import { BridgeError } from '../core/errors'
import type { ConcurrencyLimit } from './http-client'
import { isBusyStatus, mayPassStatus } from './status'

/**
 * What an answer says about the load of its system:
 * - `refused`: it takes no more now (429, 503);
 * - `failed`: another failure that may pass, or no answer in time. It may be about this request alone;
 * - `slower`: answers take much longer than they did;
 * - `still`: one of these again, within a second: those sent before are no further sign;
 * - `well`: none of them.
 */
export type LoadSign = 'refused' | 'failed' | 'slower' | 'still' | 'well'

const newSignAfterMs = 1_000
/** How much one answer counts in the usual time of an answer. */
const weight = 0.05
/** A system counts as slower when answers take so many times as long as its quick ones, and so much longer. */
const slowFactor = 3
const slowMs = 250
/** The quick ones are forgotten by and by: a system may get slower for good. */
const forget = 1.001

/** Runs requests to one system, and tells after each what its answer says about the load there. */
export function createLoadSigns(clock: Clock, tell: (sign: LoadSign) => void): ConcurrencyLimit {
  let usualMs: number | undefined
  let quickMs = Number.POSITIVE_INFINITY
  let toldAt = Number.NEGATIVE_INFINITY

  return async (work) => {
    const started = clock.now()
    try {
      const answer = await work()
      const status = statusOf(answer)
      if (status !== undefined && isBusyStatus(status)) busy('refused')
      else if (status !== undefined && mayPassStatus(status)) busy('failed')
      else if (isSlower(clock.now() - started)) busy('slower')
      else tell('well')
      return answer
    } catch (thrown) {
      // What the caller gave up says nothing about the system.
      if (thrown instanceof BridgeError && thrown.failureClass === 'transient') busy('failed')
      throw thrown
    }
  }

  function isSlower(ms: number): boolean {
    usualMs = usualMs === undefined ? ms : usualMs + (ms - usualMs) * weight
    quickMs = Math.min(quickMs * forget, usualMs)
    return usualMs > quickMs * slowFactor && usualMs > quickMs + slowMs
  }

  function busy(sign: LoadSign): void {
    const now = clock.now()
    const isNew = now - toldAt >= newSignAfterMs
    if (isNew) toldAt = now
    tell(isNew ? sign : 'still')
  }
}

const statusOf = (answer: unknown): number | undefined =>
  typeof answer === 'object' && answer !== null && 'status' in answer && typeof answer.status === 'number'
    ? answer.status
    : undefined
