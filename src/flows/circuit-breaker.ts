import type { FailureClass } from '../core/errors'

/** The state of the systems that work depends on, as observed by one run. */
export type CircuitBreaker = {
  /** Reports a success of the system, which ends an outage. */
  worked(system: string): void
  /** Reports a failure. A systemic failure, or too many others in a row, mean that the system is down. */
  failed(system: string, failureClass: FailureClass, code?: string): void
  /** Whether the system counts as down; nothing more is sent to it, but for what `mayTry` lets through. */
  isDown(system: string): boolean
  /**
   * Whether one more piece of work may be sent to the system: always while it is up. While it is down, a few of those
   * that ask may, further and further apart, to see whether it works again.
   */
  mayTry(system: string): boolean
  /** Lets the next piece of work through to a system that is down. */
  tryOnce(system: string): void
  /** Whether the system worked at least once. Then a failure may be due to the work rather than the system. */
  hasWorked(system: string): boolean
  /** What is known at the end: the systems that are down, with the code of the last failure, and those that worked. */
  known(): KnownSystems
}

export type KnownSystems = {
  down: readonly { system: string; code: string | undefined }[]
  worked: readonly string[]
}

/** This many failures in a row, without a success between them, mean an outage. */
const maxInARow = 5
/** So much work is kept from a system that is down before one piece is let through; then twice as much, and so on. */
const skippedBeforeTry = 8

/**
 * An outage of AEM does not last this long: an older event that fails is parked, so that it does not block the rest.
 */
export const longestAemOutageMs = 6 * 3_600_000

/**
 * Creates a circuit breaker, closed for every system.
 * @param options.atOnce how much work runs at the same time. Running work may still succeed when the first five have
 * failed, so that many failures are required @default 1
 */
export function createCircuitBreaker({ atOnce = 1 }: { atOnce?: number } = {}): CircuitBreaker {
  const enough = Math.max(maxInARow, atOnce)
  const row = new Map<string, number>()
  const working = new Set<string>()
  const down = new Map<string, string | undefined>()
  const skipped = new Map<string, number>()
  const halfOpen = new Set<string>()
  return {
    worked(system) {
      working.add(system)
      for (const one of [row, down, skipped, halfOpen]) one.delete(system)
    },
    failed(system, failureClass, code) {
      const failures = (row.get(system) ?? 0) + 1
      row.set(system, failures)
      if (failureClass === 'systemic' || failures >= enough) down.set(system, code)
    },
    isDown: (system) => down.has(system),
    mayTry(system) {
      if (!down.has(system) || halfOpen.delete(system)) return true
      const count = (skipped.get(system) ?? 0) + 1
      skipped.set(system, count)
      return count >= skippedBeforeTry && Number.isInteger(Math.log2(count / skippedBeforeTry))
    },
    tryOnce: (system) => void halfOpen.add(system),
    hasWorked: (system) => working.has(system),
    known: () => ({
      down: [...down].map(([system, code]) => ({ system, code })),
      worked: [...working].filter((system) => !down.has(system)),
    }),
  }
}
