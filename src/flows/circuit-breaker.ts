import type { FailureClass } from '../core/errors'

/** The state of the systems that work depends on, as observed by one run. */
export type CircuitBreaker = {
  /** Reports a success of the system. */
  worked(system: string): void
  /** Reports a failure. A systemic failure, or too many others in a row, mean that the system is down. */
  failed(system: string, failureClass: FailureClass): void
  /** Whether the system counts as down; nothing more is sent to it. */
  isDown(system: string): boolean
  /** Whether the system worked at least once. Then a failure may be due to the work rather than the system. */
  hasWorked(system: string): boolean
}

/** This many failures in a row, without a success between them, mean an outage. */
const maxInARow = 5

/**
 * An outage of AEM does not last this long: an older event that fails is parked, so that it does not block the rest.
 */
export const longestAemOutageMs = 6 * 3_600_000
/** A longer outage does not count as one: the work itself fails. */
export const longestOutageMs = 48 * 3_600_000

/**
 * Creates a circuit breaker, closed for every system.
 * @param options.atOnce how much work runs at the same time. Running work may still succeed when the first five have
 * failed, so that many failures are required @default 1
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
