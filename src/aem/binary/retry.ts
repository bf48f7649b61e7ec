import { callContextOf } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { BridgeError } from '../../core/errors'
import { type Backoff, fullJitter } from '../../http/backoff'

/** Time and chance. */
export type RetryParts = { clock: Clock; random: () => number }

/** Tries in a row that bring nothing. */
const maxTries = 4
const backoff: Backoff = { baseMs: 300, capMs: 5_000 }

/** A file that changed has to be looked at anew, by others. */
const isRetryable = ({ failureClass, code }: BridgeError): boolean =>
  failureClass === 'transient' && code !== 'AEM_FILE_CHANGED'

/**
 * Waits before the next try: with full jitter, not less than AEM asks for, and never beyond the call's deadline.
 * @param barren tries in a row that brought nothing
 * @throws {BridgeError} `error`, when there is no point or no time in another try
 */
export async function waitForRetry(
  error: BridgeError,
  barren: number,
  { clock, random }: RetryParts,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (!isRetryable(error) || barren >= maxTries) throw error
  const wait = Math.max(fullJitter(backoff, barren + 1, random()), error.retryAfterMs ?? 0)
  if (clock.now() + wait >= callContextOf(signal).deadline) throw error
  await clock.sleep(wait, signal)
}
