import * as v from 'valibot'
import { permanentError } from '../../core/errors'
import { enrichmentResult } from '../enrich/enrich-answer'
import { enrichAsset } from '../enrich/enrich-asset'
import type { EventResult, FlowContext } from '../event-flow'
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
 * The flow behind what was recorded: an asset, or products that are gone.
 * @throws {BridgeError} whose failure class decides whether it is tried again or becomes a dead letter
 */
export async function syncAgain(
  event: unknown,
  parts: SyncParts & DeletedParts & { resolve(source: unknown): string },
  { call }: FlowContext,
): Promise<EventResult> {
  const asset = v.safeParse(AssetEvent, event)
  if (asset.success) {
    const {
      source,
      asset: { id, path },
    } = asset.output
    return enrichmentResult(await enrichAsset({ origin: parts.resolve(source), id, path }, parts, call))
  }
  const deleted = v.safeParse(DeletedEvent, event)
  if (deleted.success) {
    const counts = await syncDeleted(deleted.output.deleted, parts, call)
    return { message: 'the assets of deleted products are in step', outcome: 'updated', ...counts }
  }
  throw permanentError(
    'EVENT_MALFORMED',
    'this is no record of pim-sync: it names neither an asset nor products',
  )
}
