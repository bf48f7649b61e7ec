import { callContextOf } from '../core/call-context'
import { systemClock } from '../core/clock'
import { type BridgeError, transientError } from '../core/errors'
import { fullJitter } from '../http/backoff'

/** How a service is called again when it does not answer, or says "later". */
export type AttemptRules = {
  /** In errors, upper case: `AZURE`. */
  name: string
  /** For one attempt. */
  timeoutMs: number
  /** What the library threw, in our words. */
  toError(thrown: unknown): BridgeError
}

const maxAttempts = 4
const backoff = { baseMs: 300, capMs: 8_000 }

/** No answer, or one that may be another in a moment. */
const isPassing = ({ failureClass, status }: BridgeError): boolean =>
  status === undefined ||
  (failureClass === 'transient' && (status === 408 || status === 429 || status >= 500))

/**
 * Calls a service up to four times, with full jitter between, not before Retry-After and never beyond the deadline of
 * the call that the signal belongs to. Libraries' own retries stay off: they cannot be interrupted.
 * @throws {BridgeError} of the last attempt
 * @throws the signal's reason
 */
export async function withAttempts<T>(
  rules: AttemptRules,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const timeout = AbortSignal.timeout(rules.timeoutMs)
    try {
      return await call(AbortSignal.any([signal, timeout]))
    } catch (thrown) {
      signal.throwIfAborted()
      const error = timeout.aborted ? timedOut(rules) : rules.toError(thrown)
      const wait = Math.max(fullJitter(backoff, attempt, Math.random()), error.retryAfterMs ?? 0)
      const { deadline } = callContextOf(signal)
      if (!isPassing(error) || attempt >= maxAttempts || systemClock.now() + wait >= deadline) throw error
      await systemClock.sleep(wait, signal)
    }
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
