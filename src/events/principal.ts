import { isRecord, nonEmptyString } from '../core/json'
import { unwrap } from './unwrap'

/**
 * Who did what an event tells, as lower-case ids: `data.user` of a CloudEvent, the actor of an XDM event. Empty where
 * the event names nobody, as for what AEM does itself, and for an event that a record has kept. It never throws.
 */
export function principalsOf(raw: unknown): readonly string[] {
  const { envelopes, xdm } = unwrap(raw)
  const data = envelopes.at(-1)?.data
  const user = isRecord(data) && isRecord(data.user) ? data.user : {}
  const actor = xdm?.['activitystreams:actor']
  const ids = [user.principalId, user.imsUserId, isRecord(actor) ? actor['xdmAemUser:id'] : undefined]
  return ids.flatMap((id) => principal(id) ?? [])
}

/** Some of AEM's events have a prefix before the id, and some do not. */
export const principal = (id: unknown): string | undefined =>
  nonEmptyString(id)?.trim().toLowerCase().replace(/^ims-/, '')
