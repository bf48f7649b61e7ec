import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import { type Answer, json, type RecordedRequest } from '../server'
import { within } from '../within'
import { type Activation, MAX_BYTES, type Started } from './activation'
import { failure, refused } from './failure'
import { httpAnswer } from './http-answer'

/** What web actions need of the platform behind them. */
export type WebOptions = {
  namespace: string
  packageName: string
  /** See the options of the runtime. */
  maxActivations: number
  blockingMs: number
  /** Whether the action is there and served on the web. */
  isServed(action: string): boolean
  start(action: string, params: JsonObject): Started
  running(): number
}

/** Where web actions are served. */
export const WEB = '/api/v1/web/'

/** What Runtime takes for text, in and out; all else is Base64, JSON and CloudEvents included. */
const isText = (contentType: string | undefined): boolean => {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const media = type.trim()
  if (media === '' || media === 'application/json' || media === 'application/octet-stream') return false
  if (/^text\/|^application\/(xml|x-www-form-urlencoded)$/.test(media)) return true
  return parameters.some((it) => it.trim().startsWith('charset='))
}

const methods = ['GET', 'DELETE', 'POST', 'PUT', 'HEAD', 'PATCH']

const paramsOf = (request: RecordedRequest, bytes: Buffer, rest: string): JsonObject => {
  const headers = Object.entries(request.headers).map(([name, value]): [string, JsonValue] => [
    name.toLowerCase(),
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ])
  const query = new URLSearchParams(request.query)
  return {
    __ow_method: request.method.toLowerCase(),
    __ow_headers: Object.fromEntries(headers),
    __ow_path: rest,
    __ow_query: query.toString(),
    __ow_body: bytes.toString(isText(request.headers['content-type']) ? 'utf8' : 'base64'),
  }
}

/** Whether Runtime takes a text for Base64: four of its letters at a time, which also "true" is. */
const looksLikeBase64 = (text: string): boolean => /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/.test(text)

/** The HTTP response that an activation becomes. */
const answerOf = (activation: Activation): Answer => {
  const { status, body } = httpAnswer(activation)
  const said = activation.ok ? activation.result : activation.error
  const given = isJsonObject(said) && isJsonObject(said.headers) ? said.headers : {}
  const headers = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
  if (activation.kind === 'developer error') return failure(status, String(body))
  if (body === undefined) return { status, headers }
  if (typeof body !== 'string') return json(status, body, headers)
  const type = headers['content-type'] ?? 'text/html; charset=UTF-8'
  const isJson = type.startsWith('application/json')
  const decode = !isText(type) && looksLikeBase64(body)
  if (!decode && !isText(type) && !isJson) {
    return failure(400, 'Response type in header did not match generated content type.')
  }
  return {
    status,
    headers: { ...headers, 'content-type': type },
    body: decode ? Buffer.from(body, 'base64').toString('utf8') : body,
  }
}

/**
 * Serves the raw web actions of the package below {@link WEB} (Apache OpenWhisk, webactions.md and WebActions.scala):
 * an action gets the request as `__ow_*` parameters, and what it returns is the response. Whatever is not served on the
 * web is 404, for everybody.
 */
export const createWeb = (options: WebOptions) => {
  const { namespace, packageName } = options

  return async (request: RecordedRequest, bytes: Buffer): Promise<Answer> => {
    const [owner, folder, name = '', ...rest] = request.path.slice(WEB.length).split('/')
    const action = name.replace(/\.http$/, '')
    if (owner !== namespace || folder !== packageName || !options.isServed(action)) return refused.absent()
    if (!methods.includes(request.method)) return refused.method(methods)
    if (bytes.length > MAX_BYTES) return refused.tooLarge(bytes.length)
    const count = options.running()
    if (count >= options.maxActivations) return refused.tooMany(count + 1, options.maxActivations)

    const path = rest.length === 0 ? '' : `/${rest.join('/')}`
    const { activationId, ended } = options.start(action, paramsOf(request, bytes, path))
    ended.catch(() => undefined)
    const id = { 'x-openwhisk-activation-id': activationId }
    const activation = await within(options.blockingMs, ended)
    if (activation === undefined) return json(202, { error: 'Response not yet ready.' }, id)
    const answer = answerOf(activation)
    return { ...answer, headers: { ...answer.headers, ...id } }
  }
}
