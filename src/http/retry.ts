import { startAttempt } from '../core/attempt'
import type { Clock } from '../core/clock'
import { type BridgeError, toBridgeError, transientError } from '../core/errors'
import { type Backoff, fullJitter } from './backoff'
import { isWrongHost } from './network-error'
import { isUnsupported, mayPassStatus } from './status'

/** The part of a call that a retry needs. */
type Limits = { signal: AbortSignal; deadline: number }

/** Exponential backoff with full jitter. */
export type GrowingWaits = {
  /** A number from 0 up to 1. */
  random: () => number
  /** The first attempt included. @default 4 */
  attempts?: number
  /** By the failure, where not all are the same. @default 300 ms, doubling, up to 8 s */
  backoff?: Backoff | ((error: BridgeError) => Backoff)
}

/** Fixed waits, one before each retry. */
export type GivenWaits = { waitsMs: readonly number[] }

/** How work is retried. All times are in milliseconds. */
export type RetryRules<Waits = GrowingWaits | GivenWaits> = Waits & {
  clock: Clock
  /** The time limit of each attempt, and the error when it is exceeded. */
  limit?: { ms: number; timeIsUp(): BridgeError }
  /** Kept before the deadline, for the answer. @default 0 */
  reserveMs?: number
  /** Converts a thrown value to an error of the app. @default toBridgeError */
  toError?(thrown: unknown): BridgeError
  /**
   * Whether a failure may pass, by what was thrown. It is not called for failures that never pass.
   * @default mayPass
   */
  mayPass?(error: BridgeError, thrown: unknown): boolean
  /** Whether the failed attempt made progress: then the attempts are counted from zero again. @default never */
  isProgress?(): boolean
  /** Called before each wait. */
  onRepeat?(error: BridgeError, waitMs: number): void
}

/**
 * The time limit of one attempt, and the error `<upstream>_TIMEOUT` when it is exceeded.
 * @param input the input that names the host, such as `IMS_URL`
 */
export const timeLimit = (
  upstream: string,
  ms: number,
  input?: string,
): NonNullable<RetryRules['limit']> => ({
  ms,
  timeIsUp: () =>
    transientError(
      `${upstream}_TIMEOUT`,
      `${upstream} did not answer within ${ms} ms${input === undefined ? '' : `; if it never does, check ${input}`}`,
      { upstream },
    ),
})

const usualBackoff: Backoff = { baseMs: 300, capMs: 8_000 }
const usualAttempts = 4

/** A transient failure: one without a status, or with a status that may pass. */
export const mayPass = ({ failureClass, status }: BridgeError): boolean =>
  failureClass === 'transient' && (status === undefined || mayPassStatus(status))

/** A status, or an error of a connection, that never passes by itself, whatever the predicate of the caller says. */
const neverPasses = ({ status, connection }: BridgeError): boolean =>
  (status !== undefined && isUnsupported(status)) || (connection !== undefined && isWrongHost(connection))

/**
 * Runs work and retries it after failures that may pass: with full jitter, not before the time in Retry-After, and
 * never beyond the deadline of the call. This is the only retry loop of the app. Those of libraries are off where
 * possible, since they know neither the deadline nor the signal.
 * @param work gets the number of the attempt, from 1. With a `limit` its call aborts at the time limit
 * @param arrived called with the failure before a retry: the result of the work, if it took effect although its
 * answer was lost. An error that it throws ends the loop, so it has to retry its own requests
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
 * @param failed attempts in a row without progress
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
