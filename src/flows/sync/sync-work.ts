import type { ProductRef } from '../../core/product'
import type { FlowContext } from '../event-flow'
import type { RunResult } from '../run/run-result'
import type { ReferenceBatcher } from './batch-references'
import { type DeletedParts, syncDeleted } from './sync-deleted'
import type { SyncParts } from './sync-products'
import { type SyncedTogether, syncTogether } from './sync-together'

/** What `pim-sync` is started with. */
export type SyncWork = {
  references: readonly ProductRef[]
  /** Products that were deleted in the PIM. */
  deleted: readonly ProductRef[]
  /** The record of the deleted products; removed when they are done and the PIM returns none of them any more. */
  pending: string | undefined
}

/**
 * Does what was handed over.
 * @throws {BridgeError} when it fails as a whole: `reconcile` finds what changed, and has what is gone on record
 */
export async function syncHandedOver(
  { references, deleted, pending }: SyncWork,
  parts: SyncParts & DeletedParts & { batcher: ReferenceBatcher<SyncedTogether> },
  context: FlowContext,
): Promise<RunResult> {
  const { call } = context
  // The references may be those of other activations, too: what fails there keeps no deletion from being done.
  const [synced] = await Promise.allSettled([syncTogether(references, parts, context)])
  const gone = deleted.length === 0 ? undefined : await syncDeleted(deleted, parts, call)
  if (synced.status === 'rejected') throw synced.reason
  const result = synced.value
  if (gone === undefined) return result
  const { assets, changed, known } = gone
  // The search of the PIM may lag behind the deletion: `reconcile` asks again minutes later, and that counts.
  if (pending !== undefined && known === 0) await context.pending.remove(pending, call.signal)
  return { ...result, details: { ...result.details, deleted: { assets, changed, known } } }
}
