import { chunksOf } from '../../core/chunks'
import type { Pending } from '../../delivery/pending'
import type { FlowContext, Flows } from '../event-flow'
import { renewRecord } from '../record-failure'
import type { Parking } from './parking'

const readAtOnce = 16

/**
 * The parked work that is due and that these flows handle. All work of these flows is registered with the parking,
 * due or not. Work of other jobs is ignored.
 * @param order of the ids: work that always fails must not come before the same other work in every run
 * @throws {BridgeError} when State fails
 */
export async function* dueWork(
  flows: Flows,
  { know }: Pick<Parking, 'know'>,
  context: FlowContext,
  order: (ids: readonly string[]) => readonly string[] = (ids) => ids,
): AsyncGenerator<Pending> {
  const { pending, call, clock } = context
  const found: string[] = []
  for await (const id of pending.ids(call.signal)) found.push(id)
  for (const some of chunksOf(order(found), readAtOnce)) {
    for (const record of await Promise.all(some.map((id) => pending.read(id, call.signal)))) {
      if (record === undefined || !Object.hasOwn(flows, record.action)) continue
      if ((await know(record)) !== undefined) continue
      await renewRecord(record, context)
      if (Date.parse(record.nextTry) <= clock.now()) yield record
    }
  }
}
