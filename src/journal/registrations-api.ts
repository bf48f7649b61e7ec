import type { CallContext } from '../core/call-context'
import { BridgeError, systemicError, transientError } from '../core/errors'
import { parseJson } from '../core/json'
import type { HttpClient, HttpRequest } from '../http/http-client'
import { isOk } from '../http/response'
import { mayPassStatus } from '../http/status'
import { type Tokens, withToken } from '../http/tokens'

/** Where the registrations are looked up. */
export type RegistrationsOptions = {
  /** Ids from the Developer Console: `project.org.id`, `project.id` and `project.workspace.id` of its download. */
  workspace: { consumerOrgId: string; projectId: string; workspaceId: string }
  apiKey: string
  /** `<id>@AdobeOrg`. */
  orgId: string
  /** @default https://api.adobe.io */
  baseUrl?: string
  /** Of one attempt. @default 20000 */
  timeoutMs?: number
  /** After the first attempt. @default 2 */
  retries?: number
}

/** What speaks to the API. */
export type RegistrationsParts = { tokens: Tokens; http: HttpClient }

const upstream = 'IO_EVENTS'

/**
 * Asks the API of registrations, and answers what it says; undefined when that is no JSON.
 * @param what completes "I/O Events refused to ..."
 * @throws {BridgeError} systemic `IO_EVENTS_REFUSED` when the service refuses; transient `IO_EVENTS_UNAVAILABLE`
 */
export type AskRegistrations = (
  what: string,
  request?: {
    /** Behind `/registrations`, such as `/<id>/filters`. */
    path?: string
    method?: 'GET' | 'POST' | 'PUT'
    body?: Readonly<Record<string, unknown>>
  },
) => Promise<unknown>

/** Opens the API of registrations. Source of the protocol: Adobe I/O Events, Registration API. */
export function openRegistrationsApi(
  options: RegistrationsOptions,
  { tokens, http }: RegistrationsParts,
  call: CallContext,
): AskRegistrations {
  const { apiKey, orgId, workspace, baseUrl = 'https://api.adobe.io', timeoutMs, retries = 2 } = options
  const ids = [workspace.consumerOrgId, workspace.projectId, workspace.workspaceId]
  const base = `${baseUrl}/events/${ids.map(encodeURIComponent).join('/')}/registrations`
  const client = http.upstream({
    name: upstream,
    origins: [new URL(baseUrl).origin],
    concurrency: 1,
    attemptTimeoutMs: timeoutMs ?? 20_000,
    maxAttempts: retries + 1,
  })
  return async (what, { path = '', method = 'GET', body } = {}) => {
    const request = (token: string): HttpRequest => ({
      method,
      url: `${base}${path}`,
      headers: {
        accept: 'application/hal+json',
        authorization: `Bearer ${token}`,
        'x-api-key': apiKey,
        'x-ims-org-id': orgId,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const response = await withToken(tokens, call, (token) => client.request(request(token), call)).catch(
      (thrown: unknown) => {
        call.signal.throwIfAborted()
        throw thrown instanceof BridgeError && thrown.upstream === upstream ? notAnswered(thrown) : thrown
      },
    )
    if (isOk(response)) return parseJson(response.text)
    throw answeredWith(what, response.status)
  }
}

const notAnswered = ({ status }: BridgeError): BridgeError =>
  unavailable(status === undefined ? 'did not answer properly' : `answered ${status}`)

/** The error for a status that is not 2xx. */
export const answeredWith = (what: string, status: number): BridgeError =>
  status < 400 || mayPassStatus(status)
    ? unavailable(`answered ${status}`)
    : systemicError(
        'IO_EVENTS_REFUSED',
        `I/O Events refused to ${what} (${status}): check that the I/O Management API is in the workspace, ADC_CECREDENTIALS_CLIENTID and ADC_CECREDENTIALS_ORGID, and the ids of organization, project and workspace`,
        { upstream, status },
      )

/** I/O Events took it, or would, but not as it has to be. */
export const refused = (message: string): BridgeError =>
  systemicError('IO_EVENTS_REFUSED', message, { upstream })

export const unavailable = (what: string): BridgeError =>
  transientError('IO_EVENTS_UNAVAILABLE', `I/O Events ${what}; try again later`, { upstream })
