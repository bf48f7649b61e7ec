import { type BridgeError, transientError } from '../core/errors'
import { parseJson } from '../core/json'
import { saying } from './reason'

/** A whole answer, read into memory. */
export type HttpResponse = {
  status: number
  /** By lower-case name; several values are joined by a comma. */
  headers: ReadonlyMap<string, string>
  text: string
}

/** Tells whether the status is a success (2xx). */
export const isOk = ({ status }: Pick<HttpResponse, 'status'>): boolean => status >= 200 && status < 300

/**
 * The body as JSON.
 * @throws {BridgeError} transient, `<UPSTREAM>_NOT_JSON`: a login or hibernation page answers 200 with HTML
 */
export function jsonBody(upstream: string, response: HttpResponse): unknown {
  const body = parseJson(response.text)
  if (body === undefined) throw notJson(upstream, response)
  return body
}

/**
 * For a success whose body may be empty or anything, but neither a page for people nor a problem document (RFC 7807).
 * @throws {BridgeError} transient, `<UPSTREAM>_NOT_JSON`
 */
export function refusePage(upstream: string, response: HttpResponse): void {
  const type = response.headers.get('content-type') ?? ''
  if (/\bhtml\b|\bproblem\+/i.test(type)) throw notJson(upstream, response)
}

function notJson(upstream: string, response: HttpResponse): BridgeError {
  const type = response.headers.get('content-type') ?? 'no content type'
  const what = /\bhtml\b/i.test(type) ? 'a login or maintenance page, as a rule' : 'an empty or broken answer'
  return transientError(
    `${upstream}_NOT_JSON`,
    `${upstream} answered ${response.status} with ${type} where JSON was expected${saying(response.text)}: ${what}`,
    { upstream, status: response.status },
  )
}
