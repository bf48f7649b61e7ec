import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { MovableClock } from '../clock'
import { isJsonObject, type JsonObject, parseJson } from '../json'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from '../server'
import { within } from '../within'
import { type Activation, MAX_BYTES, type Started } from './activation'
import { failure, refused } from './failure'
import { type ActivationLog, listingOf } from './log'
import { createWeb, WEB } from './web'

/** What the API needs of the platform behind it. */
export type ApiOptions = {
  clock: MovableClock
  namespace: string
  /** The Runtime key, `<id>:<secret>`. */
  auth: string
  packageName: string
  port: number
  /** See the options of the runtime. */
  maxActivations: number
  blockingMs: number
  has(action: string): boolean
  /** Whether a parameter of this name may not be given: it is an input of an action with the annotation `final`. */
  isFinal(action: string, parameter: string): boolean
  /** Whether an action is there and served on the web. */
  isServed(action: string): boolean
  start(action: string, params: JsonObject, blocking: boolean): Started
  /** Activations that are accepted and have not ended. */
  running(): number
  log: ActivationLog
  /** Answers what is about entities: what is there, and what is deployed. */
  platform: ((request: RecordedRequest) => Promise<Answer>) | undefined
}

type Query = RecordedRequest['query']

const BASE = '/api/v1/namespaces/'

const equal = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const decoded = (path: string): string[] | undefined => {
  try {
    return path.split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}

/** The deploy service of Adobe's CLI, and the audit log that it writes to. */
const OF_DEPLOYMENTS = /^\/(runtime|audit-log-api)\//

/** Whether a request is about entities of a namespace, such as a rule, or sets an alarm: nothing of the package runs. */
const isAboutEntities = ({ method, path }: RecordedRequest): boolean => {
  const [owner, kind, ...rest] = path.slice(BASE.length).split('/')
  if (owner === 'whisk.system') return true
  if (kind === 'actions') return method !== 'POST' || rest.length === 0
  return kind === 'packages' || kind === 'triggers' || kind === 'rules'
}

/**
 * Serves the part of OpenWhisk's REST API that actions use (Apache OpenWhisk, rest_actions.md): invoking an action of
 * the package, reading records of activations, and the package's web actions. With a platform, also what deployments
 * use. Anything else is 404.
 */
export const startApi = (options: ApiOptions): Promise<SandboxServer> => {
  const { clock, namespace, packageName, log } = options
  const authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`

  const ended = (activation: Activation, begin: number, request: RecordedRequest): Answer => {
    const { activationId, action, ok } = activation
    const fullName = `/${namespace}/${packageName}/${action}`
    const record = log.record(activation, { fullName, begin })
    const body = request.query.result === 'true' ? record.response.result : record
    return json(ok ? 200 : 502, body, { 'x-openwhisk-activation-id': activationId })
  }

  const invoke = async (name: string, request: RecordedRequest): Promise<Answer> => {
    if (!options.has(name)) return refused.absent()
    if (request.method !== 'POST') return refused.method(['POST'])
    const bytes = Buffer.byteLength(request.body)
    if (bytes > MAX_BYTES) return refused.tooLarge(bytes)
    const params = request.body === '' ? {} : parseJson(request.body)
    if (!isJsonObject(params)) return refused.malformed()
    if (Object.keys(params).some((parameter) => options.isFinal(name, parameter))) return refused.final()
    const count = options.running()
    if (count >= options.maxActivations) return refused.tooMany(count + 1, options.maxActivations)

    const blocking = request.query.blocking === 'true'
    const begin = clock.now()
    const { activationId, ended: end } = options.start(name, params, blocking)
    const accepted = json(202, { activationId }, { 'x-openwhisk-activation-id': activationId })
    if (!blocking) {
      // how it ends is in its record
      end.catch(() => undefined)
      return accepted
    }
    const activation = await within(options.blockingMs, end)
    return activation === undefined ? accepted : ended(activation, begin, request)
  }

  const activations = (id: string | undefined, part: string | undefined, query: Query): Answer => {
    if (id === undefined) {
      const listing = listingOf(query)
      return listing === undefined ? refused.query() : json(200, log.list(listing))
    }
    const record = log.find(id)
    if (record === undefined) return refused.absent()
    if (part === undefined) return json(200, record)
    if (part === 'result') return json(200, record.response)
    return part === 'logs' ? json(200, { logs: record.logs }) : refused.absent()
  }

  const web = createWeb({ ...options, start: (action, params) => options.start(action, params, true) })
  /** Bodies for web actions, byte for byte. */
  const bodies = new WeakMap<RecordedRequest, Buffer>()
  const receive = async (request: RecordedRequest, incoming: IncomingMessage): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
    const bytes = Buffer.concat(chunks)
    bodies.set(request, bytes)
    request.body = bytes.toString('utf8')
  }

  const handle = (request: RecordedRequest): Answer | Promise<Answer> => {
    if (request.path.startsWith(WEB)) return web(request, bodies.get(request) ?? Buffer.alloc(0))
    const { platform } = options
    if (platform !== undefined && OF_DEPLOYMENTS.test(request.path)) return platform(request)
    const given = request.headers.authorization
    if (given === undefined) return refused.anonymous()
    if (!equal(given, authorization)) return refused.wrongKey()
    if (!request.path.startsWith(BASE)) return refused.absent()
    const segments = decoded(request.path.slice(BASE.length))
    if (segments === undefined) return refused.absent()
    if (platform !== undefined && isAboutEntities(request)) return platform(request)
    const [owner, kind, ...rest] = segments
    if (owner !== '_' && owner !== namespace) return refused.otherNamespace()
    if (kind === 'actions' && rest.length === 2 && rest[0] === packageName)
      return invoke(rest[1] ?? '', request)
    if (kind === 'activations' && rest.length <= 2 && request.method === 'GET')
      return activations(rest[0], rest[1], request.query)
    return refused.absent()
  }

  return startServer({
    clock,
    port: options.port,
    handle,
    receive: (request, incoming) => (request.path.startsWith(WEB) ? receive(request, incoming) : undefined),
    faultAnswer: ({ status, headers, body }) =>
      body === undefined
        ? {
            ...failure(status, 'Injected fault'),
            headers: { 'content-type': 'application/json', ...headers },
          }
        : json(status, body, headers),
  })
}
