import { BridgeError, permanentError, systemicError, transientError } from '../../core/errors'
import { isRecord, parseJson } from '../../core/json'
import { reasonIn } from '../../http/reason'
import type { HttpResponse } from '../../http/response'
import type { AkeneoSettings } from './inputs'

/** In errors and logs. The codes of the HTTP client begin with it. */
export const upstreamName = 'PIM'

/** The message of Akeneo, short and on one line; `no reason given` when there is none. */
export const reasonOf = (response: HttpResponse): string => reasonIn(response.text) || 'no reason given'

const details = (response: HttpResponse) => ({ upstream: upstreamName, status: response.status })

/** The purpose of a call, for error messages. */
export type Asked = {
  /** The Web API permission it takes, as Akeneo's role form names it. */
  permission: string
  /** What else the operator can do when it is not granted. */
  otherwise?: string
  /** Whether an answer means "there is none" rather than a failure. */
  meansNone?(response: HttpResponse): boolean
}

/** The error for an answer that is neither a success nor a 401. */
export function refusal(response: HttpResponse, asked: Asked, settings: AkeneoSettings): BridgeError {
  const { status } = response
  if (status >= 300 && status < 400) {
    return systemicError(
      'PIM_REDIRECTS',
      `Akeneo answered ${status} and redirects: set ${settings.inputs}_URL to the final origin`,
      details(response),
    )
  }
  if (status === 403) return forbidden(response, asked)
  if (status === 404) {
    return systemicError(
      'AKENEO_NOT_FOUND',
      `there is no Akeneo REST API at ${settings.inputs}_URL (404, ${reasonOf(response)}): check it`,
      details(response),
    )
  }
  return selectionError(response, settings) ?? refusedForGood(response)
}

const refusedForGood = (response: HttpResponse): BridgeError =>
  permanentError(
    'AKENEO_REFUSED',
    `Akeneo refused the request with ${response.status}: ${reasonOf(response)}`,
    details(response),
  )

/**
 * Whether Akeneo itself refuses one permission: not all access to the API, and not a firewall in front of it, which
 * answers with a page.
 */
export function isNotPermitted(response: HttpResponse): boolean {
  return response.status === 403 && isRecord(parseJson(response.text)) && !lacksApi(reasonOf(response))
}

const lacksApi = (reason: string): boolean => /access the web api/i.test(reason)

function forbidden(response: HttpResponse, { permission, otherwise }: Asked): BridgeError {
  const reason = reasonOf(response)
  const missing = lacksApi(reason) ? 'Overall Web API access' : permission
  return systemicError(
    'AKENEO_FORBIDDEN',
    `Akeneo refused access (403, ${reason}): tick the Web API permission "${missing}" of the connection's role, or grant it to the App${otherwise === undefined ? '' : `; ${otherwise}`}`,
    details(response),
  )
}

/** A 422 about something that an input names is the input's fault, and stands in the way of every product. */
function selectionError(response: HttpResponse, settings: AkeneoSettings): BridgeError | undefined {
  if (response.status !== 422) return undefined
  const reason = reasonOf(response)
  const quoted = new Set([...reason.matchAll(/"([^"]*)"/g)].flatMap(([, names = '']) => names.split(/,\s*/)))
  const named = (name: string): string => `${settings.inputs}_${name}`
  const identifier: [string, readonly string[]] = [named('IDENTIFIER'), [settings.identifier]]
  // Only the identifier is searched for by what an input names.
  const inputs: (typeof identifier)[] = /^filter on property/i.test(reason)
    ? [identifier]
    : [
        [named('ATTRIBUTES'), settings.attributes ?? []],
        [named('LOCALES'), settings.locales],
        [named('CHANNEL'), settings.channels],
        identifier,
      ]
  const wrong = inputs.flatMap(([input, names]) => {
    const found = names.filter((name) => quoted.has(name))
    return found.length === 0 ? [] : [`${found.join(', ')} in ${input}`]
  })
  return wrong.length === 0 ? undefined : unknownSelection(wrong, reason, response.status)
}

/** The error for names in the inputs that the catalogue does not have. */
export function unknownSelection(wrong: readonly string[], reason: string, status?: number): BridgeError {
  return systemicError(
    'AKENEO_SELECTION_UNKNOWN',
    `Akeneo does not accept ${wrong.join(' and ')} (${reason}): check code, case, and that it is active`,
    { upstream: upstreamName, ...(status === undefined ? {} : { status }) },
  )
}

/** A 200 whose JSON is something else than the REST API answers. */
export const unexpectedAnswer = (what: string, inputs: string): BridgeError =>
  systemicError(
    'PIM_UNEXPECTED_ANSWER',
    `Akeneo answered ${what}: check that ${inputs}_URL is the origin of an Akeneo PIM`,
    { upstream: upstreamName },
  )

/** Credentials or a token that Akeneo does not take. */
export function unauthorized(inputs: string, response: HttpResponse): BridgeError {
  return systemicError(
    'AKENEO_UNAUTHORIZED',
    `Akeneo refused the credentials with ${response.status} (${reasonOf(response)}): check ${inputs}`,
    details(response),
  )
}

/** The error when shared work of several calls timed out. */
export const noAnswer = (what: string, limitMs: number): BridgeError =>
  transientError('PIM_TIMEOUT', `Akeneo gave no ${what} within ${limitMs} ms`, { upstream: upstreamName })

/**
 * The same failure with the code of another user of the connection: the communicator says `PIM_TIMEOUT`, a
 * destination `AKENEO_TIMEOUT`. Tokens are shared, so their failures need the code of each user.
 */
export function inWordsOf(name: string, thrown: unknown): unknown {
  if (!(thrown instanceof BridgeError) || thrown.upstream !== upstreamName || name === upstreamName)
    return thrown
  const { failureClass, message, status, retryAfterMs } = thrown
  const code = thrown.code.replace(/^PIM_/, `${name}_`)
  return new BridgeError(failureClass, code, message, {
    upstream: name,
    cause: thrown,
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
