import { isRecord } from '../core/json'
import { requireBounded } from './bounds'
import { eventKey as cloudEventKey, decodeCloudEvent } from './cloud-event'
import type { AssetEvent, EventKey } from './event'
import { decodeXdmEvent, xdmBody, xdmKey } from './xdm-event'

/**
 * Decodes an event about an asset, whichever way AEM sent it: a CloudEvent of AEM Eventing or XDM of the event proxy,
 * bare or under `event`. Push, journal, worker and replay all come through here, before anything else looks at it.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function decodeEvent(raw: unknown): AssetEvent {
  requireBounded(raw)
  const body = xdmBody(raw)
  return body === undefined ? decodeCloudEvent(cloudEvent(raw)) : decodeXdmEvent(raw, body)
}

/** The key of an event, as far as it has one. */
export function eventKey(raw: unknown): EventKey {
  const body = xdmBody(raw)
  return body === undefined ? cloudEventKey(cloudEvent(raw)) : xdmKey(raw, body)
}

const cloudEvent = (raw: unknown): unknown =>
  isRecord(raw) && raw.type === undefined && isRecord(raw.event) ? raw.event : raw

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
