import { eventKey as cloudEventKey, decodeCloudEvent } from './cloud-event'
import type { AssetEvent, EventKey } from './event'
import { decodeXdmEvent, xdmBody, xdmKey } from './xdm-event'

/**
 * Decodes an event about an asset, whichever way AEM sent it.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function decodeEvent(raw: unknown): AssetEvent {
  const body = xdmBody(raw)
  return body === undefined ? decodeCloudEvent(raw) : decodeXdmEvent(raw, body)
}

/** The key of an event, as far as it has one. */
export function eventKey(raw: unknown): EventKey {
  const body = xdmBody(raw)
  return body === undefined ? cloudEventKey(raw) : xdmKey(raw, body)
}

/** What happened to an asset, as far as export is concerned. */
export type Publication = 'published' | 'unpublished' | 'deleted'

const publications: Readonly<Record<string, Publication>> = {
  'aem.assets.asset.published': 'published',
  'aem.assets.asset.unpublished': 'unpublished',
  'aem.assets.asset.deleted': 'deleted',
  xdmPublished: 'published',
  xdmUnpublished: 'unpublished',
  xdmDeleted: 'deleted',
}

/** What an event of this type means for export; undefined when nothing. */
export const publicationOf = (type: string): Publication | undefined =>
  Object.hasOwn(publications, type) ? publications[type] : undefined
