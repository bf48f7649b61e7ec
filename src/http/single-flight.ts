import { type CallContext, untilAborted } from '../core/call-context'
import type { Clock } from '../core/clock'
import type { BridgeError } from '../core/errors'
import { inOwnTime } from '../core/own-time'

/**
 * Runs work once for several concurrent callers, and gives all of them its result.
 * @param key callers with the same key share the work
 * @param call the caller's; if it aborts, the other callers still get the result
 * @param work gets a context of its own, with the log of the caller that came first
 * @throws what the work throws, to all of them; the signal's reason
 */
export type SingleFlight<T> = (
  key: string,
  call: CallContext,
  work: (own: CallContext) => Promise<T>,
) => Promise<T>

/**
 * Creates a single-flight group. Nothing is kept once the work has ended.
 * @param options.limitMs how long the work may take, its retries included
 * @param options.late the error when that time is up
 */
export function createSingleFlight<T>(options: {
  clock: Clock
  limitMs: number
  late: () => BridgeError
}): SingleFlight<T> {
  const { clock, limitMs, late } = options
  const flights = new Map<string, Promise<T>>()

  return async (key, call, work) => {
    call.signal.throwIfAborted()
    let flight = flights.get(key)
    if (flight === undefined) {
      flight = inOwnTime(call, { limitMs, clock, timeIsUp: late }, work).finally(() => flights.delete(key))
      flights.set(key, flight)
    }
    return untilAborted(flight, call.signal)
  }
}
