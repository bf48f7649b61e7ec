import { createClock, type MovableClock } from './clock'
import { Entities, type Entity, isRefusal, type Kind, kinds, type Refusal } from './deploy-entities'
import { type DeployedAction, deployedActions, nameOf } from './deployed-actions'
import type { Faults } from './faults'
import { isJsonObject, type JsonObject, parseJson } from './json'
import { type Answer, json, type RecordedRequest, startServer } from './server'

/** A request as the deploy service gets it. */
export type DeployRequest = {
  method: string
  /** Path below the service's root, without the query. */
  path: string
  authorization: string | undefined
  /** The parsed JSON body; undefined when there is none. */
  body: unknown
}

/** An alarm that the feed has set. */
export type Alarm = { feed: string; parameters: JsonObject }

/**
 * A stand-in for Adobe's deploy service, which `aio app deploy` sends everything to, and for the Runtime API of the same
 * namespaces. It keeps what is put. As OpenWhisk does, it refuses a rule whose action or trigger is not there; and the
 * alarms refuse what is no alarm.
 */
export type Platform = {
  /** Answers a request to the deploy service, or about what a namespace holds. */
  answer(request: RecordedRequest): Promise<Answer>
  /** The alarms that are set now, by the full name of the trigger. */
  alarms: ReadonlyMap<string, Alarm>
  /** The full names that a namespace holds, such as `asset-bridge/generic` of `actions`. */
  names(namespace: string, kind: Kind): readonly string[]
  /** The actions of a namespace, by names such as `asset-bridge/generic`. */
  actions(namespace: string): ReadonlyMap<string, DeployedAction>
  /** Notes actions that run already as deployed. */
  place(namespace: string, packageName: string, actions: readonly string[]): void
  /** The full names of the actions that the alarms of a namespace start, by way of its rules. */
  startedByAlarms(namespace: string): readonly string[]
}

/** The same behind a port of its own. */
export type DeployService = Omit<Platform, 'answer' | 'place'> & {
  /** What `AIO_DEPLOY_SERVICE_URL` and `AIO_runtime_apihost` take. */
  url: string
  requests: readonly DeployRequest[]
  faults: Faults
  /** The bodies put to a path that ends so. */
  put(pathEnd: string): unknown[]
  close(): Promise<void>
}

/** What was put or deleted. */
export type Change = { namespace: string; kind: Kind; name: string }

/** Who is let in. */
export type PlatformOptions = {
  /** Whether a token of IMS may deploy. @default any may */
  isToken?: (token: string) => boolean
  /** The keys, `<id>:<secret>`, by namespace. @default any key, and any namespace */
  keys?: Readonly<Record<string, string>>
  /** Hears of what was changed, before that is answered. */
  onChange?: (change: Change) => Promise<void>
}

/** Starts the stand-in on the loopback. Its namespaces are empty at first. */
export async function startDeployService({
  clock = createClock(),
  port = 0,
  ...options
}: PlatformOptions & { clock?: MovableClock; port?: number } = {}): Promise<DeployService> {
  const { answer, place: _, ...platform } = createPlatform(options)
  const server = await startServer({ clock, port, handle: answer })
  return {
    ...platform,
    url: server.url,
    get requests() {
      return server.requests.map(shown)
    },
    faults: server.faults,
    put: (pathEnd) =>
      server.requests
        .filter(({ method, path }) => method === 'PUT' && path.endsWith(pathEnd))
        .map(({ body }) => parseJson(body)),
    close: server.close,
  }
}

/** The stand-in without a port. Its namespaces are empty at first. */
export function createPlatform({ isToken = () => true, keys, onChange }: PlatformOptions = {}): Platform {
  const namespaces = new Map<string, Entities>()
  const alarms = new Map<string, Alarm>()
  return {
    answer,
    alarms,
    names: (namespace, kind) =>
      entitiesOf(namespace)
        .list(kind, { limit: '0' })
        .map((one) => nameOf(namespace, one)),
    actions: (namespace) => deployedActions(entitiesOf(namespace)),
    place: (namespace, packageName, actions) => {
      const entities = entitiesOf(namespace)
      if (actions.length > 0) entities.put('packages', packageName, {}, true)
      for (const action of actions) entities.put('actions', `${packageName}/${action}`, {}, true)
    },
    startedByAlarms: (namespace) =>
      [...alarms.keys()].flatMap((alarm) =>
        alarm.startsWith(`/${namespace}/`)
          ? entitiesOf(namespace).startedBy(alarm.slice(namespace.length + 2))
          : [],
      ),
  }

  async function answer(request: RecordedRequest): Promise<Answer> {
    const path = request.path.split('/').map(decodeURIComponent)
    const viaService = path[1] === 'runtime'
    const [api, version, , named = '', kind = '', ...name] = path.slice(viaService ? 2 : 1)
    const namespace = named === '_' ? (namespaceOf(request) ?? named) : named
    if (viaService && request.path.startsWith('/runtime/audit')) return json(200, {})
    if (request.path === '/audit-log-api/event-post') return json(200, {})
    if (api !== 'api' || version !== 'v1')
      return json(404, { error: 'The requested resource does not exist.' })
    const refusal = viaService ? tokenRefusal(request) : keyRefusal(request, namespace)
    if (refusal !== undefined) return json(refusal.status, { error: refusal.error })
    const body = parseJson(request.body)
    const said =
      namespace === 'whisk.system'
        ? alarm(`/${namespace}/${name.join('/')}`, isJsonObject(body) ? body : {})
        : entity(request, { namespace, kind, name: name.join('/') }, isJsonObject(body) ? body : {})
    if (!Array.isArray(said) && isRefusal(said)) return json(said.status, { error: said.error })
    const changed = kinds.find((one) => one === kind)
    if (changed !== undefined && (request.method === 'PUT' || request.method === 'DELETE'))
      await onChange?.({ namespace, kind: changed, name: name.join('/') })
    return json(200, said)
  }

  function tokenRefusal({ headers }: RecordedRequest): Refusal | undefined {
    const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? []
    if (token !== undefined && isToken(token)) return undefined
    return { status: 401, error: 'The supplied authentication is invalid' }
  }

  /** `_` is the namespace whose key is sent. */
  function namespaceOf({ headers }: RecordedRequest): string | undefined {
    const [, encoded = ''] = /^Basic (\S+)$/.exec(headers.authorization ?? '') ?? []
    const given = Buffer.from(encoded, 'base64').toString()
    return Object.entries(keys ?? {}).find(([, key]) => key === given)?.[0]
  }

  function keyRefusal({ headers }: RecordedRequest, namespace: string): Refusal | undefined {
    const [, encoded] = /^Basic (\S+)$/.exec(headers.authorization ?? '') ?? []
    if (encoded === undefined) return { status: 401, error: 'The supplied authentication is invalid' }
    const key = Buffer.from(encoded, 'base64').toString()
    if (namespace === 'whisk.system') {
      if (keys === undefined || Object.values(keys).includes(key)) return undefined
    } else if (keys === undefined || keys[namespace] === key) return undefined
    return { status: 403, error: 'The supplied authentication is not authorized to access this resource.' }
  }

  function entitiesOf(namespace: string): Entities {
    const known = namespaces.get(namespace) ?? new Entities(namespace)
    namespaces.set(namespace, known)
    return known
  }

  function entity(
    { method, query }: RecordedRequest,
    { namespace, kind: given, name }: { namespace: string; kind: string; name: string },
    body: JsonObject,
  ): Entity | Entity[] | Refusal {
    const kind = kinds.find((one) => one === given)
    const isKnown = keys === undefined || keys[namespace] !== undefined
    if (kind === undefined || !isKnown)
      return { status: 404, error: 'The requested resource does not exist.' }
    const entities = entitiesOf(namespace)
    if (method === 'PUT' && name !== '') return entities.put(kind, name, body, query.overwrite === 'true')
    if (method === 'DELETE' && name !== '') return entities.delete(kind, name)
    if (method === 'GET') return name === '' ? entities.list(kind, query) : entities.get(kind, name)
    return { status: 405, error: 'The method is not supported here.' }
  }

  function alarm(feed: string, body: JsonObject): JsonObject | Refusal {
    const { lifecycleEvent, triggerName, authKey, ...parameters } = body
    const name = String(triggerName)
    const [, namespace = '', trigger = ''] = name.split('/')
    const isKey = typeof authKey === 'string' && (keys === undefined || keys[namespace] === authKey)
    if (!isKey || !entitiesOf(namespace).has('triggers', trigger))
      return { status: 400, error: 'no such trigger, or no key to fire it' }
    if (lifecycleEvent === 'DELETE')
      return alarms.delete(name) ? {} : { status: 404, error: 'there is no such alarm' }
    if (lifecycleEvent === 'READ')
      return alarms.get(name)?.parameters ?? { status: 404, error: 'there is no such alarm' }
    const isAlarm = lifecycleEvent === 'CREATE' && alarmFeeds[feed]?.(parameters) === true
    if (!isAlarm) return { status: 400, error: `no alarm of ${feed}` }
    alarms.set(name, { feed, parameters })
    return {}
  }
}

/** What each feed takes. Source: Apache OpenWhisk, package alarms. */
const alarmFeeds: Readonly<Record<string, (parameters: JsonObject) => boolean>> = {
  '/whisk.system/alarms/interval': ({ minutes }) => Number.isInteger(minutes) && Number(minutes) >= 1,
  '/whisk.system/alarms/alarm': ({ cron }) => typeof cron === 'string' && /^(\S+ ){4,5}\S+$/.test(cron),
}

const shown = ({ method, path, headers, body }: RecordedRequest): DeployRequest => ({
  method,
  path,
  authorization: headers.authorization,
  body: parseJson(body),
})
