import type { MovableClock } from '../clock'

/** What the PIM allows one connection. */
export type Allowance = { callsAtOnce: number; callsPerSecond: number }

const documented: Allowance = { callsAtOnce: 4, callsPerSecond: 100 }

/** Counts the calls of one connection. */
export type Throttle = {
  /** Begins a call. Returns why it is one too many; or undefined when it may continue, and has to be ended. */
  begin(): string | undefined
  /** Holds a place of the calls at once, as an upload does while it arrives; false when there is none. */
  hold(): boolean
  end(): void
  /** The most calls that were under way at the same time, refused ones not counted. */
  peak(): number
  /** Calls refused so far. */
  refusals(): number
}

/** Creates the throttle of a connection; seconds pass by the clock. */
export const createThrottle = (clock: MovableClock, allowance: Allowance = documented): Throttle => {
  const { callsAtOnce, callsPerSecond } = allowance
  let underWay = 0
  let peak = 0
  let refusals = 0
  let recent: number[] = []

  const problem = (): string | undefined => {
    const now = clock.now()
    recent = recent.filter((time) => time > now - 1000)
    if (underWay >= callsAtOnce) return `You have more than ${callsAtOnce} calls at once.`
    if (recent.length >= callsPerSecond) return `You have made more than ${callsPerSecond} calls in a second.`
    return undefined
  }

  return {
    begin: () => {
      const found = problem()
      if (found !== undefined) {
        refusals += 1
        return found
      }
      recent.push(clock.now())
      underWay += 1
      peak = Math.max(peak, underWay)
      return undefined
    },
    hold: () => {
      if (underWay >= callsAtOnce) return false
      underWay += 1
      peak = Math.max(peak, underWay)
      return true
    },
    end: () => {
      underWay -= 1
    },
    peak: () => peak,
    refusals: () => refusals,
  }
}
