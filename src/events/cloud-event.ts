import * as v from 'valibot'
import { permanentError } from '../core/errors'
import { isRecord, nonEmptyString } from '../core/json'
import { hostOfSource } from './author-name'
import { requireBounded } from './bounds'
import { type AssetEvent, timeOf } from './event'
import { idOf, keyOf } from './event-key'
import { isKnownType } from './happening'
import { newPath, previousPath } from './move'
import { type Unwrapped, unwrap } from './unwrap'

/** Only what is needed to tell what the event is: AEM's own samples disagree on the rest. */
const CloudEvent = v.object({
  type: v.pipe(v.string(), v.minLength(1)),
  source: v.optional(v.unknown()),
  time: v.optional(v.unknown()),
  data: v.optional(v.unknown()),
})

/**
 * Decodes a CloudEvent of AEM Assets. Every field but the type is optional, for AEM's own samples disagree on
 * them; an asset id or a path has to be there.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function decodeCloudEvent(raw: unknown, found: Unwrapped = unwrap(raw)): AssetEvent {
  requireBounded(raw)
  const parsed = v.safeParse(CloudEvent, found.envelopes.at(-1) ?? raw)
  if (!parsed.success) throw malformed('it has no CloudEvents type')
  const { data, type } = parsed.output
  const content = isRecord(data) ? data : {}
  const repository = isRecord(content.repositoryMetadata) ? content.repositoryMetadata : {}
  // What is known does not need to be guessed by its members.
  const previous = isKnownType(type) ? undefined : previousPath(content)
  const moved = previous === undefined ? undefined : newPath(content)
  return {
    key: keyOf(found),
    type,
    host: repository['repo:repositoryId'] ?? hostOfSource(parsed.output.source),
    assetId: assetId(content.assetId) ?? assetId(repository['repo:assetId']),
    path: nonEmptyString(repository['repo:path']) ?? moved,
    assetClass: nonEmptyString(repository['repo:assetClass']),
    time: timeOf(parsed.output.time),
    tier: nonEmptyString(content.tier),
    previousPath: previous,
  }
}

/** @throws {BridgeError} permanent, `EVENT_MALFORMED`, when the event names no asset */
export function requireAsset(event: AssetEvent): void {
  if (event.assetId === undefined && event.path === undefined)
    throw malformed('it names neither an asset id nor a path')
}

/** `N/A` stands for an id that AEM did not find. */
const assetId = (value: unknown): string | undefined => idOf(value)?.trim()

/**
 * Why an event is for others; undefined when it is a CloudEvent of AEM Assets, or might be if it were whole. Without a
 * type it might be when it names an asset, or when it has an id and stands by itself: what I/O Events wraps in `event`
 * may be anything. So may an entry of a journal.
 * @param isSent whether I/O Events is known to have sent it; what has no mark of that is no event at all
 */
export function whyForeign({ envelopes }: Unwrapped, isSent: boolean): string | undefined {
  const [outer, ...inner] = envelopes
  if (outer === undefined) return undefined
  const { type, id, data } = inner.at(-1) ?? outer
  if (typeof type === 'string' && type !== '') return type.startsWith(assetTypes) ? undefined : notOurs
  const isBroken = inner.length === 0 && (type !== undefined || typeof id === 'string')
  const isAsset = isRecord(data) && ('assetId' in data || 'repositoryMetadata' in data)
  return !isSent || isBroken || isAsset ? undefined : notOurs
}

const notOurs = 'it is about no asset of AEM'
const assetTypes = 'aem.assets.asset.'

function malformed(why: string): Error {
  return permanentError('EVENT_MALFORMED', `this is no event of AEM Assets: ${why}`)
}
