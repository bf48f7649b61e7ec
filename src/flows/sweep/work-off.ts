import { transientError } from '../../core/errors'
import type { CircuitBreaker } from '../circuit-breaker'
import type { FlowContext, Flows } from '../event-flow'
import { inParallel } from '../in-parallel'
import { createKeptReads } from '../kept-reads'
import { type Outcome, toError, type Undone, undoneOf } from '../outcome'
import { perform } from '../perform'
import { recordRetry } from '../record-failure'
import { destinationSystem, isOutage, observe, systemOf } from '../systems'
import { partOf, type Work } from '../work'
import type { SweepCounts } from './counts'

/** Work of a sweep at the same time. */
export const worksAtOnce = 16

/**
 * Takes the work of one page through its flows, the enrichment first, since a sidecar holds what it writes. What fails for
 * good is a dead letter, what fails for now is parked.
 * @param parts.breaker of the whole run, for `worksAtOnce` at once
 * @throws {BridgeError} when State fails, when as much is parked as may be, or when AEM, IMS or the PIM is down: the page
 * comes again. A destination that is down has its work parked
 */
export async function workOff(
  page: readonly Work[],
  parts: { flows: Flows; counts: SweepCounts; breaker: CircuitBreaker; mayPark: () => boolean },
  context: FlowContext,
): Promise<void> {
  const { breaker, counts, flows } = parts
  const own = {
    ...context,
    isDown: (name: string) => breaker.isDown(destinationSystem(name)),
    // What needs no change is read once for both.
    reads: createKeptReads(context.clock),
  }
  const left: { work: Work; undone: Undone }[] = []
  const isEnriching = ({ action }: Work): boolean => action === 'generic'
  for (const some of [page.filter(isEnriching), page.filter((work) => !isEnriching(work))]) {
    await inParallel(some, worksAtOnce, async (work) => {
      const outcome = await perform(work, flows, own)
      observe(breaker, work, outcome)
      count(outcome, counts)
      const undone = undoneOf(outcome, work.destination)
      left.push(...undone.filter(isSetUp).map((one) => ({ work, undone: one })))
    })
  }
  const stopping = left.find(
    ({ work, undone }) => !isAtDestination(work, undone) && isOutage(breaker, work, undone),
  )
  if (stopping !== undefined) throw toError(stopping.undone.failure)
  for (const { work, undone } of left) {
    if (!parts.mayPark()) throw full()
    await recordRetry(partOf(work, undone.destination), undone.failure, context)
    counts.parked += 1
  }
}

const isAtDestination = (work: Work, undone: Undone): boolean =>
  undone.destination !== undefined && systemOf(work, undone) === destinationSystem(undone.destination)

/** An asset may name a destination that is not set up: a sweep leaves that alone, for it would come each time. */
const isSetUp = ({ failure }: Undone): boolean => failure.code !== 'DESTINATION_OFF'

const full = (): Error =>
  transientError(
    'PENDING_FULL',
    'PENDING_MAX: as many units of work are parked as may be; see what keeps them',
  )

function count(outcome: Outcome, counts: SweepCounts): void {
  if (outcome.kind === 'updated') counts.enriched += 1
  if (outcome.kind === 'dead-letter') counts.deadLettered += 1
  if (outcome.kind !== 'exported') return
  for (const one of outcome.destinations) {
    if (one.kind === 'dead-letter') counts.deadLettered += 1
    if (one.kind === 'handed-over') counts.stored += 1
    if (one.kind !== 'done') continue
    for (const file of one.files) {
      if (file.outcome === 'stored') counts.stored += 1
      if (file.outcome === 'removed') counts.removed += 1
    }
  }
}
