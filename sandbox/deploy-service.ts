import { createClock, type MovableClock } from './clock'
import { Entities, type Entity, isRefusal, type Kind, kinds, type Refusal } from './deploy-entities'
import type { Faults } from './faults'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from './json'
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

/** What is deployed of an action. */
export type DeployedAction = {
  /** The zip. */
  code: Buffer
  /** What is bound to its package, and to itself. */
  inputs: Readonly<Record<string, unknown>>
}

/**
 * A stand-in for Adobe's deploy service, which `aio app deploy` sends everything to, and for the Runtime API of the same
 * namespaces. It keeps what is put. As OpenWhisk does, it refuses a rule whose action or trigger is not there; and the
 * alarms refuse what is no alarm.
 */
export type DeployService = {
  /** What `AIO_DEPLOY_SERVICE_URL` and `AIO_runtime_apihost` take. */
  url: string
  requests: readonly DeployRequest[]
  faults: Faults
  /** The bodies put to a path that ends so. */
  put(pathEnd: string): unknown[]
  /** The alarms that are set now, by the full name of the trigger. */
  alarms: ReadonlyMap<string, Alarm>
  /** The full names that a namespace holds, such as `asset-bridge/generic` of `actions`. */
  names(namespace: string, kind: Kind): readonly string[]
  /** The actions of a namespace, by names such as `asset-bridge/generic`. */
  actions(namespace: string): ReadonlyMap<string, DeployedAction>
  close(): Promise<void>
}

/** Who is let in. */
export type DeployServiceOptions = {
  clock?: MovableClock
  /** Free by default. */
  port?: number
  /** Whether a token of IMS may deploy. Default: any. */
  isToken?: (token: string) => boolean
  /** The keys, `<id>:<secret>`, by namespace. Default: any key, and any namespace. */
  keys?: Readonly<Record<string, string>>
}

/** Starts the stand-in on the loopback. Its namespaces are empty at first. */
export async function startDeployService({
  clock = createClock(),
  port = 0,
  isToken = () => true,
  keys,
}: DeployServiceOptions = {}): Promise<DeployService> {
  const namespaces = new Map<string, Entities>()
  const alarms = new Map<string, Alarm>()
  const server = await startServer({ clock, port, handle })
  return {
    url: server.url,
    get requests() {
      return server.requests.map(shown)
    },
    faults: server.faults,
    alarms,
    put: (pathEnd) =>
      server.requests
        .filter(({ method, path }) => method === 'PUT' && path.endsWith(pathEnd))
        .map(({ body }) => parseJson(body)),
    names: (namespace, kind) =>
      entitiesOf(namespace)
        .list(kind, { limit: '0' })
        .map((one) => nameOf(namespace, one)),
    actions: (namespace) => deployedActions(entitiesOf(namespace)),
    close: server.close,
  }

  function handle(request: RecordedRequest): Answer {
    const path = request.path.split('/').map(decodeURIComponent)
    const viaService = path[1] === 'runtime'
    const [api, version, , namespace = '', kind = '', ...name] = path.slice(viaService ? 2 : 1)
    if (viaService && request.path.startsWith('/runtime/audit')) return json(200, {})
    if (request.path === '/audit-log-api/event-post') return json(200, {})
    if (api !== 'api' || version !== 'v1')
      return json(404, { error: 'The requested resource does not exist.' })
    const refusal = viaService ? tokenRefusal(request) : keyRefusal(request, namespace)
    if (refusal !== undefined) return json(refusal.status, { error: refusal.error })
    const body = parseJson(request.body)
    const answer =
      namespace === 'whisk.system'
        ? alarm(`/${namespace}/${name.join('/')}`, isJsonObject(body) ? body : {})
        : entity(request, { namespace, kind, name: name.join('/') }, isJsonObject(body) ? body : {})
    if (!Array.isArray(answer) && isRefusal(answer)) return json(answer.status, { error: answer.error })
    return json(200, answer)
  }

  function tokenRefusal({ headers }: RecordedRequest): Refusal | undefined {
    const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? []
    if (token !== undefined && isToken(token)) return undefined
    return { status: 401, error: 'The supplied authentication is invalid' }
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

const nameOf = (namespace: string, { namespace: path, name }: Entity): string =>
  `${path}/${name}`.slice(namespace.length + 1)

function deployedActions(entities: Entities): ReadonlyMap<string, DeployedAction> {
  return new Map(
    entities.list('actions', { limit: '0' }).flatMap((listed) => {
      const name = nameOf(entities.namespace, listed)
      const action = entities.get('actions', name)
      const bound = entities.get('packages', name.split('/')[0] ?? '')
      if (isRefusal(action) || isRefusal(bound)) return []
      const code = isJsonObject(action.exec) ? action.exec.code : undefined
      const inputs = { ...asObject(bound.parameters), ...asObject(action.parameters) }
      return [[name, { code: Buffer.from(String(code ?? ''), 'base64'), inputs }]]
    }),
  )
}

/** Of the platform's pairs of key and value. */
function asObject(pairs: JsonValue | undefined): JsonObject {
  if (!Array.isArray(pairs)) return {}
  return Object.fromEntries(
    pairs.flatMap((pair): [string, JsonValue][] =>
      isJsonObject(pair) ? [[String(pair.key), pair.value ?? null]] : [],
    ),
  )
}
