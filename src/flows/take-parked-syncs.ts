import type { Clock } from '../core/clock'
import { BridgeError } from '../core/errors'
import type { Pending } from '../delivery/pending'
import type { FlowContext } from './event-flow'
import { inParallel } from './in-parallel'
import type { Parking } from './parking'
import { type Flows, perform } from './perform'
import { syncAction } from './recorded-work'

const atOnce = 8
/** So many failures and nothing that worked: the next run tries. */
const outage = 5

/**
 * Does what `pim-sync` has on record and is due.
 * @throws {BridgeError} the failure that stops the run where it stands
 */
export async function takeParkedSyncs(
  parts: { flows: Flows; clock: Clock; parking: Parking; parked: Map<string, number> },
  context: FlowContext,
  { endsAt }: { endsAt: number },
): Promise<{ done: number; deadLettered: number; again: number }> {
  const { clock, parking, parked, flows } = parts
  const { pending, call } = context
  const due: Pending[] = []
  const ids: string[] = []
  for await (const id of pending.ids(call.signal)) ids.push(id)
  await inParallel(ids, atOnce, async (id) => {
    const record = await pending.read(id, call.signal)
    if (record?.action !== syncAction) return
    parked.set(id, Date.parse(record.since))
    if (Date.parse(record.nextTry) <= clock.now()) due.push(record)
  })
  const counts = { done: 0, deadLettered: 0, again: 0 }
  await inParallel(due, atOnce, async (record) => {
    if (clock.now() >= endsAt) return
    const { kind, problems } = await perform(record, flows, context)
    if (kind !== 'again') {
      await parking.remove(record.id)
      counts[kind === 'dead-letter' ? 'deadLettered' : 'done'] += 1
      return
    }
    for (const problem of problems) await parking.park(record, problem)
    counts.again += 1
    const [first] = problems
    if (first === undefined) return
    const isOutage = counts.again >= outage && counts.done === 0
    if (first.failureClass === 'systemic' || isOutage)
      throw new BridgeError(first.failureClass, first.code, first.message, { upstream: first.upstream ?? '' })
  })
  return counts
}
