import type { Clock } from '../../core/clock'
import type { Pending } from '../../delivery/pending'
import type { FlowContext } from '../event-flow'
import { inParallel } from '../in-parallel'
import { type Flows, perform } from '../perform'
import type { Parking } from '../run/parking'
import { syncAction } from './recorded-work'

const atOnce = 8
/** With so many failures and nothing that worked the rest waits for the next run. */
const outage = 5

/**
 * Does what `pim-sync` has on record and is due. What fails again stays on record, and does not stop the run: these are
 * those that fail.
 * @throws {BridgeError} when State fails
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
  // What was left alone in the run before comes first: what always fails must not always be what is tried.
  due.sort((one, other) => Date.parse(one.nextTry) - Date.parse(other.nextTry))
  const counts = { done: 0, deadLettered: 0, again: 0 }
  await inParallel(due, atOnce, async (record) => {
    if (clock.now() >= endsAt || (counts.again >= outage && counts.done === 0)) return
    const { kind, problems } = await perform(record, flows, context)
    if (kind !== 'again') {
      await parking.remove(record.id)
      counts[kind === 'dead-letter' ? 'deadLettered' : 'done'] += 1
      return
    }
    for (const problem of problems) await parking.park(record, problem)
    counts.again += 1
  })
  return counts
}
