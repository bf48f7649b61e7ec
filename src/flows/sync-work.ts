import type { ProductRef } from '../core/product'
import type { FlowContext } from './event-flow'
import { type DeletedParts, syncDeleted } from './sync-deleted'
import { type SyncParts, type SyncReport, syncProducts } from './sync-products'

/** What `pim-sync` is started with. */
export type SyncWork = {
  references: readonly ProductRef[]
  /** Products that are gone from the PIM. */
  deleted: readonly ProductRef[]
  /** The record of what is gone; taken away when that is done. */
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
): Promise<SyncReport & { deleted?: { assets: number; changed: number } }> {
  const { call } = context
  const report = await syncProducts(references, parts, call)
  if (deleted.length === 0) return report
  const gone = await syncDeleted(deleted, parts, call)
  if (pending !== undefined) await context.pending.remove(pending, call.signal)
  return { ...report, deleted: gone }
}
