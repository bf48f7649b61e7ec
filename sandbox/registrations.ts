import { randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from './json'
import { type Answer, json, type RecordedRequest } from './server'

/** Organisation, project and workspace, by the ids of the Developer Console. */
export type WorkspaceIds = { orgId: string; projectId: string; workspaceId: string }

/** As I/O Events sees the receiver of a registration (Adobe I/O Events, retries): it pushes nothing to a disabled one. */
export type RegistrationStatus = 'VERIFIED' | 'UNSTABLE' | 'DISABLED'

/** What I/O Events knows: the registrations of a workspace, one for each action that takes events. */
export type RegistrationList = {
  /** Answers a request to the API of registrations; undefined for any other one. */
  answer(request: RecordedRequest): Answer | undefined
  /** Has the receiver of an action's events fail too often, or recover. Throws when the action takes none. */
  set(action: string, status: RegistrationStatus): void
  /** Changes or removes fields of a registration, as the Developer Console does. Throws when the action takes none. */
  edit(action: string, fields: Record<string, JsonValue | undefined>): void
  /** The registration of an action as it is listed; undefined when it takes none. */
  view(action: string): JsonObject | undefined
  /** Takes the registration of an action away. */
  remove(action: string): void
  /** Whether events are pushed to this action; one without a registration is fed by hand. */
  pushes(action: string): boolean
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

const refusal = (message: string): Answer => json(400, { error: { code: 400, message } })

/** Why an update is not taken; undefined when it is (AdobeDocs, Registration API; aio-lib-events 4.1.0, its model). */
const problemIn = (body: JsonObject): string | undefined => {
  const stranger = Object.keys(body).find((name) => !SETTABLE.includes(name))
  if (stranger !== undefined) return `${stranger} is no field of an update`
  const { name, description, events_of_interest: events, delivery_type: type, enabled } = body
  if (typeof name !== 'string' || name === '') return 'name is needed'
  if (typeof description !== 'string') return 'description is needed'
  if (!['webhook', 'webhook_batch', 'journal'].includes(String(type))) return 'delivery_type is not possible'
  if (enabled !== undefined && typeof enabled !== 'boolean') return 'enabled is true or false'
  const receivers = ['webhook_url', 'runtime_action'].filter((field) => body[field] !== undefined)
  if (receivers.length > 1) return 'webhook_url and runtime_action exclude each other'
  if (receivers.length === 0 && type !== 'journal') return 'webhook_url or runtime_action is needed'
  if (!Array.isArray(events) || events.length === 0) return 'events_of_interest is needed'
  const isOne = (it: JsonValue): boolean =>
    isJsonObject(it) && Object.keys(it).sort().join() === 'event_code,provider_id'
  return events.every(isOne) ? undefined : 'an event of interest has a provider_id and an event_code, no more'
}

/**
 * Lists, shows and updates the event registrations of a workspace as the I/O Management API does. An update replaces
 * all: what it leaves out is gone. Credentials are checked before.
 * Source: Adobe I/O Events, Registration API: `/events/{org}/{project}/{workspace}/registrations[/{id}]`.
 * @param journalUrl the journaling endpoint; here all registrations share one
 */
export const createRegistrationList = (
  { orgId, projectId, workspaceId }: WorkspaceIds,
  actions: readonly string[],
  journalUrl: () => string,
): RegistrationList => {
  const path = `/events/${orgId}/${projectId}/${workspaceId}/registrations`
  const registrations = new Map(actions.map((action) => [String(randomUUID()), created(action)]))

  function created(action: string): JsonObject {
    return {
      name: `Events for ${action}`,
      description: `What ${action} works on`,
      delivery_type: 'webhook',
      runtime_action: `asset-bridge/${action}`,
      webhook_url: `https://runtime.adobe.io/api/v1/web/ns/acp/sync_event_handler_${action}?sync=true`,
      events_of_interest: [
        { provider_id: 'provider-of-aem', event_code: `code-of-${action}`, event_label: 'Some event' },
      ],
      enabled: true,
      status: 'VERIFIED',
    }
  }

  const find = (action: string): [string, JsonObject] | undefined =>
    [...registrations].find(([, it]) => it.runtime_action === `asset-bridge/${action}`)
  const known = (action: string): [string, JsonObject] => {
    const found = find(action)
    if (found === undefined) throw new Error(`There is no registration for ${action}`)
    return found
  }
  const shown = ([id, it]: [string, JsonObject]): JsonObject => ({
    registration_id: id,
    ...it,
    events_url: journalUrl(),
  })

  const update = (id: string, before: JsonObject, request: RecordedRequest): Answer => {
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
      return json(415, { error: { code: 415, message: 'application/json is needed' } })
    const body = parseJson(request.body)
    if (!isJsonObject(body)) return refusal('the body is no JSON object')
    const problem = problemIn(body)
    if (problem !== undefined) return refusal(problem)
    const enabled = body.enabled !== false
    const handler: JsonObject =
      body.runtime_action === undefined ? {} : { webhook_url: before.webhook_url ?? '' }
    registrations.set(id, { ...body, ...handler, enabled, status: enabled ? 'VERIFIED' : 'DISABLED' })
    return json(200, shown([id, registrations.get(id) ?? {}]))
  }

  return {
    answer: (request) => {
      const [, base, id] =
        /^(\/events\/[^/]+\/[^/]+\/[^/]+\/registrations)(?:\/([^/]+))?$/.exec(request.path) ?? []
      if (base === undefined) return undefined
      if (base !== path) return json(404, { error: 'There is no such workspace' })
      if (id === undefined) {
        if (request.method !== 'GET') return json(405, { error: 'Method not allowed' }, { allow: 'GET' })
        return json(200, { _embedded: { registrations: [...registrations].map(shown) } })
      }
      const found = registrations.get(id)
      if (found === undefined) return json(404, { error: 'There is no such registration' })
      if (request.method === 'PUT') return update(id, found, request)
      if (request.method !== 'GET') return json(405, { error: 'Method not allowed' }, { allow: 'GET, PUT' })
      return json(200, shown([id, found]))
    },
    set: (action, status) => {
      const [id, it] = known(action)
      registrations.set(id, { ...it, status, enabled: status !== 'DISABLED' })
    },
    remove: (action) => {
      registrations.delete(known(action)[0])
    },
    edit: (action, fields) => {
      const [id, it] = known(action)
      const next: JsonObject = {}
      for (const [name, value] of Object.entries({ ...it, ...fields })) {
        if (value !== undefined) next[name] = value
      }
      registrations.set(id, next)
    },
    view: (action) => {
      const found = find(action)
      return found === undefined ? undefined : shown(found)
    },
    pushes: (action) => find(action)?.[1].enabled !== false,
  }
}
