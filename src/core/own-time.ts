import { startAttempt } from './attempt'
import type { CallContext } from './call-context'
import type { Clock } from './clock'

/** How long work may take, whoever waits for it. */
export type OwnTime = {
  limitMs: number
  clock: Clock
  /** What the work ends with when its time is up. */
  timeIsUp(): Error
}

/**
 * Does work that several callers wait for. It has a time of its own, so that the end of the first caller takes the
 * result from nobody else; the log is the first caller's.
 * @throws `timeIsUp()`; what the work throws
 */
export async function inOwnTime<T>(
  caller: CallContext,
  { limitMs, clock, timeIsUp }: OwnTime,
  work: (call: CallContext) => Promise<T>,
): Promise<T> {
  const attempt = startAttempt(new AbortController().signal, limitMs, timeIsUp)
  try {
    return await work({
      logger: caller.logger,
      signal: attempt.signal,
      deadline: clock.now() + limitMs,
    })
  } finally {
    attempt.release()
  }
}
