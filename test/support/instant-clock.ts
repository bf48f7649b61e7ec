import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock'

/** The machine's own time, but for sleeping: that passes at once, and is written down. For servers with a time of their own. */
export type InstantClock = Clock & {
  /** How long was to be slept, each time, in milliseconds. */
  sleeps: number[]
}

/** Creates one. */
export function createInstantClock(): InstantClock {
  const sleeps: number[] = []
  return {
    sleeps,
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      sleeps.push(ms)
      // What the server does meanwhile needs a turn of the event loop.
      await nextTurn()
      signal.throwIfAborted()
    },
  }
}
