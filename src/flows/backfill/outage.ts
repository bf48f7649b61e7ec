import type { BridgeError } from '../../core/errors'
import { type CircuitBreaker, createCircuitBreaker } from '../circuit-breaker'
import { toError, undoneOf } from '../outcome'
import { isOutage, observe } from '../systems'
import type { Worked } from './task'

/** Watches the systems of a run, page by page. */
export type OutageWatch = {
  /** The failure of a system that is down, so that the pages after this one would fail, too. */
  after(page: readonly Worked[]): BridgeError | undefined
}

/** A few may fail together for a reason of their own. */
const leastPage = 5

/** Creates the watch of a run. */
export function createOutageWatch(): OutageWatch {
  const breaker: CircuitBreaker = createCircuitBreaker({ atOnce: 100 })
  return {
    after(page) {
      // AEM has just answered the search.
      breaker.worked('AEM')
      for (const { outcomes } of page) {
        for (const outcome of outcomes) {
          const work = { action: outcome.kind === 'exported' ? 'export-asset' : 'generic', event: {} }
          observe(breaker, work, outcome)
          const down = undoneOf(outcome).find((undone) => isOutage(breaker, work, undone))
          if (down !== undefined) return toError(down.failure)
        }
      }
      const failures = page.flatMap(({ outcomes }) => outcomes.flatMap((one) => undoneOf(one)))
      const [first] = failures
      const isWhole = page.length >= leastPage && page.every(isLost)
      return isWhole && first !== undefined ? toError(first.failure) : undefined
    },
  }
}

/** It failed, for a reason that may be that of all. That AEM refuses a folder to the account is one of that folder. */
const isLost = ({ outcomes }: Worked): boolean =>
  outcomes.length > 0 &&
  outcomes.every((outcome) => {
    const undone = undoneOf(outcome)
    return (
      undone.length > 0 &&
      undone.every(
        ({ failure: { failureClass, upstream } }) =>
          failureClass === 'transient' || (failureClass === 'systemic' && upstream !== 'AEM'),
      )
    )
  })
