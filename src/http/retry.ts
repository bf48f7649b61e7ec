import { startAttempt } from '../core/attempt'
import type { Clock } from '../core/clock'
import { type BridgeError, toBridgeError, transientError } from '../core/errors'
import { type Backoff, fullJitter } from './backoff'
import { isWrongHost } from './network-error'
import { isUnsupported, mayPassStatus } from './status'

/** The part of a call that a repetition has to know. */
type Limits = { signal: AbortSignal; deadline: number }

/** Waits that grow, with full jitter. */
export type GrowingWaits = {
  /** A number from 0 up to 1. */
  random: () => number
  /** The first attempt included. @default 4 */
  attempts?: number
  /** By the failure, where not all are the same. @default 300 ms, doubling, up to 8 s */
  backoff?: Backoff | ((error: BridgeError) => Backoff)
}

/** Waits as they are, one before each repetition. */
export type GivenWaits = { waitsMs: readonly number[] }

/** How work is repeated. All times are in milliseconds. */
export type RetryRules<Waits = GrowingWaits | GivenWaits> = Waits & {
  clock: Clock
  /** A time of its own for each attempt, and what it fails with when that is up. */
  limit?: { ms: number; timeIsUp(): BridgeError }
  /** Kept before the deadline, for the answer. @default 0 */
  reserveMs?: number
  /** What was thrown, in the words of the app. @default toBridgeError */
  toError?(thrown: unknown): BridgeError
  /**
   * Tells whether another attempt makes sense, with what was thrown. It is not asked about what never passes.
   * @default mayPass
   */
  mayPass?(error: BridgeError, thrown: unknown): boolean
  /** Tells whether the failed attempt brought something all the same: then the count begins anew. @default never */
  isProgress?(): boolean
  /** Told before each wait. */
  onRepeat?(error: BridgeError, waitMs: number): void
}

/** The time of one attempt, and the error `<upstream>_TIMEOUT` for when it is up. */
export const timeLimit = (upstream: string, ms: number): NonNullable<RetryRules['limit']> => ({
  ms,
  timeIsUp: () =>
    transientError(`${upstream}_TIMEOUT`, `${upstream} did not answer within ${ms} ms`, { upstream }),
})

const usualBackoff: Backoff = { baseMs: 300, capMs: 8_000 }
const usualAttempts = 4

/** A transient failure: one without a status, or with a status that may pass. */
export const mayPass = ({ failureClass, status }: BridgeError): boolean =>
  failureClass === 'transient' && (status === undefined || mayPassStatus(status))

/** A status or a connection that stays as it is until somebody acts, whatever a caller thinks of it. */
const neverPasses = ({ status, connection }: BridgeError): boolean =>
  (status !== undefined && isUnsupported(status)) || (connection !== undefined && isWrongHost(connection))

/**
 * Does work, and does it again after failures that may pass: with full jitter, not before the moment that the service
 * names by Retry-After, and never beyond the deadline of the call. The only retry loop of the app; libraries' own are
 * off where they can be, for they know neither the deadline nor the signal.
 * @param work is told the number of the attempt, from 1. With a `limit` its call aborts when that is over
 * @param arrived asked before a repetition, with the failure: what the work would give, when it took effect although its
 * answer was lost. What it throws ends the loop: it repeats by itself what it needs to
 * @throws {BridgeError} of the last attempt
 * @throws the signal's reason
 */
export async function retry<T, Call extends Limits>(
  rules: RetryRules,
  call: Call,
  work: (own: Call, attempt: number) => Promise<T>,
  arrived?: (error: BridgeError) => Promise<T | undefined>,
): Promise<T> {
  const { toError = toBridgeError, mayPass: isWorthIt = mayPass } = rules
  let inARow = 0
  for (let attempt = 1; ; attempt++) {
    call.signal.throwIfAborted()
    let error: BridgeError
    const own = rules.limit && startAttempt(call.signal, rules.limit.ms)
    try {
      return await work(own ? { ...call, signal: own.signal } : call, attempt)
    } catch (thrown) {
      call.signal.throwIfAborted()
      error = rules.limit && own?.timedOut() ? rules.limit.timeIsUp() : toError(thrown)
      if (neverPasses(error) || !isWorthIt(error, thrown)) throw error
    } finally {
      own?.release()
    }
    inARow = rules.isProgress?.() ? 0 : inARow + 1
    await pause(error, inARow, rules, call)
    const found = await arrived?.(error)
    if (found !== undefined) return found
  }
}

/**
 * Waits before another attempt.
 * @param failed attempts in a row that brought nothing
 * @throws {BridgeError} `error`, when no attempt is left, or no time
 */
async function pause(error: BridgeError, failed: number, rules: RetryRules, call: Limits): Promise<void> {
  const { clock, reserveMs = 0 } = rules
  const own = waitFor(error, failed, rules)
  if (own === undefined) throw error
  const wait = Math.max(own, error.retryAfterMs ?? 0)
  if (clock.now() + wait + reserveMs >= call.deadline) throw error
  rules.onRepeat?.(error, wait)
  await clock.sleep(wait, call.signal)
}

/** Undefined when there is no attempt left. */
function waitFor(error: BridgeError, failed: number, rules: RetryRules): number | undefined {
  if ('waitsMs' in rules) return rules.waitsMs[Math.max(failed, 1) - 1]
  const { attempts = usualAttempts, backoff = usualBackoff, random } = rules
  if (failed >= attempts) return undefined
  const growth = typeof backoff === 'function' ? backoff(error) : backoff
  return fullJitter(growth, Math.max(failed, 1), random())
}
