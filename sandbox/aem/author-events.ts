import type { MovableClock } from '../clock'
import type { JsonObject } from '../json'
import type { AemAsset } from './asset'
import { metadataUpdated, moved } from './change-event'
import { type EventOverrides, processingCompleted } from './event'
import { type Publication, publicationEvent } from './publication-event'
import { type ProxyFormat, type ProxyVerb, xdmEvent } from './xdm-event'

/** The events that an author sends, made one by one. */
export type AuthorEvents = {
  /** The event that AEM sends when it has processed the asset. */
  processingCompletedEvent(asset: { id: string }, overrides?: EventOverrides): JsonObject
  /** The event of AEM Eventing about a publication; the asset may be gone by now. */
  publicationEvent(kind: Publication, asset: AemAsset, overrides?: EventOverrides): JsonObject
  /** Of a change of the metadata, by a user. */
  metadataUpdatedEvent(asset: { id: string }, overrides?: EventOverrides): JsonObject
  /** Of a move from another path. */
  movedEvent(asset: { id: string }, from: string, overrides?: EventOverrides): JsonObject
  /**
   * What AEM's event proxy tells of an asset, and how I/O Events delivers that: in its default format an XDM body in a
   * CloudEvent with the operator's event code as type.
   */
  xdmEvent(verb: ProxyVerb, asset: AemAsset, overrides?: EventOverrides, format?: ProxyFormat): JsonObject
}

/** Makes events of the author at this host. @param stored the asset with an id; throws when there is none */
export const createAuthorEvents = (parts: {
  clock: MovableClock
  host: string
  url: string
  recipientClientId: () => string
  stored: (id: string) => AemAsset
}): AuthorEvents => {
  const { clock, host, url, recipientClientId, stored } = parts
  const withOptions = (overrides: EventOverrides) => ({
    now: clock.now(),
    recipientClientId: recipientClientId(),
    overrides,
  })
  return {
    processingCompletedEvent: ({ id }, overrides = {}) =>
      processingCompleted(stored(id), withOptions(overrides)),
    publicationEvent: (kind, asset, overrides = {}) =>
      publicationEvent(kind, asset, { now: clock.now(), host, overrides }),
    metadataUpdatedEvent: ({ id }, overrides = {}) => metadataUpdated(stored(id), withOptions(overrides)),
    movedEvent: ({ id }, from, overrides = {}) => moved(stored(id), from, withOptions(overrides)),
    xdmEvent: (verb, asset, overrides = {}, format = 'cloud_events_v1') =>
      xdmEvent(verb, asset, { now: clock.now(), root: `${url}/`, overrides, format }),
  }
}
