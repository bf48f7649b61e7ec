import type { Pending } from '../../delivery/pending'
import { createCircuitBreaker } from '../circuit-breaker'
import type { FlowContext, Flows } from '../event-flow'
import { inParallel } from '../in-parallel'
import { undoneOf, verdictOf } from '../outcome'
import { perform } from '../perform'
import { dueWork } from '../run/parked-work'
import type { Parking } from '../run/parking'
import { isOutage, observe } from '../systems'

const atOnce = 8

/**
 * Does the parked work of `pim-sync` that is due. Work that fails again stays parked and does not stop the run. When
 * a system is down, the rest waits for the next run.
 * @throws {BridgeError} when State fails
 */
export async function takeParkedSyncs(
  { flows, parking }: { flows: Flows; parking: Parking },
  context: FlowContext,
  { endsAt }: { endsAt: number },
): Promise<{ done: number; deadLettered: number; again: number }> {
  const { clock } = context
  const due: Pending[] = []
  for await (const record of dueWork(flows, parking, context)) due.push(record)
  // Work that the run before skipped comes first, so that work that always fails does not take every run.
  due.sort((one, other) => Date.parse(one.nextTry) - Date.parse(other.nextTry))
  const counts = { done: 0, deadLettered: 0, again: 0 }
  const breaker = createCircuitBreaker()
  let isOver = false
  await inParallel(due, atOnce, async (record) => {
    if (isOver || clock.now() >= endsAt) return
    await parking.begin(record)
    const outcome = await perform(record, flows, context)
    observe(breaker, record, outcome)
    const verdict = verdictOf(outcome)
    if (verdict !== 'again') {
      await parking.remove(record.id)
      counts[verdict === 'dead-letter' ? 'deadLettered' : 'done'] += 1
      return
    }
    const undone = undoneOf(outcome, record.destination)
    for (const one of undone) await parking.park(record, one)
    counts.again += 1
    isOver ||= undone.some((one) => isOutage(breaker, record, one))
  })
  return counts
}
