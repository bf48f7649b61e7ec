import { messageOf } from './shown'

/**
 * The class of a failure, which decides what happens next.
 * - `transient`: may pass by itself (a 429, a 5xx, a cut connection): try later.
 * - `systemic`: nothing of this kind works until an operator acts (a refused credential): try later, too.
 * - `permanent`: trying again cannot help (the asset is gone): keep the event as a dead letter.
 */
export type FailureClass = 'transient' | 'systemic' | 'permanent'

/** What an error may carry besides its message. Nothing here may hold a secret. */
export type ErrorDetails = {
  /** The system that failed, such as `AEM`. */
  upstream?: string
  /** The HTTP status it answered. */
  status?: number
  /** Node's code of the connection that failed, such as `ECONNRESET`. */
  connection?: string
  /** How long the upstream asks to wait, in milliseconds. */
  retryAfterMs?: number
  cause?: unknown
}

/** The one error type of the app: a class that decides the answer, a stable code, a message that says what to do. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError'
  readonly failureClass: FailureClass
  /** Stable, upper case, for troubleshooting by symptom: `AEM_FORBIDDEN`. */
  readonly code: string
  readonly upstream: string | undefined
  readonly status: number | undefined
  readonly connection: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(failureClass: FailureClass, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.failureClass = failureClass
    this.code = code
    this.upstream = details.upstream
    this.status = details.status
    this.connection = details.connection
    this.retryAfterMs = details.retryAfterMs
  }

  toJSON(): {
    code: string
    message: string
    failureClass: FailureClass
    upstream?: string
    status?: number
  } {
    return {
      code: this.code,
      message: this.message,
      failureClass: this.failureClass,
      ...(this.upstream === undefined ? {} : { upstream: this.upstream }),
      ...(this.status === undefined ? {} : { status: this.status }),
    }
  }
}

/** A failure that may pass by itself. */
export const transientError = (code: string, message: string, details?: ErrorDetails): BridgeError =>
  new BridgeError('transient', code, message, details)

/** A failure that stays until an operator acts. */
export const systemicError = (code: string, message: string, details?: ErrorDetails): BridgeError =>
  new BridgeError('systemic', code, message, details)

/** A failure that no retry can fix. */
export const permanentError = (code: string, message: string, details?: ErrorDetails): BridgeError =>
  new BridgeError('permanent', code, message, details)

/** Converts a thrown value to a BridgeError. An unknown error is transient, so that no event is lost. */
export function toBridgeError(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  return transientError('UNEXPECTED', `unexpected error: ${messageOf(thrown)}`, { cause: thrown })
}
