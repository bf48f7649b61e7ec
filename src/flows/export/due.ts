import type { Asset } from '../../core/asset'
import { type BridgeError, toBridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import { timeOf } from '../../events/event'
import { type UnusableKind, unusableOf } from '../../metadata/skip'
import { offTimeProperties } from '../../metadata/tell-pim'
import { itemsOf } from '../../metadata/values'
import { destinationsOf } from './export-request'

/** Why an asset is not due, as a key for reports: it never holds the name of an asset or a destination. */
export type NotDueKind =
  | UnusableKind
  | 'not-published'
  /** It waits for its next publication. What a destination holds of the one before stays right until then. */
  | 'newer-binary'
  | 'expired'
  | 'not-named'
  /** `exportDestination` cannot be read. */
  | 'names-invalid'

/** That an asset has to be at a destination, or why it has not. */
export type Due =
  | {
      isDue: true
      /** The destinations of those asked for, in the order in which the asset names them. At least one. */
      names: readonly string[]
    }
  | {
      isDue: false
      kind: NotDueKind
      /** For people. */
      reason: string
      /** `DESTINATIONS_INVALID`, with the kind `names-invalid`. */
      error?: BridgeError
    }

/**
 * Whom to believe that an asset is published: an event that tells of the publication, since the author may not know
 * yet; or what AEM says of the asset, for all work that no such event started.
 */
export type Trust = 'published-event' | 'state'

/**
 * The one rule of what is due: a file that is published to the publish tier, names the destination, and is not
 * discarded, infected or past its off time. A binary newer than the last publication waits for the next one. All that
 * copies, verifies or sweeps asks here.
 * The off time counts even for an event, since it does not lag behind one.
 * @param destinations the name or names to look for @default all that the asset names
 * @param now milliseconds since the epoch
 */
export function dueAt(
  asset: Asset,
  destinations: string | readonly string[] | undefined,
  now: number,
  trust: Trust,
): Due {
  const unusable = unusableOf(asset)
  if (unusable !== undefined) return { isDue: false, ...unusable }
  const asked = typeof destinations === 'string' ? [destinations] : destinations
  let named: readonly string[]
  try {
    named = destinationsOf(asset)
  } catch (thrown) {
    const error = toBridgeError(thrown)
    return { isDue: false, kind: 'names-invalid', reason: `${error.code}: ${error.message}`, error }
  }
  const names = named.filter((name) => asked === undefined || asked.includes(name))
  if (names.length === 0) return { isDue: false, kind: 'not-named', reason: notNamedReason(asked) }
  const not = expired(asset, now) ?? (trust === 'state' ? notPublished(asset) : undefined)
  return not === undefined ? { isDue: true, names } : { isDue: false, ...not }
}

type NotDue = { kind: NotDueKind; reason: string }

/** Whether AEM says that the asset is not published. Where AEM says nothing, an event counts. */
export const isUnpublished = ({ repository }: Asset): boolean => flagOf(repository) === false

/** The author's metadata have `isPublishedToAemPublish`, which is false before the first publication. */
function notPublished(asset: Asset): NotDue | undefined {
  const isPublished = flagOf(asset.repository)
  const published = timeIn(asset, 'aem:published')
  if (isPublished === false || (isPublished === undefined && published === undefined)) {
    return {
      kind: 'not-published',
      reason: 'the asset is not published: AEM does not tell that it is on the publish tier',
    }
  }
  return published !== undefined && isBinaryNewer(asset, published)
    ? {
        kind: 'newer-binary',
        reason: 'the binary is newer than the last publication and waits for the next one',
      }
    : undefined
}

/**
 * Only `dam:extracted` moves with the binary. `repo:modifyDate` moves with the metadata too, and so with each
 * enrichment: it can only prove that nothing has changed since the publication.
 */
function isBinaryNewer(asset: Asset, published: number): boolean {
  const extracted = timeIn(asset, 'dam:extracted')
  if (extracted === undefined || extracted <= published) return false
  return (timeIn(asset, 'repo:modifyDate') ?? extracted) > published
}

function expired(asset: Asset, now: number): NotDue | undefined {
  const isOff = offTimeProperties.some(
    (property) => (timeIn(asset, property) ?? Number.POSITIVE_INFINITY) <= now,
  )
  return isOff ? { kind: 'expired', reason: 'the off time of the asset is past' } : undefined
}

const notNamedReason = (asked: readonly string[] | undefined): string =>
  asked === undefined
    ? 'exportDestination names no destination'
    : `exportDestination does not name ${asked.length === 1 ? 'it' : asked.join(' or ')}`

/** Booleans may arrive as text. */
function flagOf({ isPublishedToAemPublish: flag }: Asset['repository']): boolean | undefined {
  const text = String(flag).toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : undefined
}

/** What AEM tells in either part of an asset's metadata. */
function timeIn({ metadata, repository }: Asset, property: string): number | undefined {
  const time = (value: JsonValue | undefined) => timeOf(itemsOf(value)[0])
  return time(metadata[property]) ?? time(repository[property])
}
