import type { Logger } from './logger'

/** The context that one activation passes to everything it calls. It must not be kept after the call. */
export type CallContext = {
  logger: Logger
  /** Aborts when the time for the work is up. */
  signal: AbortSignal
  /** When that is, in milliseconds since the epoch. */
  deadline: number
  /** Set inside a step of `src/http/memory-gate.ts`. */
  memory?: MemoryHold
}

/** The memory that one step of work holds. */
export type MemoryHold = {
  /**
   * Counts bytes of an answer that are about to be read; negative when they are not held after all. If there is no
   * memory for them, the signal of the call aborts.
   */
  take(bytes: number): void
  /** The step has read what it needs and is about to change something: from now on it is not given up. */
  commit(): void
}

/**
 * The same call for a part of its work.
 * @param signal aborts with the call's own signal, or earlier
 * @param deadline of that part, in milliseconds since the epoch; it never ends later than the call does
 */
export const withSignal = (
  call: CallContext,
  signal: AbortSignal,
  deadline = Number.POSITIVE_INFINITY,
): CallContext => ({
  logger: call.logger,
  signal,
  deadline: Math.min(call.deadline, deadline),
  ...(call.memory === undefined ? {} : { memory: call.memory }),
})

/**
 * Waits for `work` no longer than the signal allows. The work itself may continue: several callers can wait for it.
 * @throws the signal's reason
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
