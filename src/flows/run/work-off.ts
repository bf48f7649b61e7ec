import type { Clock } from '../../core/clock'
import type { EventResult, FlowContext } from '../event-flow'
import { type Flows, perform } from '../perform'
import { mayBeOwnFailure } from './blame'
import { createParking } from './parking'

/** Does the pending work of these ids, one after the other; what is gone is done. What fails again stays pending. */
export async function workOff(
  ids: readonly string[],
  parts: { flows: Flows; clock: Clock; maxAttempts: number },
  context: FlowContext,
): Promise<readonly EventResult[]> {
  const { call, pending } = context
  const results: EventResult[] = []
  const parking = createParking(parts, context)
  for (const id of ids) {
    const record = await pending.read(id, call.signal)
    if (record === undefined) {
      results.push({ message: 'no such work: it is done', outcome: 'done', pending: id })
      continue
    }
    const { kind, message, bytes, problems } = await perform(record, parts.flows, {
      ...context,
      runtime: undefined,
    })
    const kept = new Set<string>()
    for (const problem of problems) kept.add(await parking.park(record, problem))
    if (!kept.has(id)) await pending.remove(id, call.signal)
    results.push({ message, outcome: kind === 'again' ? 'retry' : kind, bytes, pending: id })
  }
  await parking.count(mayBeOwnFailure)
  return results
}
