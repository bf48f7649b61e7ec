import { permanentError } from '../core/errors'
import { isRecord, nonEmptyString } from '../core/json'
import { hostOfSource, hostOfUrl } from './author-name'
import { type AssetEvent, type EventKey, timeOf } from './event'

/** The event-proxy body: itself, or under `event` as I/O Events delivers it. Undefined when it is none. */
export function xdmBody(raw: unknown): Record<string, unknown> | undefined {
  const outer = isRecord(raw) ? raw : {}
  const body = isRecord(outer.event) ? outer.event : outer
  return isRecord(body['activitystreams:object']) ? body : undefined
}

/**
 * Decodes an event of AEM's event proxy (the add-on that sent XDM events before AEM Eventing). Its etag is left
 * alone: it is random where the asset has no SHA-1. An event about a page has a type that nobody knows.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function decodeXdmEvent(raw: unknown, body: Record<string, unknown>): AssetEvent {
  const object = isRecord(body['activitystreams:object']) ? body['activitystreams:object'] : {}
  const type = nonEmptyString(body['@type'])
  if (type === undefined)
    throw permanentError('EVENT_MALFORMED', 'this is no event of AEM Assets: it has no XDM type (@type)')
  const subject = nonEmptyString(object['@type']) ?? 'xdmAsset'
  return {
    key: xdmKey(raw, body),
    type: subject === 'xdmAsset' ? type : `${type} of ${subject}`,
    host: hostOfUrl(repositoryRoot(body)) ?? hostOfSource(isRecord(raw) ? raw.source : undefined),
    assetId: assetId(object['xdmAsset:asset_id']),
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

/** `N/A` stands for an id that AEM did not find, as after a deletion; then the path tells. */
function assetId(value: unknown): string | undefined {
  const id = nonEmptyString(value)?.trim()
  return id?.startsWith('urn:') ? id : undefined
}

function repositoryRoot(body: Record<string, unknown>): unknown {
  const generator = body['activitystreams:generator']
  return isRecord(generator) ? generator['xdmContentRepository:root'] : undefined
}
