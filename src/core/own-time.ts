import { startAttempt } from './attempt'
import type { CallContext } from './call-context'
import type { Clock } from './clock'

/** The time limit of shared work. */
export type OwnTime = {
  limitMs: number
  clock: Clock
  /** The error when the time limit is exceeded. */
  timeIsUp(): Error
}

/**
 * Runs work that several callers wait for. It has its own time limit, so that the other callers still get the result
 * when the first one aborts. It logs to the log of the first caller.
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
