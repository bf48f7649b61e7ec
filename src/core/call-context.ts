import type { Logger } from './logger'

/** What one activation hands to everything it calls. Nothing of it may be kept beyond the call. */
export type CallContext = {
  logger: Logger
  /** Aborts when the time for the work is up. */
  signal: AbortSignal
  /** When that is, in milliseconds since the epoch. */
  deadline: number
}

const contexts = new WeakMap<AbortSignal, CallContext>()

/** Makes a call's context known to those who are handed its signal only, as plug-ins are. */
export function bindCallContext(context: CallContext): CallContext {
  contexts.set(context.signal, context)
  return context
}

const silent = (): void => undefined

/** The context behind a signal; one without a deadline and without a log when the signal is a stranger's. */
export const callContextOf = (signal: AbortSignal): CallContext =>
  contexts.get(signal) ?? {
    signal,
    deadline: Number.POSITIVE_INFINITY,
    logger: { error: silent, warn: silent, info: silent, debug: silent },
  }

/**
 * Waits for `work` no longer than the signal allows. The work itself may go on: several callers can wait for it.
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
