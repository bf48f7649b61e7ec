import type { ProductRef } from '../../core/product'
import type { FlowContext } from '../event-flow'
import { type DeletedParts, type DeletedReport, syncDeleted } from './sync-deleted'
import { type SyncParts, type SyncReport, syncProducts } from './sync-products'

/** What `pim-sync` is started with. */
export type SyncWork = {
  references: readonly ProductRef[]
  /** Products that are gone from the PIM. */
  deleted: readonly ProductRef[]
  /** The record of what is gone; taken away when that is done, and the PIM knows none of it any more. */
  pending: string | undefined
}

/**
 * Does what was handed over.
 * @throws {BridgeError} when it fails as a whole: `reconcile` finds what changed, and has what is gone on record
 */
export async function syncWork(
  { references, deleted, pending }: SyncWork,
  parts: SyncParts & DeletedParts,
  context: FlowContext,
): Promise<SyncReport & { deleted?: DeletedReport }> {
  const { call } = context
  const report = await syncProducts(references, parts, call)
  if (deleted.length === 0) return report
  const gone = await syncDeleted(deleted, parts, call)
  // The search of the PIM may lag behind the deletion: `reconcile` asks again minutes later, and that counts.
  if (pending !== undefined && gone.known === 0) await context.pending.remove(pending, call.signal)
  return { ...report, deleted: gone }
}
