import { isRecord, nonEmptyString } from '../core/json'
import { type AssetEvent, type EventKey, timeOf } from './event'

/** The event-proxy body: itself, or under `event` as I/O Events delivers it. Undefined when it is none. */
export function xdmBody(raw: unknown): Record<string, unknown> | undefined {
  const outer = isRecord(raw) ? raw : {}
  const body = isRecord(outer.event) ? outer.event : outer
  return isRecord(body['activitystreams:object']) ? body : undefined
}

/** `N/A` stands for an id that AEM did not find, as after a deletion. */
const notAvailable = 'N/A'

/**
 * Decodes an event of AEM's event proxy (the add-on that sent XDM events before AEM Eventing). Its etag is left
 * alone: it is random where the asset has no SHA-1.
 */
export function decodeXdmEvent(raw: unknown, body: Record<string, unknown>): AssetEvent {
  const object = isRecord(body['activitystreams:object']) ? body['activitystreams:object'] : {}
  const id = nonEmptyString(object['xdmAsset:asset_id'])
  return {
    key: xdmKey(raw, body),
    type: nonEmptyString(body['@type']) ?? '',
    host: hostOfRoot(repositoryRoot(body)),
    assetId: id === notAvailable ? undefined : id,
    path: nonEmptyString(object['xdmAsset:path']),
    assetClass: undefined,
    time: timeOf(body['activitystreams:published']),
    tier: undefined,
  }
}

/** The delivery id stands in for a missing `@id`. */
export function xdmKey(raw: unknown, body: Record<string, unknown>): EventKey {
  const outer = isRecord(raw) ? raw : {}
  return {
    source: nonEmptyString(repositoryRoot(body)) ?? '',
    id: nonEmptyString(body['@id']) ?? nonEmptyString(outer.eventid) ?? nonEmptyString(outer.event_id) ?? '',
  }
}

function repositoryRoot(body: Record<string, unknown>): unknown {
  const generator = body['activitystreams:generator']
  return isRecord(generator) ? generator['xdmContentRepository:root'] : undefined
}

/** The root is a URL with nothing behind the host; anything else is handed on as it is, to be refused. */
function hostOfRoot(root: unknown): unknown {
  if (typeof root !== 'string' || root === '') return root === '' ? undefined : root
  return /^https?:\/\/([^/]*)\/?$/.exec(root)?.[1] ?? root
}
