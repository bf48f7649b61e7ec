import { type CallContext, untilAborted } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { transientError } from '../../core/errors'
import { inOwnTime } from '../../core/own-time'
import { upstreamName } from './errors'

/**
 * Does what several calls need at the same time once, and gives all of them its result.
 * @param key what is the same for them
 * @param call its end takes the result from nobody else
 */
export type Flights<T> = (
  key: string,
  call: CallContext,
  work: (call: CallContext) => Promise<T>,
) => Promise<T>

/** The waits between tries included. */
const limitMs = 30_000

/**
 * Creates them. The work has a time of its own.
 * @param what it brings, for the error when that time is up: `PIM_TIMEOUT`, transient
 */
export function createFlights<T>(clock: Clock, what: string): Flights<T> {
  const flights = new Map<string, Promise<T>>()
  const timeIsUp = (): Error =>
    transientError('PIM_TIMEOUT', `Akeneo gave no ${what} within ${limitMs} ms`, { upstream: upstreamName })

  return async (key, call, work) => {
    call.signal.throwIfAborted()
    let flight = flights.get(key)
    if (flight === undefined) {
      flight = inOwnTime(call, { limitMs, clock, timeIsUp }, work).finally(() => flights.delete(key))
      flights.set(key, flight)
    }
    return untilAborted(flight, call.signal)
  }
}
