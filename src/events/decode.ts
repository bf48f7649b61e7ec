import { requireBounded } from './bounds'
import { decodeCloudEvent, whyForeign } from './cloud-event'
import { type AssetEvent, type EventKey, timeOf } from './event'
import { deliveryId, keyOf } from './event-key'
import { changes, type Happening, happeningOf, reasonOf } from './happening'
import { type Unwrapped, unwrap } from './unwrap'
import { decodeXdmEvent, whyForeignXdm, xdmTime } from './xdm-event'

/**
 * Decodes an event about an asset, whichever way AEM sent it: a CloudEvent of AEM Eventing, or XDM of the event proxy,
 * each by itself or wrapped (`unwrap.ts`). Push, journal, worker and replay all come through here, before anything
 * else looks at it.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function decodeEvent(raw: unknown): AssetEvent {
  requireBounded(raw)
  return decodeFound(raw, unwrap(raw))
}

const decodeFound = (raw: unknown, found: Unwrapped): AssetEvent =>
  found.xdm === undefined ? decodeCloudEvent(raw, found) : decodeXdmEvent(found, found.xdm)

/** The key of an event, as far as it has one; it never throws. */
export const eventKey = (raw: unknown): EventKey => keyOf(unwrap(raw))

/** When an event happened, in milliseconds since the epoch; undefined when it does not say. It never throws. */
export function eventTime(raw: unknown): number | undefined {
  const found = unwrap(raw)
  if (found.xdm !== undefined) return xdmTime(found, found.xdm)
  const times = found.envelopes.toReversed().map(({ time }) => timeOf(time))
  return times.find((time) => time !== undefined)
}

/** The type of an event, as far as it has one; it never throws. */
export const eventType = (raw: unknown): string => typeIn(unwrap(raw)) ?? ''

function typeIn({ xdm, envelopes }: Unwrapped): string | undefined {
  const type = xdm?.['@type'] ?? envelopes.at(-1)?.type
  return typeof type === 'string' ? type : undefined
}

/** An event that a flow handles; or one that it acknowledges, and why. */
export type Reading<Handled extends Happening> =
  | { event: AssetEvent; happening: Handled; ignored?: undefined }
  | { ignored: { reason: string; eventType?: string } }

/** For messages; a type may be of any length. */
const maxType = 100

/**
 * Decodes an event for a flow. What is for others, and what the flow does not handle, is ignored with a reason; so only
 * an event of AEM Assets that is malformed fails.
 * @param handled what the flow handles
 * @param isFromJournal whether it is an entry of a journal, as it was written
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function readEvent<Handled extends Happening>(
  raw: unknown,
  handled: readonly Handled[],
  isFromJournal = false,
): Reading<Handled> {
  requireBounded(raw)
  const found = unwrap(raw)
  const isSent = isFromJournal || deliveryId(found.envelopes) !== undefined
  const foreign = found.xdm === undefined ? whyForeign(found, isSent) : whyForeignXdm(found.xdm)
  if (foreign !== undefined) {
    const type = typeIn(found)
    return {
      ignored: {
        reason: foreign,
        ...(type === undefined ? {} : { eventType: type.slice(0, maxType) }),
      },
    }
  }
  const event = decodeFound(raw, found)
  const happening = happeningOf(event)
  const ours = handled.find((one) => one === happening)
  const isNothing = event.assetId === undefined && event.path === undefined
  // The members of such an event are not published: without an asset it is none that is understood.
  const isUnclear = isNothing && changes.some((one) => one === happening)
  if (ours !== undefined && !isUnclear) return { event, happening: ours }
  const reason = ours === undefined ? reasonOf(happening) : 'the event names no asset'
  return { ignored: { reason, eventType: event.type.slice(0, maxType) } }
}

/** What happened to an asset, as far as export is concerned. */
export type Publication = 'published' | 'unpublished' | 'deleted'

export const publications: readonly Publication[] = ['published', 'unpublished', 'deleted']

/** What an event of this type means for export; undefined when nothing. */
export const publicationOf = (type: string): Publication | undefined => {
  const happening = happeningOf({ type, previousPath: undefined })
  return publications.find((one) => one === happening)
}
