import * as v from 'valibot'
import { permanentError } from '../core/errors'
import { isRecord, nonEmptyString } from '../core/json'
import { hostOfSource } from './author-name'
import { requireBounded } from './bounds'
import { type AssetEvent, type EventKey, timeOf } from './event'

/** AEM has extracted the metadata and made the renditions of a new or changed asset. */
export const processingCompleted = 'aem.assets.asset.processing_completed'

/** Only what is needed to tell what the event is: AEM's own samples disagree on the rest. */
const CloudEvent = v.object({
  type: v.pipe(v.string(), v.minLength(1)),
  source: v.optional(v.unknown()),
  time: v.optional(v.unknown()),
  data: v.optional(v.unknown()),
})

/** `N/A` stands for an id that AEM did not find. */
const notAvailable = 'N/A'

/**
 * Decodes a CloudEvent of AEM Assets. Every field but the type is optional, for AEM's own samples disagree on
 * them; an asset id or a path has to be there.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function decodeCloudEvent(raw: unknown): AssetEvent {
  requireBounded(raw)
  const parsed = v.safeParse(CloudEvent, raw)
  if (!parsed.success) throw malformed('it has no CloudEvents type')
  const { data, type } = parsed.output
  const content = isRecord(data) ? data : {}
  const repository = isRecord(content.repositoryMetadata) ? content.repositoryMetadata : {}
  return {
    key: eventKey(raw),
    type,
    host: repository['repo:repositoryId'] ?? hostOfSource(parsed.output.source),
    assetId: assetId(content.assetId) ?? assetId(repository['repo:assetId']),
    path: nonEmptyString(repository['repo:path']),
    assetClass: nonEmptyString(repository['repo:assetClass']),
    time: timeOf(parsed.output.time),
    tier: nonEmptyString(content.tier),
  }
}

/** The key of an event, as far as it has one; the delivery id stands in for a missing CloudEvents id. */
export function eventKey(raw: unknown): EventKey {
  const event = isRecord(raw) ? raw : {}
  return {
    source: nonEmptyString(event.source) ?? '',
    id: nonEmptyString(event.id) ?? nonEmptyString(event.eventid) ?? nonEmptyString(event.event_id) ?? '',
  }
}

/** @throws {BridgeError} permanent, `EVENT_MALFORMED`, when the event names no asset */
export function requireAsset(event: AssetEvent): void {
  if (event.assetId === undefined && event.path === undefined)
    throw malformed('it names neither an asset id nor a path')
}

function assetId(value: unknown): string | undefined {
  const id = nonEmptyString(value)?.trim()
  return id === notAvailable ? undefined : id
}

function malformed(why: string): Error {
  return permanentError('EVENT_MALFORMED', `this is no event of AEM Assets: ${why}`)
}
