import * as v from 'valibot'
import { permanentError } from '../../core/errors'
import { enrichAsset } from '../enrich/enrich-asset'
import type { FlowContext } from '../event-flow'
import type { Outcome } from '../outcome'
import { type DeletedParts, syncDeleted } from './sync-deleted'
import type { SyncParts } from './sync-products'

const AssetEvent = v.object({
  source: v.optional(v.unknown()),
  asset: v.object({ id: v.optional(v.string()), path: v.optional(v.string()) }),
})
const DeletedEvent = v.object({
  deleted: v.array(v.object({ kind: v.picklist(['identifier', 'uuid', 'model']), value: v.string() })),
})

/**
 * The flow for recorded work of `pim-sync`: an asset, or deleted products.
 * @throws {BridgeError} whose failure class decides whether it is tried again or becomes a dead letter
 */
export async function syncAgain(
  event: unknown,
  parts: SyncParts & DeletedParts & { resolve(source: unknown): string },
  { call }: FlowContext,
): Promise<Outcome> {
  const asset = v.safeParse(AssetEvent, event)
  if (asset.success) {
    const {
      source,
      asset: { id, path },
    } = asset.output
    return enrichAsset({ origin: parts.resolve(source), id, path }, parts, call)
  }
  const deleted = v.safeParse(DeletedEvent, event)
  if (deleted.success) return syncDeleted(deleted.output.deleted, parts, call)
  throw permanentError(
    'EVENT_MALFORMED',
    'this is no record of pim-sync: it names neither an asset nor products',
  )
}
