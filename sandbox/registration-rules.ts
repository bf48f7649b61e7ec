import type { EventProvider } from './event-providers'
import { isJsonObject, type JsonObject, type JsonValue } from './json'
import { problemInFilter } from './subscriber-filter'

/** What a registration is judged by. */
export type RegistrationWorld = {
  clientId: string
  providers: readonly EventProvider[]
  /** Whether there is such an action, as `<package>/<action>`. */
  isDeployed(action: string): boolean
}

const SETTABLE = [
  'client_id',
  'name',
  'description',
  'delivery_type',
  'webhook_url',
  'runtime_action',
  'events_of_interest',
  'subscriber_filters',
  'enabled',
]

const isEvent = (it: JsonValue): it is JsonObject =>
  isJsonObject(it) && Object.keys(it).sort().join() === 'event_code,provider_id'

const sameEvent = (one: JsonValue, other: JsonObject): boolean =>
  isJsonObject(one) && one.provider_id === other.provider_id && one.event_code === other.event_code

/**
 * Why a registration is not taken; undefined when it is (AdobeDocs, Registration API; aio-lib-events 4.1.0, its model).
 * @param before what it is now: its events were taken once
 */
export const problemInRegistration = (
  body: JsonObject,
  { clientId, providers, isDeployed }: RegistrationWorld,
  before?: JsonObject,
): string | undefined => {
  const stranger = Object.keys(body).find((name) => !SETTABLE.includes(name))
  if (stranger !== undefined) return `${stranger} is no field of a registration`
  const { name, description, events_of_interest: events, delivery_type: type, enabled, client_id } = body
  if (typeof name !== 'string' || name === '') return 'name is needed'
  if (typeof description !== 'string') return 'description is needed'
  if (before === undefined && client_id !== clientId) return 'client_id is not the one of the token'
  if (!['webhook', 'webhook_batch', 'journal'].includes(String(type))) return 'delivery_type is not possible'
  if (enabled !== undefined && typeof enabled !== 'boolean') return 'enabled is true or false'
  const { webhook_url: url, runtime_action: action } = body
  if (url !== undefined && action !== undefined) return 'webhook_url and runtime_action exclude each other'
  if (url === undefined && action === undefined && type !== 'journal')
    return 'webhook_url or runtime_action is needed'
  if (action !== undefined && !(typeof action === 'string' && isDeployed(action)))
    return `there is no action ${action}`
  if (!Array.isArray(events) || events.length === 0) return 'events_of_interest is needed'
  const had =
    before !== undefined && Array.isArray(before.events_of_interest) ? before.events_of_interest : []
  for (const event of events) {
    if (!isEvent(event)) return 'an event of interest has a provider_id and an event_code, no more'
    const provider = providers.find(({ id }) => id === event.provider_id)
    const isOffered = provider?.codes.includes(String(event.event_code)) ?? false
    if (!isOffered && !had.some((one) => sameEvent(one, event)))
      return `${event.provider_id} does not offer ${event.event_code}`
  }
  return undefined
}

/** Why a filter is not taken; undefined when it is (AdobeDocs, Subscriber Defined Filtering, API guide). */
export const problemInFilterOf = (
  body: JsonObject,
  registration: JsonObject,
  providers: readonly EventProvider[],
): string | undefined => {
  const { name, description, subscriber_filter: filter, ...others } = body
  const [stranger] = Object.keys(others)
  if (stranger !== undefined) return `${stranger} is no field of a filter`
  if (typeof name !== 'string' || name === '') return 'name is needed'
  if (typeof description !== 'string') return 'description is needed'
  if (typeof filter !== 'string') return 'subscriber_filter is a text'
  const { events_of_interest: events } = registration
  const isXdm = (it: JsonValue): boolean =>
    isJsonObject(it) && providers.some(({ id, format }) => id === it.provider_id && format === 'adobe_io')
  if (Array.isArray(events) && events.some(isXdm))
    return 'only events in the format of CloudEvents are filtered'
  return problemInFilter(filter)
}
