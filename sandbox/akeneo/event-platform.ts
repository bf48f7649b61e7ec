import type { MovableClock } from '../clock'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from '../server'
import type { AkeneoStandIn } from './akeneo'
import { changedContact, onlyKnown, subscriberView, text } from './event-contact'
import { createEventLogs, type EventLogEntry } from './event-logs'
import { createEventRegister, type EventRegister } from './event-register'
import type { EventPlatformSettings, StatusListener } from './event-settings'
import type { EventSubscription } from './event-subscription'
import { Refused, refused } from './refusal'

/** The management half of the Event Platform. */
export type EventPlatformStandIn = SandboxServer & {
  /** The base of the API, for `AKENEO_EVENTS_URL`. */
  apiUrl: string
  settings: EventPlatformSettings
  /** Subscriptions that are not deleted, with what is in effect by the clock: a change takes its time. */
  subscriptions(): EventSubscription[]
  /** The platform suspends a subscription itself. */
  suspend(id: string, reason: string): void
  /** The connection or App was removed from the PIM. */
  revoke(id: string, reason: string): void
  /** "Event Platform" is unticked: calls are refused, and what is active is suspended. */
  untick(): void
  /** Adds to the delivery log. */
  log(entry: EventLogEntry): void
}

const several = 180_000
const subscriberFields = ['name', 'contact']

/**
 * Starts the platform's management API in front of a PIM, as Akeneo's documentation describes it (Event Platform:
 * getting started, concepts, authentication and authorization, limitations, logs). It is strict about the three
 * headers (401), the permission (403), Content-Type (415), fields and values (422). Bodies and statuses of refusals are
 * not public; these follow Akeneo's REST API.
 */
export const startEventPlatform = async (options: {
  clock: MovableClock
  akeneo: Pick<AkeneoStandIn, 'url' | 'oauth'>
  settings?: Partial<EventPlatformSettings>
  onStatus?: StatusListener
  port?: number
}): Promise<EventPlatformStandIn> => {
  const { clock, akeneo, onStatus } = options
  const settings: EventPlatformSettings = {
    acceptLoopback: false,
    permitted: true,
    most: 20,
    limitStatus: 422,
    effectiveAfterMs: several,
    wholeChanges: true,
    logsPerPage: undefined,
    ...options.settings,
  }
  const logs = createEventLogs(clock)
  const register: EventRegister = createEventRegister({
    clock,
    settings,
    pimUrl: akeneo.url,
    checkUrl,
    log: (entry) => logs.add(entry),
    onStatus,
  })

  function checkUrl(url: string, name: string): void {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    const isLoopback = parsed?.hostname === '127.0.0.1' && parsed.protocol === 'http:'
    if (parsed?.protocol !== 'https:' && !(settings.acceptLoopback && isLoopback)) {
      throw new Refused(422, `${name} must be a valid HTTPS URL`)
    }
  }

  const authorize = ({ headers }: RecordedRequest): void => {
    const token = headers['x-pim-token']
    if (headers['x-pim-url'] !== akeneo.url) throw new Refused(401, 'X-PIM-URL is missing or no PIM of ours')
    if (headers['x-pim-client-id'] !== akeneo.oauth.credentials.clientId) {
      throw new Refused(401, 'X-PIM-CLIENT-ID is missing or unknown to the PIM')
    }
    if (typeof token !== 'string' || akeneo.oauth.refusal(`Bearer ${token}`) !== undefined) {
      throw new Refused(401, 'X-PIM-TOKEN is missing or not valid')
    }
    if (headers['content-type']?.split(';')[0] !== 'application/json') {
      throw new Refused(415, 'Content-Type must be application/json')
    }
    if (!settings.permitted) {
      throw new Refused(403, 'The connection is not permitted to use the Event Platform')
    }
  }

  const bodyOf = (request: RecordedRequest): JsonObject => {
    const body = parseJson(request.body)
    if (!isJsonObject(body)) throw new Refused(400, 'The body is no JSON object')
    return body
  }

  const subscribers = (request: RecordedRequest, id: string | undefined): Answer => {
    const { method } = request
    if (id === undefined) {
      if (method === 'GET') return json(200, register.subscribers().map(shown))
      if (method !== 'POST') throw new Refused(405, 'Method Not Allowed')
      const body = bodyOf(request)
      onlyKnown(body, subscriberFields, 'a subscriber')
      const contact = changedContact(body.contact, undefined, checkUrl)
      return json(201, shown(register.subscribe(text(body.name, 'name'), contact)))
    }
    const subscriber = register.subscriber(id)
    if (method === 'GET') return json(200, shown(subscriber))
    if (method === 'DELETE') {
      register.unsubscribe(subscriber)
      return { status: 204 }
    }
    if (method !== 'PATCH') throw new Refused(405, 'Method Not Allowed')
    const body = bodyOf(request)
    onlyKnown(body, subscriberFields, 'a subscriber')
    if (body.name !== undefined) subscriber.name = text(body.name, 'name')
    if (body.contact !== undefined) {
      subscriber.contact = changedContact(body.contact, subscriber.contact, checkUrl)
    }
    subscriber.updatedAt = clock.now()
    return json(200, shown(subscriber))
  }

  const shown = (subscriber: Parameters<typeof subscriberView>[0]): JsonObject =>
    subscriberView(subscriber, akeneo.url)

  const subscriptions = (request: RecordedRequest, [sid, id, verb]: readonly string[]): Answer => {
    const { method } = request
    const subscriber = register.subscriber(sid ?? '')
    if (id === undefined) {
      if (method === 'GET') return json(200, register.of(subscriber.id).map(register.view))
      if (method !== 'POST') throw new Refused(405, 'Method Not Allowed')
      return json(201, register.view(register.create(subscriber, bodyOf(request))))
    }
    const subscription = register.find(subscriber.id, id)
    if (verb !== undefined) {
      if (method !== 'POST') throw new Refused(405, 'Method Not Allowed')
      if (verb === 'suspend') register.suspend(subscription, undefined)
      else register.resume(subscription)
      return json(200, register.view(subscription))
    }
    if (method === 'GET') return json(200, register.view(subscription))
    if (method === 'PATCH') return json(200, register.view(register.change(subscription, bodyOf(request))))
    if (method !== 'DELETE') throw new Refused(405, 'Method Not Allowed')
    register.remove(subscription)
    return { status: 204 }
  }

  /** The names of the parameters are not public; unknown ones are passed over. */
  const logList = ({ method, query }: RecordedRequest): Answer => {
    if (method !== 'GET') throw new Refused(405, 'Method Not Allowed')
    const { logsPerPage: size } = settings
    const wanted = (it: JsonObject): boolean =>
      (query.log_type === undefined || query.log_type === it.log_type) &&
      (query.subscription_id === undefined || query.subscription_id === it.subscription_id)
    const all: JsonValue[] = logs.list().filter(wanted)
    if (size === undefined) return json(200, all)
    const page = Number(query.page ?? '1')
    const next = `${server.url}/api/v1/logs?${new URLSearchParams({ ...query, page: `${page + 1}` })}`
    return json(200, {
      items: all.slice((page - 1) * size, page * size),
      ...(all.length > page * size ? { _links: { next: { href: next } } } : {}),
    })
  }

  const call = (request: RecordedRequest): Answer => {
    const [base, version, kind, ...rest] = request.path.slice(1).split('/').map(decodeURIComponent)
    const [sid, below, id, verb, ...more] = rest
    const isApi = base === 'api' && version === 'v1' && more.length === 0
    const isVerb = verb === undefined || verb === 'suspend' || verb === 'resume'
    if (isApi && kind === 'logs' && rest.length === 0) {
      authorize(request)
      return logList(request)
    }
    if (!isApi || kind !== 'subscribers' || !isVerb) throw new Refused(404, 'Not Found')
    authorize(request)
    if (below === undefined) return subscribers(request, sid)
    if (below !== 'subscriptions') throw new Refused(404, 'Not Found')
    return subscriptions(
      request,
      [sid ?? '', id, verb].filter((it) => it !== undefined),
    )
  }

  const server = await startServer({
    clock,
    handle: (request) => {
      try {
        return call(request)
      } catch (error) {
        if (error instanceof Refused) return refused(error.status, error.message)
        throw error
      }
    },
    port: options.port ?? 0,
    faultAnswer: ({ status, headers, body }) =>
      body === undefined ? refused(status, 'Injected fault', headers) : json(status, body, headers),
  })

  return {
    ...server,
    apiUrl: `${server.url}/api/v1`,
    settings,
    subscriptions: () => register.inEffect(),
    suspend: (id, reason) => register.suspend(register.byId(id), reason),
    revoke: (id, reason) => register.revoke(register.byId(id), reason),
    untick: () => {
      settings.permitted = false
      for (const it of register.inEffect()) {
        if (it.status === 'active') register.suspend(register.byId(it.id), 'The permission was removed')
      }
    },
    log: (entry) => logs.add(entry),
  }
}
