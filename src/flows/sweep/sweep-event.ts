import type { AssetRef } from '../../core/asset'
import { madeEvent } from '../../events/made-event'
import type { Work } from '../work'

/** Events that AEM would have sent. */
const types = {
  processed: 'aem.assets.asset.processing_completed',
  edited: 'aem.assets.asset.metadata_updated',
  moved: 'aem.assets.asset.moved',
  deleted: 'aem.assets.asset.deleted',
} as const

/** What a sweep has found out about an asset. */
export type Found = {
  ref: AssetRef
  kind: keyof typeof types
  previousPath?: string | undefined
}

/**
 * Work on an asset that no event told of. The same asset gives the same work each time it is found, so that it is on
 * record once.
 */
export const sweepWork = (
  action: Work['action'],
  { ref: { origin, id, path }, kind, previousPath }: Found,
  destination?: string,
): Work => ({
  action,
  event: madeEvent({
    id: `sweep ${kind} ${id ?? path}`,
    source: origin,
    type: types[kind],
    host: new URL(origin).host,
    // A publication at any time is later than a deletion of which nobody knows when it happened.
    ...(kind === 'deleted' ? { time: 0 } : {}),
    assetId: id,
    path,
    previousPath,
  }),
  ...(destination === undefined ? {} : { destination }),
})
