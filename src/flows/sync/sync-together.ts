import { untilAborted } from '../../core/call-context'
import type { ProductRef } from '../../core/product'
import type { FlowContext } from '../event-flow'
import type { RunResult } from '../run/run-result'
import type { ReferenceBatcher } from './batch-references'
import { type SyncParts, syncProducts } from './sync-products'

/** What became of the references of several activations, and which of those did the work. */
export type SyncedTogether = { doneBy: string | undefined; result: RunResult }

/**
 * `syncProducts` for the references of several activations of a container at once. In a storm each brings some tens,
 * while one call to the PIM takes a hundred.
 * @returns what became of the whole batch. The activation that did the work has its counts; another one has the number of
 * its own references, and the name of that one in `doneBy`
 * @throws {BridgeError} what `syncProducts` threw, in each activation of the batch
 */
export async function syncTogether(
  references: readonly ProductRef[],
  parts: SyncParts & { batcher: ReferenceBatcher<SyncedTogether> },
  context: FlowContext,
): Promise<RunResult> {
  if (references.length === 0) return syncProducts(references, parts, context)
  const { activationId, call } = context
  const batch = parts.batcher.add(references, async (all) => ({
    doneBy: activationId,
    result: await syncProducts(all, parts, context),
  }))
  const { doneBy, result } = await untilAborted(batch, call.signal)
  if (doneBy === undefined || doneBy === activationId) return result
  call.logger.info('another activation did the work for this one', { references: references.length, doneBy })
  return { ...result, counts: { references: references.length }, details: { ...result.details, doneBy } }
}
