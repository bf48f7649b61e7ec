import { type BridgeError, permanentError, systemicError, transientError } from '../../../core/errors'
import { isRecord, parseJson } from '../../../core/json'
import { oneLine } from '../../../core/visible'
import type { HttpResponse } from '../../../http/response'
import { parseRetryAfter } from '../../../http/retry-after'
import { isUnsupported, mayPassStatus } from '../../../http/status'

/** In errors and logs. */
export const akeneoName = 'AKENEO'

/** The purpose of a call, for error messages. */
export type Purpose = {
  /** The Web API permission it takes, as Akeneo's role form names it. */
  permission: string
  /** What is sent, where that is one of several things. @default the request */
  about?: string
  /** What a 404 says; it is systemic. */
  missing?: (details: { upstream: string; status: number }) => BridgeError
}

/** The message of Akeneo, with those for single fields, short and on one line. */
export function reasonIn(body: unknown): string {
  if (!isRecord(body)) return 'no reason given'
  const fields: unknown[] = Array.isArray(body.errors) ? body.errors : []
  const said = [body, ...fields].flatMap((part) =>
    isRecord(part) && typeof part.message === 'string' ? [`${placeOf(part)}${part.message.trim()}`] : [],
  )
  return oneLine(said.join(' '), 400) || 'no reason given'
}

/** What an error inside an answer is about, as `weight (en_US, print): `; its message need not say so. */
function placeOf({ attribute, property, locale, scope, channel }: Record<string, unknown>): string {
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
  const name = [attribute, property].find(isText)
  const where = [locale, scope, channel].filter(isText).join(', ')
  return name === undefined ? '' : `${name}${where === '' ? '' : ` (${where})`}: `
}

/** An answer that is neither a success nor a 401, as an error. @param inputs prefix of the inputs */
export function toAkeneoError(
  response: HttpResponse,
  purpose: Purpose,
  now: number,
  inputs: string,
): BridgeError {
  const { status } = response
  const details = { upstream: akeneoName, status }
  const reason = reasonIn(parseJson(response.text))
  if (status >= 300 && status < 400) {
    return systemicError(
      'AKENEO_REDIRECTS',
      `Akeneo answered ${status} and redirects: set ${inputs}_URL to the final origin`,
      details,
    )
  }
  if (status === 403) {
    const missing = /access the web api/i.test(reason) ? 'Overall Web API access' : purpose.permission
    return systemicError(
      'AKENEO_FORBIDDEN',
      `Akeneo refused access (403, ${reason}): tick the Web API permission "${missing}" of the connection's role, or grant it to the App; if it is there, look for a limit of size in front of Akeneo`,
      details,
    )
  }
  if (status === 404 && purpose.missing !== undefined) return purpose.missing(details)
  if (mayPassStatus(status)) {
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), now)
    return transientError(
      'AKENEO_UNAVAILABLE',
      `Akeneo answered ${status}: it is not available, or too much was asked`,
      {
        ...details,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
    )
  }
  if (status === 409 || status === 412) return changed('state')
  if (status === 413) return tooLarge(`it answered 413, ${reason}`, status)
  if (status === 415) return typeRefused(`it answered 415, ${reason}`, status)
  if (isUnsupported(status)) {
    return systemicError(
      'AKENEO_UNEXPECTED_ANSWER',
      `Akeneo answered ${status}, which says that it does not support the request: check ${inputs}_URL, and what stands between`,
      details,
    )
  }
  const { about = 'the request' } = purpose
  return permanentError('AKENEO_REFUSED', `Akeneo refused ${about} with ${status}: ${reason}`, details)
}

/** A file that Akeneo will not take for its size. */
export const tooLarge = (why: string, status?: number): BridgeError =>
  permanentError('AKENEO_TOO_LARGE', `the file is too large for Akeneo: ${why}`, {
    upstream: akeneoName,
    ...(status === undefined ? {} : { status }),
  })

/** A file that Akeneo will not take for its kind. */
export const typeRefused = (why: string, status?: number): BridgeError =>
  permanentError('AKENEO_TYPE_REFUSED', `Akeneo does not take files of this kind: ${why}`, {
    upstream: akeneoName,
    ...(status === undefined ? {} : { status }),
  })

/** A success without a required field. */
export const unexpectedAnswer = (what: string, inputs: string): BridgeError =>
  systemicError(
    'AKENEO_UNEXPECTED_ANSWER',
    `Akeneo answered ${what}: check that ${inputs}_URL is the origin of an Akeneo PIM`,
    { upstream: akeneoName },
  )

/** A success without the status of the item. */
export const notConfirmed = (what: string): BridgeError =>
  transientError('AKENEO_NOT_CONFIRMED', `Akeneo answered ${what}`, { upstream: akeneoName })

/** No connection, for reads either. */
export const unreachable = ({ message }: BridgeError, inputs: string): BridgeError =>
  systemicError(
    'AKENEO_UNREACHABLE',
    message.includes(`${inputs}_URL`) ? message : `${message}; check ${inputs}_URL`,
    { upstream: akeneoName },
  )

/** An attribute of the family or of products that does not meet the requirements. */
export const attributeUnknown = (problem: string): BridgeError =>
  systemicError('AKENEO_ATTRIBUTE_UNKNOWN', problem, { upstream: akeneoName })

/** Another writer changed the object meanwhile. */
export const changed = (what: string): BridgeError =>
  transientError('DESTINATION_CHANGED', `Akeneo holds another ${what} than when it was looked at`, {
    upstream: akeneoName,
  })
