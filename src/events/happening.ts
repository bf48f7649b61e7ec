import type { AssetEvent } from './event'

/** What an event tells of an asset. */
export type Happening =
  /** AEM has extracted the metadata and made the renditions of a new or changed asset. */
  'processed' | 'published' | 'unpublished' | 'deleted' | 'created' | 'updated' | 'metadata-updated' | 'moved'

const happenings: Readonly<Record<string, Happening>> = {
  'aem.assets.asset.processing_completed': 'processed',
  'aem.assets.asset.published': 'published',
  'aem.assets.asset.unpublished': 'unpublished',
  'aem.assets.asset.deleted': 'deleted',
  'aem.assets.asset.created': 'created',
  'aem.assets.asset.updated': 'updated',
  xdmPublished: 'published',
  xdmUnpublished: 'unpublished',
  xdmDeleted: 'deleted',
  xdmCreated: 'created',
  xdmUpdated: 'updated',
}

/** Whether the type by itself tells what happened. */
export const isKnownType = (type: string): boolean => Object.hasOwn(happenings, type)

/** Adobe has announced these two, and has not published how the types are spelled. */
const metadataType = /^aem\.assets\.asset\.metadata[._-]?updated?$/i
const moveType = /^aem\.assets\.asset\.(moved?|renamed?|relocated?)$/i

/** What an event tells; undefined when it is of a type that is not known, and has nothing of a known shape. */
export function happeningOf({
  type,
  previousPath,
}: Pick<AssetEvent, 'type' | 'previousPath'>): Happening | undefined {
  if (isKnownType(type)) return happenings[type]
  if (metadataType.test(type)) return 'metadata-updated'
  return moveType.test(type) || previousPath !== undefined ? 'moved' : undefined
}

/** What changes an asset without its publication: both the enrichment of metadata and the export look at it. */
export const changes = ['metadata-updated', 'moved'] as const
export type Change = (typeof changes)[number]

/** Why a flow that does not handle this ignores it. */
export const reasonOf = (happening: Happening | undefined): string =>
  happening === undefined ? 'unknown event type' : reasons[happening]

const reasons: Readonly<Record<Happening, string>> = {
  processed: 'the asset was processed: that is for the enrichment of metadata',
  published: 'the asset was published: that is for the export',
  unpublished: 'the asset was unpublished: that is for the export',
  deleted: 'the asset was deleted: that is for the export',
  created: 'the asset was created: nothing to do before AEM has processed or published it',
  updated: 'the asset was updated: nothing to do before AEM has processed or published it',
  'metadata-updated': 'the metadata of the asset were changed: nothing follows from that here',
  moved: 'the asset was moved: nothing follows from that here',
}
