import type { FailureClass } from '../../core/errors'

/** How the systems that a run depends on are doing, as far as the run has seen. */
export type Systems = {
  /** It did what it was asked to. */
  worked(system: string): void
  /** It failed. Systemic failures, and too many others in a row, mean that it is down. */
  failed(system: string, failureClass: FailureClass): void
  /** Nothing more is asked of it in this run. */
  isDown(system: string): boolean
  /** Whether it worked at least once: then what failed there failed for a reason of its own. */
  hasWorked(system: string): boolean
}

/** So many failures in a row, and nothing that worked between them, are no accident. */
const maxInARow = 5

/** Creates the view of one run. */
export function createSystems(): Systems {
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
      if (failureClass === 'systemic' || failures >= maxInARow) down.add(system)
    },
    isDown: (system) => down.has(system),
    hasWorked: (system) => working.has(system),
  }
}
