import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { MovableClock } from '../clock'
import { isJsonObject, type JsonObject, parseJson } from '../json'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from '../server'
import { type Activation, MAX_BYTES, type Started } from './activation'
import type { ActivationLog } from './log'

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
  start(action: string, params: JsonObject, blocking: boolean): Started
  /** Activations that are accepted and have not ended. */
  running(): number
  log: ActivationLog
}

const BASE = '/api/v1/namespaces/'

/** An error as OpenWhisk words it (ErrorResponse.scala). */
const failure = (status: number, error: string): Answer =>
  json(status, { code: randomBytes(16).toString('hex'), error })

const refused = {
  anonymous: () =>
    failure(401, 'The resource requires authentication, which was not supplied with the request'),
  wrongKey: () => failure(401, 'The supplied authentication is invalid.'),
  otherNamespace: () =>
    failure(403, 'The supplied authentication is not authorized to access this resource.'),
  absent: () => failure(404, 'The requested resource does not exist.'),
  method: () => failure(405, 'HTTP method not allowed, supported methods: POST'),
  malformed: () => failure(400, 'The request content was malformed:\nJSON object expected'),
  tooLarge: (bytes: number) => failure(413, `Request larger than allowed: ${bytes} > ${MAX_BYTES} bytes.`),
  tooMany: (count: number, allowed: number) =>
    failure(429, `Too many concurrent requests in flight (count: ${count}, allowed: ${allowed}).`),
}

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

/**
 * Serves the part of OpenWhisk's REST API that actions use (Apache OpenWhisk, rest_actions.md): invoking an action of
 * the package, and reading records of activations. Anything else is 404.
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
    if (request.method !== 'POST') return refused.method()
    const bytes = Buffer.byteLength(request.body)
    if (bytes > MAX_BYTES) return refused.tooLarge(bytes)
    const params = request.body === '' ? {} : parseJson(request.body)
    if (!isJsonObject(params)) return refused.malformed()
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
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, options.blockingMs, undefined)
    })
    try {
      const activation = await Promise.race([end, late])
      return activation === undefined ? accepted : ended(activation, begin, request)
    } finally {
      clearTimeout(timer)
    }
  }

  const activations = (id: string | undefined, part: string | undefined): Answer => {
    if (id === undefined) return json(200, log.all().reverse().slice(0, 30))
    const record = log.find(id)
    if (record === undefined || (part !== undefined && part !== 'result')) return refused.absent()
    return json(200, part === undefined ? record : record.response)
  }

  const handle = (request: RecordedRequest): Answer | Promise<Answer> => {
    const given = request.headers.authorization
    if (given === undefined) return refused.anonymous()
    if (!equal(given, authorization)) return refused.wrongKey()
    if (!request.path.startsWith(BASE)) return refused.absent()
    const segments = decoded(request.path.slice(BASE.length))
    if (segments === undefined) return refused.absent()
    const [owner, kind, ...rest] = segments
    if (owner !== '_' && owner !== namespace) return refused.otherNamespace()
    if (kind === 'actions' && rest.length === 2 && rest[0] === packageName)
      return invoke(rest[1] ?? '', request)
    if (kind === 'activations' && rest.length <= 2 && request.method === 'GET')
      return activations(rest[0], rest[1])
    return refused.absent()
  }

  return startServer({
    clock,
    port: options.port,
    handle,
    faultAnswer: ({ status, headers, body }) =>
      body === undefined
        ? {
            ...failure(status, 'Injected fault'),
            headers: { 'content-type': 'application/json', ...headers },
          }
        : json(status, body, headers),
  })
}
