import { transientError } from '../../core/errors'
import type { FlowContext, Flows } from '../event-flow'
import { inParallel } from '../in-parallel'
import { type Outcome, toError, type Undone, undoneOf } from '../outcome'
import { perform } from '../perform'
import { recordRetry } from '../record-failure'
import { partOf, type Work } from '../work'
import type { SweepCounts } from './counts'

const atOnce = 16

/**
 * Takes the work of one page through its flows. What fails for good is a dead letter, what fails for now is parked.
 * @throws {BridgeError} when State fails, when as much is parked as may be, or when all of a page that is not small
 * fails for now: the page comes again
 */
export async function workOff(
  page: readonly Work[],
  parts: { flows: Flows; counts: SweepCounts; mayPark: () => boolean },
  context: FlowContext,
): Promise<void> {
  const { counts, flows } = parts
  const undone: { work: Work; one: Undone }[] = []
  let failed = 0
  await inParallel(page, atOnce, async (work) => {
    const outcome = await perform(work, flows, context)
    count(outcome, counts)
    const left = undoneOf(outcome, work.destination).filter(({ failure }) => failure.code !== switchedOff)
    if (left.length > 0) failed += 1
    undone.push(...left.map((one) => ({ work, one })))
  })
  const [first] = undone
  if (first !== undefined && page.length >= leastPage && failed === page.length)
    throw toError(first.one.failure)
  for (const { work, one } of undone) {
    if (!parts.mayPark()) throw full()
    await recordRetry(partOf(work, one.destination), one.failure, context)
    counts.parked += 1
  }
}

/** A few may fail together for a reason of their own. */
const leastPage = 5

/** An asset may name a destination that is not set up: a sweep leaves that alone, for it would come each time. */
const switchedOff = 'DESTINATION_OFF'

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
