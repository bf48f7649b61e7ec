import { bindCallContext, callContextOf, untilAborted } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { transientError } from '../../core/errors'
import { upstreamName } from './errors'

/**
 * Does what several calls need at the same time once, and gives all of them its result.
 * @param key what is the same for them
 * @param signal of the call; its end takes the result from nobody else
 */
export type Flights<T> = (
  key: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>

/** The waits between tries included. */
const limitMs = 30_000

/**
 * Creates them. The work has a time of its own.
 * @param what it brings, for the error when that time is up: `PIM_TIMEOUT`, transient
 */
export function createFlights<T>(clock: Clock, what: string): Flights<T> {
  const flights = new Map<string, Promise<T>>()

  return async (key, signal, work) => {
    signal.throwIfAborted()
    let flight = flights.get(key)
    if (flight === undefined) {
      flight = inOwnTime(signal, work).finally(() => flights.delete(key))
      flights.set(key, flight)
    }
    return untilAborted(flight, signal)
  }

  async function inOwnTime(caller: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const timer = setTimeout(() => {
      const problem = `Akeneo gave no ${what} within ${limitMs} ms`
      controller.abort(transientError('PIM_TIMEOUT', problem, { upstream: upstreamName }))
    }, limitMs)
    const call = bindCallContext({
      logger: callContextOf(caller).logger,
      signal: controller.signal,
      deadline: clock.now() + limitMs,
    })
    try {
      return await work(call.signal)
    } finally {
      clearTimeout(timer)
    }
  }
}
