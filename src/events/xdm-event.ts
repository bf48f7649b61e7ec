import { permanentError } from '../core/errors'
import { isRecord, nonEmptyString } from '../core/json'
import { hostOfSource, hostOfUrl } from './author-name'
import { type AssetEvent, timeOf } from './event'
import { idOf, keyOf, repositoryRoot } from './event-key'
import type { Unwrapped } from './unwrap'

type Xdm = Record<string, unknown>

/**
 * Decodes an event of AEM's event proxy (the add-on that sent XDM events before AEM Eventing). What happened is in its
 * own type: that of a CloudEvent around it is whatever the operator called it. Its etag is left alone: it is random
 * where the asset has no SHA-1. An event about a page has a type that nobody knows.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function decodeXdmEvent(found: Unwrapped, xdm: Xdm): AssetEvent {
  const { envelopes } = found
  const type = nonEmptyString(xdm['@type'])
  if (type === undefined)
    throw permanentError('EVENT_MALFORMED', 'this is no event of AEM Assets: it has no XDM type (@type)')
  const subject = xdmSubject(xdm)
  const object = objectOf(xdm)
  const inside = envelopes.toReversed()
  const source = inside.map((envelope) => envelope.source).find((one) => one !== undefined)
  return {
    key: keyOf(found),
    type: subject === assetSubject ? type : `${type} of ${subject}`,
    host: hostOfUrl(repositoryRoot(xdm)) ?? hostOfSource(source),
    assetId: urnOf(object['xdmAsset:asset_id']),
    path: nonEmptyString(object['xdmAsset:path']),
    assetClass: undefined,
    time: xdmTime(found, xdm),
    tier: undefined,
    previousPath: undefined,
  }
}

const assetSubject = 'xdmAsset'

/** What an XDM event is about, such as `xdmAsset` or `xdmComponentizedPage`. */
const xdmSubject = (xdm: Xdm): string =>
  nonEmptyString(objectOf(xdm)['@type']) ?? nonEmptyString(xdm['xdmEventEnvelope:objectType']) ?? assetSubject

/** Why an XDM event is for others; undefined when it is about an asset of AEM. */
export function whyForeignXdm(xdm: Xdm): string | undefined {
  const subject = xdmSubject(xdm)
  if (subject !== assetSubject) return 'it is about something else than an asset'
  const id = urnOf(objectOf(xdm)['xdmAsset:asset_id'])
  // Creative Cloud's files have such events, too: urn:aaid:sc:...
  return id !== undefined && /^urn:aaid:(?!aem:)/i.test(id) ? 'it is about a file outside AEM' : undefined
}

/** When it happened: what it says itself, or the CloudEvent around it. */
export function xdmTime({ envelopes }: Unwrapped, xdm: Xdm): number | undefined {
  const times = [xdm['activitystreams:published'], ...envelopes.toReversed().map(({ time }) => time)]
  return times.map(timeOf).find((time) => time !== undefined)
}

const objectOf = (xdm: Xdm): Record<string, unknown> => {
  const object = xdm['activitystreams:object']
  return isRecord(object) ? object : {}
}

/** `N/A` stands for an id that AEM did not find, as after a deletion; then the path tells. */
function urnOf(value: unknown): string | undefined {
  const id = idOf(value)?.trim()
  return id?.startsWith('urn:') ? id : undefined
}
