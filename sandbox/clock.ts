/** A clock that tests can move. Times are milliseconds since the epoch. */
export type MovableClock = {
  /** The time now. */
  now(): number
  /** Moves the clock forward by so many milliseconds. */
  advance(ms: number): void
}

/**
 * A clock that starts at the real time and runs with it; a frozen one stands still until it is moved, for
 * tests that compare exact times.
 */
export const createClock = (options: { frozen?: boolean } = {}): MovableClock => {
  const start = Date.now()
  let offset = 0
  return {
    now: () => (options.frozen ? start : Date.now()) + offset,
    advance: (ms) => {
      if (!(ms >= 0)) throw new RangeError(`A clock only moves forward: ${ms} ms is not a duration`)
      offset += ms
    },
  }
}
