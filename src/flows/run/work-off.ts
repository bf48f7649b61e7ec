import type { FlowContext, Flows } from '../event-flow'
import { type Outcome, undoneOf } from '../outcome'
import { perform } from '../perform'
import { mayBeOwnFailure } from '../systems'
import { createParking } from './parking'

/** The outcome of pending work; undefined when there is no record of that id, since the work is done. */
export type WorkedOff = { id: string; outcome: Outcome | undefined }

/**
 * Does the pending work of these ids, one after the other. Work that fails again stays pending.
 * @throws {BridgeError} when State fails: what is not done stays pending
 */
export async function workOff(
  ids: readonly string[],
  parts: { flows: Flows; maxAttempts: number },
  context: FlowContext,
): Promise<readonly WorkedOff[]> {
  const { call, pending } = context
  const results: WorkedOff[] = []
  const parking = createParking(parts, context)
  for (const id of ids) {
    const record = await pending.read(id, call.signal)
    if (record === undefined) {
      results.push({ id, outcome: undefined })
      continue
    }
    const givenUp = await parking.know(record)
    if (givenUp !== undefined) {
      results.push({ id, outcome: givenUp })
      continue
    }
    await parking.begin(record)
    const outcome = await perform(record, parts.flows, { ...context, runtime: undefined })
    const kept = new Set<string>()
    for (const undone of undoneOf(outcome, record.destination))
      kept.add(await parking.park(record, undone, record))
    if (!kept.has(id)) await parking.remove(id)
    results.push({ id, outcome })
  }
  await parking.count(mayBeOwnFailure)
  return results
}
