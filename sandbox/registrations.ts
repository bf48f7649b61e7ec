import { randomUUID } from 'node:crypto'
import { answerProviders, type EventProvider } from './event-providers'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from './json'
import { problemInFilterOf, problemInRegistration, type RegistrationWorld } from './registration-rules'
import { type Answer, json, type RecordedRequest } from './server'
import { passes } from './subscriber-filter'

/** Organisation, project and workspace, by the ids of the Developer Console. */
export type WorkspaceIds = { orgId: string; projectId: string; workspaceId: string }

/** As I/O Events sees the receiver of a registration (Adobe I/O Events, retries): it pushes nothing to a disabled one. */
export type RegistrationStatus = 'VERIFIED' | 'UNSTABLE' | 'DISABLED'

/** What I/O Events knows: who may be asked for events, and the registrations of a workspace. */
export type RegistrationList = {
  /** The sources of events. A test may change them. */
  providers: EventProvider[]
  /** Answers a request to the APIs of registrations and of providers; undefined for any other one. */
  answer(request: RecordedRequest): Answer | undefined
  /** Has the receiver of a registration's events fail too often, or recover. Throws when there is none. @param key its name, or the action that it delivers to */
  set(key: string, status: RegistrationStatus): void
  /** Changes or removes fields of a registration, as the Developer Console does. Throws when there is none. */
  edit(key: string, fields: Record<string, JsonValue | undefined>): void
  /** A registration as it is listed; undefined when there is none. */
  view(key: string): JsonObject | undefined
  /** All of them as they are listed, oldest first. */
  all(): JsonObject[]
  /** The filters of a registration. */
  filters(key: string): JsonObject[]
  /** Takes a registration away. */
  remove(key: string): void
  /** Whether this event is pushed to this action; one without a registration is fed by hand. */
  pushes(action: string, event: JsonObject): boolean
  /** Whether events for this action are kept in a journal: no journal has what came before its registration. */
  keeps(action: string): boolean
}

/** What the list stands on. */
export type RegistrationsWorld = RegistrationWorld & {
  ids: WorkspaceIds
  providers: EventProvider[]
  /** Actions that are registered from the start, for all that comes. */
  registered: readonly string[]
  /** Actions that get nothing without a registration. */
  fed: readonly string[]
  /** The journaling endpoint; here all registrations share one. */
  journalUrl(): string
  now(): number
}

/** Registrations that one credential may have (AdobeDocs, FAQ). */
const MOST = 30
/** Of a registration that stands for all events of its action. */
const MADE_PROVIDER = 'provider-of-aem'

const refusal = (message: string): Answer => json(400, { error: { code: 400, message } })

/**
 * Makes, lists, shows, updates and deletes the event registrations of a workspace and their filters, as the I/O Management
 * API does. An update replaces all: what it leaves out is gone. Two may have the same name. Credentials are checked before.
 * Source: Adobe I/O Events, Registration API: `/events/{org}/{project}/{workspace}/registrations[/{id}[/filters[/{id}]]]`.
 */
export const createRegistrationList = (world: RegistrationsWorld): RegistrationList => {
  const { ids, providers, journalUrl, now } = world
  const path = `/events/${ids.orgId}/${ids.projectId}/${ids.workspaceId}/registrations`
  const registrations = new Map<string, JsonObject>()
  const filters = new Map<string, JsonObject[]>()

  const receiverOf = (action: string): JsonObject => ({
    runtime_action: action,
    webhook_url: `https://runtime.adobe.io/api/v1/web/ns/acp/sync_event_handler_${action.split('/').at(-1)}?sync=true`,
  })
  for (const action of world.registered) {
    registrations.set(randomUUID(), {
      name: `Events for ${action}`,
      description: `What ${action} works on`,
      delivery_type: 'webhook',
      ...receiverOf(`asset-bridge/${action}`),
      events_of_interest: [
        { provider_id: MADE_PROVIDER, event_code: `code-of-${action}`, event_label: 'Some event' },
      ],
      enabled: true,
      status: 'VERIFIED',
    })
  }

  const find = (key: string): [string, JsonObject] | undefined => {
    const all = [...registrations]
    return (
      all.find(([, it]) => it.name === key) ??
      all.find(([, it]) => it.runtime_action === `asset-bridge/${key}`)
    )
  }
  const known = (key: string): [string, JsonObject] => {
    const found = find(key)
    if (found === undefined) throw new Error(`There is no registration for ${key}`)
    return found
  }
  const shown = ([id, it]: [string, JsonObject]): JsonObject => ({
    registration_id: id,
    ...it,
    events_url: journalUrl(),
  })

  const write = (id: string, before: JsonObject | undefined, request: RecordedRequest): Answer => {
    const body = bodyOf(request)
    if ('status' in body) return body
    const problem = problemInRegistration(body.object, world, before)
    if (problem !== undefined) return refusal(problem)
    const { runtime_action: action, enabled = true } = body.object
    registrations.set(id, {
      ...body.object,
      ...(typeof action === 'string' ? { ...receiverOf(action), ...urlOf(before) } : {}),
      ...(before?.created_date === undefined && before !== undefined
        ? {}
        : { created_date: before?.created_date ?? new Date(now()).toISOString() }),
      enabled,
      status: enabled ? 'VERIFIED' : 'DISABLED',
    })
    return json(200, shown([id, registrations.get(id) ?? {}]))
  }

  const create = (request: RecordedRequest): Answer =>
    registrations.size < MOST
      ? write(randomUUID(), undefined, request)
      : refusal(`a credential has ${MOST} registrations at most`)

  const answerFilters = (id: string, it: JsonObject, filterId: string, request: RecordedRequest): Answer => {
    const own = filters.get(id) ?? []
    const known = own.find((one) => one.id === filterId)
    if (filterId !== '' && known === undefined) return json(404, { error: 'There is no such filter' })
    if (request.method === 'GET') return json(200, known ?? own)
    if (request.method === 'DELETE' && known !== undefined) {
      filters.delete(id)
      return { status: 204 }
    }
    if (request.method !== (known === undefined ? 'POST' : 'PUT'))
      return json(405, { error: 'Method not allowed' })
    if (known === undefined && own.length > 0) return refusal('a registration has one filter at most')
    const body = bodyOf(request)
    if ('status' in body) return body
    const problem = problemInFilterOf(body.object, it, providers)
    if (problem !== undefined) return refusal(problem)
    const filter = { id: known?.id ?? randomUUID(), ...body.object }
    filters.set(id, [filter])
    return json(200, filter)
  }

  const takes = ([id, { enabled, events_of_interest: events }]: [string, JsonObject], event: JsonObject) =>
    enabled !== false &&
    Array.isArray(events) &&
    events.some(
      (it) => isJsonObject(it) && (it.provider_id === MADE_PROVIDER || it.event_code === event.type),
    ) &&
    (filters.get(id) ?? []).every(({ subscriber_filter: text }) => passes(String(text), event))

  const registeredFor = (action: string): [string, JsonObject][] =>
    [...registrations].filter(([, it]) => it.runtime_action === `asset-bridge/${action}`)

  const remove = (id: string): void => {
    registrations.delete(id)
    filters.delete(id)
  }

  return {
    providers,
    answer: (request) => {
      const { method } = request
      if (method === 'GET') {
        const provided = answerProviders(request.path, { orgId: ids.orgId, providers })
        if (provided !== undefined) return provided
      }
      const [, base, id, filterId] =
        /^(\/events\/[^/]+\/[^/]+\/[^/]+\/registrations)(?:\/([^/]+)(?:\/filters(\/[^/]+)?)?)?$/.exec(
          request.path,
        ) ?? []
      if (base === undefined) return undefined
      if (base !== path) return json(404, { error: 'There is no such workspace' })
      if (id === undefined) {
        if (method === 'POST') return create(request)
        if (method !== 'GET') return json(405, { error: 'Method not allowed' }, { allow: 'GET, POST' })
        return json(200, { _embedded: { registrations: [...registrations].map(shown) } })
      }
      const found = registrations.get(id)
      if (found === undefined) return json(404, { error: 'There is no such registration' })
      if (/\/filters(\/|$)/.test(request.path))
        return answerFilters(id, found, filterId?.slice(1) ?? '', request)
      if (method === 'PUT') return write(id, found, request)
      if (method === 'DELETE') {
        remove(id)
        return { status: 204 }
      }
      if (method !== 'GET') return json(405, { error: 'Method not allowed' }, { allow: 'GET, PUT, DELETE' })
      return json(200, shown([id, found]))
    },
    set: (key, status) => {
      const [id, it] = known(key)
      registrations.set(id, { ...it, status, enabled: status !== 'DISABLED' })
    },
    remove: (key) => remove(known(key)[0]),
    edit: (key, fields) => {
      const [id, it] = known(key)
      const next: JsonObject = {}
      for (const [name, value] of Object.entries({ ...it, ...fields })) {
        if (value !== undefined) next[name] = value
      }
      registrations.set(id, next)
    },
    view: (key) => {
      const found = find(key)
      return found === undefined ? undefined : shown(found)
    },
    all: () => [...registrations].map(shown),
    filters: (key) => filters.get(known(key)[0]) ?? [],
    keeps: (action) => registeredFor(action).length > 0 || !world.fed.includes(action),
    pushes: (action, event) => {
      const own = registeredFor(action)
      return own.length === 0 ? !world.fed.includes(action) : own.some((one) => takes(one, event))
    },
  }
}

const urlOf = (before: JsonObject | undefined): JsonObject =>
  typeof before?.webhook_url === 'string' ? { webhook_url: before.webhook_url } : {}

const bodyOf = (request: RecordedRequest): { object: JsonObject } | Answer => {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return json(415, { error: { code: 415, message: 'application/json is needed' } })
  const object = parseJson(request.body)
  return isJsonObject(object) ? { object } : refusal('the body is no JSON object')
}
