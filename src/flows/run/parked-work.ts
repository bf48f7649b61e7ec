import type { Pending } from '../../delivery/pending'
import type { FlowContext, Flows } from '../event-flow'
import type { Parking } from './parking'

const readAtOnce = 16

/**
 * The parked work that is due and that these flows do. All that they would do is made known to the parking, due or not;
 * what belongs to another job is for that one's runs.
 * @param order of the ids: work that always fails must not stand before the same other work in every run
 * @throws {BridgeError} when State fails
 */
export async function* dueWork(
  flows: Flows,
  { parked }: Pick<Parking, 'parked'>,
  { pending, call, clock }: FlowContext,
  order: (ids: readonly string[]) => readonly string[] = (ids) => ids,
): AsyncGenerator<Pending> {
  const found: string[] = []
  for await (const id of pending.ids(call.signal)) found.push(id)
  const ids = order(found)
  for (let start = 0; start < ids.length; start += readAtOnce) {
    const some = ids.slice(start, start + readAtOnce)
    for (const record of await Promise.all(some.map((id) => pending.read(id, call.signal)))) {
      if (record === undefined || !Object.hasOwn(flows, record.action)) continue
      parked.set(record.id, Date.parse(record.since))
      if (Date.parse(record.nextTry) <= clock.now()) yield record
    }
  }
}
