import { startAttempt } from '../../core/attempt'
import { callContextOf } from '../../core/call-context'
import { systemClock } from '../../core/clock'
import { type BridgeError, transientError } from '../../core/errors'
import { fullJitter } from '../../http/backoff'

/** How a service is called again when it does not answer, or says "later". */
export type AttemptRules = {
  /** In errors, upper case: `AZURE`. */
  name: string
  /** For one attempt. */
  timeoutMs: number
  /** What the library threw, in our words. */
  toError(thrown: unknown): BridgeError
  /** @default 4 */
  maxAttempts?: number
  /** Codes of ours that are worth another attempt, whatever the status. */
  again?: readonly string[]
}

const backoff = { baseMs: 300, capMs: 8_000 }

/** No answer, or one that may be another in a moment. */
const isPassing = ({ failureClass, status, code }: BridgeError, again: readonly string[]): boolean =>
  status === undefined ||
  again.includes(code) ||
  (failureClass === 'transient' && (status === 408 || status === 429 || status >= 500))

/**
 * Calls a service up to four times, with full jitter between, not before Retry-After and never beyond the deadline of
 * the call that the signal belongs to. Libraries' own retries stay off: they cannot be interrupted.
 * @param arrived asked before the call is repeated: what it would give, when it took effect although its answer was lost
 * @throws {BridgeError} of the last attempt
 * @throws the signal's reason
 */
export async function withAttempts<T>(
  rules: AttemptRules,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
  arrived?: (signal: AbortSignal) => Promise<T | undefined>,
): Promise<T> {
  const { maxAttempts = 4, again = [] } = rules
  for (let number = 1; ; number++) {
    signal.throwIfAborted()
    const attempt = startAttempt(signal, rules.timeoutMs)
    let wait: number
    try {
      const found = number === 1 ? undefined : await arrived?.(attempt.signal)
      return found ?? (await call(attempt.signal))
    } catch (thrown) {
      signal.throwIfAborted()
      const error = attempt.timedOut() ? timedOut(rules) : rules.toError(thrown)
      wait = Math.max(fullJitter(backoff, number, Math.random()), error.retryAfterMs ?? 0)
      const { deadline } = callContextOf(signal)
      if (!isPassing(error, again) || number >= maxAttempts || systemClock.now() + wait >= deadline)
        throw error
    } finally {
      attempt.release()
    }
    await systemClock.sleep(wait, signal)
  }
}

const timedOut = ({ name, timeoutMs }: AttemptRules): BridgeError =>
  transientError(`${name}_TIMEOUT`, `${name} did not answer within ${timeoutMs} ms`, { upstream: name })

/** Errors that say that nothing listens there, or not who was expected: an operator has to act. */
const wrongHost =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|CERT_|ERR_TLS|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/

/** The code of a failed connection, wherever the library put it; undefined when it is no such failure. */
export function connectionCode(thrown: unknown): string | undefined {
  for (
    let error: unknown = thrown, depth = 0;
    error instanceof Error && depth < 4;
    error = error.cause, depth++
  ) {
    const inner = error instanceof AggregateError ? error.errors[0] : error
    if (inner instanceof Error && 'code' in inner && typeof inner.code === 'string') return inner.code
  }
  return undefined
}

/** Tells whether a failed connection stays one until an operator acts. */
export const isWrongHost = (code: string): boolean => wrongHost.test(code)
