import type { FailureClass } from '../core/errors'

/** How the systems are doing that a piece of work depends on, as far as whoever does the work has seen. */
export type CircuitBreaker = {
  /** The system did what it was asked to. */
  worked(system: string): void
  /** It failed. A systemic failure, and too many others in a row, mean that it is down. */
  failed(system: string, failureClass: FailureClass): void
  /** Nothing more is asked of it. */
  isDown(system: string): boolean
  /** Whether it worked at least once: then what failed there may have failed for a reason of its own. */
  hasWorked(system: string): boolean
}

/** So many failures in a row, and nothing that worked between them, are no accident. */
const maxInARow = 5

/** AEM is never down for so long: what it does not give then is parked, so that the rest is not held up by it. */
export const longestAemOutageMs = 6 * 3_600_000
/** An outage that lasts longer is none: the work itself fails. */
export const longestOutageMs = 48 * 3_600_000

/**
 * Creates a circuit breaker, closed for every system.
 * @param options.atOnce so much is under way at the same time: what is begun may still work when the first five have
 * failed, so as many failures are awaited @default 1
 */
export function createCircuitBreaker({ atOnce = 1 }: { atOnce?: number } = {}): CircuitBreaker {
  const enough = Math.max(maxInARow, atOnce)
  const row = new Map<string, number>()
  const working = new Set<string>()
  const down = new Set<string>()
  return {
    worked(system) {
      working.add(system)
      row.delete(system)
    },
    failed(system, failureClass) {
      const failures = (row.get(system) ?? 0) + 1
      row.set(system, failures)
      if (failureClass === 'systemic' || failures >= enough) down.add(system)
    },
    isDown: (system) => down.has(system),
    hasWorked: (system) => working.has(system),
  }
}
