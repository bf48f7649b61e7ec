import type { MovableClock } from '../../sandbox/clock'
import type { Clock } from '../../src/core/clock'

/** A clock that stands still until it is moved; sleeping moves it at once, and is written down. */
export type TestClock = Clock &
  MovableClock & {
    /** How long was slept, each time, in milliseconds. */
    sleeps: number[]
  }

/** Creates one; it drives the app and the stand-ins alike. */
export function createTestClock(start = Date.parse('2030-01-02T03:04:05.000Z')): TestClock {
  let now = start
  const sleeps: number[] = []
  return {
    sleeps,
    now: () => now,
    advance: (ms) => {
      now += ms
    },
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      sleeps.push(ms)
      now += ms
    },
  }
}
