import { isRecord, nonEmptyString } from '../core/json'
import type { EventKey } from './event'
import type { Unwrapped } from './unwrap'

/**
 * The key of an event, as far as it has one. The CloudEvents source and id come first, then the `@id` of an XDM event
 * with its repository, then the id that I/O Events gave to it.
 */
export function keyOf({ envelopes, xdm }: Unwrapped): EventKey {
  const inside = envelopes.toReversed()
  const root = xdm === undefined ? undefined : repositoryRoot(xdm)
  const sourceOf = (event: Record<string, unknown> | undefined): string =>
    nonEmptyString(event?.source) ?? nonEmptyString(root) ?? ''
  const event = inside.find(({ id }) => idOf(id) !== undefined)
  if (event !== undefined) return { source: sourceOf(event), id: idOf(event.id) ?? '' }
  const own = idOf(xdm?.['@id'])
  if (own !== undefined) return { source: nonEmptyString(root) ?? '', id: own }
  return {
    source: sourceOf(inside.find(({ source }) => nonEmptyString(source) !== undefined)),
    id: deliveryId(envelopes) ?? '',
  }
}

/** The id that I/O Events gave to what it delivers, by its new name or its old one. */
export function deliveryId(envelopes: Unwrapped['envelopes']): string | undefined {
  const ids = envelopes.toReversed().map(({ eventid, event_id: old }) => idOf(eventid) ?? idOf(old))
  return ids.find((id) => id !== undefined)
}

/** Where an XDM event says that its asset is. */
export function repositoryRoot(xdm: Record<string, unknown>): unknown {
  const generator = xdm['activitystreams:generator']
  return isRecord(generator) ? generator['xdmContentRepository:root'] : undefined
}

/** An id that is one: `N/A` stands for an id that AEM did not find, and many events have it. */
export function idOf(value: unknown): string | undefined {
  const id = nonEmptyString(value)
  return id === undefined || /^\s*n\/a\s*$/i.test(id) ? undefined : id
}
