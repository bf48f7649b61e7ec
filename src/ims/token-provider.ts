import * as v from 'valibot'
import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { systemicError, transientError } from '../core/errors'
import type { Redactor } from '../core/redaction'
import type { HttpClient, Upstream } from '../http/http-client'
import { reasonIn } from '../http/reason'
import { type HttpResponse, isOk, jsonBody } from '../http/response'
import { createTokens, type Grant, type Tokens } from '../http/tokens'

/** OAuth server-to-server credentials of a Developer Console project. */
export type ImsCredentials = {
  /** Origin of IMS, such as `https://ims-na1.adobelogin.com`. */
  imsUrl: string
  clientId: string
  clientSecret: string
  scopes: readonly string[]
}

const upstreamName = 'IMS'
/** The time limit of one attempt at IMS, and that of all attempts with the waits between them. */
export type ImsPatience = { attemptMs: number; requestMs: number }
const usualPatience: ImsPatience = { attemptMs: 8_000, requestMs: 20_000 }

const TokenAnswer = v.object({ access_token: v.pipe(v.string(), v.minLength(1)), expires_in: v.number() })

type Parts = { http: HttpClient; redactor: Redactor; clock: Clock; patience?: ImsPatience }

/**
 * Creates the tokens of a technical account.
 * @throws {BridgeError} from `token`: systemic `IMS_REFUSED` when IMS refuses the credentials, transient when it does
 * not answer
 */
export function createTokenProvider(credentials: ImsCredentials, parts: Parts): Tokens {
  const { clock, patience = usualPatience } = parts
  return createTokens({
    clock,
    grant: createImsGrant(credentials, parts),
    limitMs: patience.requestMs,
    late: () =>
      transientError('IMS_TIMEOUT', `IMS gave no token within ${patience.requestMs} ms`, {
        upstream: upstreamName,
      }),
  })
}

/**
 * Creates what asks IMS for one token, each time anew.
 * Source of the protocol: Adobe Developer Console, OAuth server-to-server; `expires_in` is in seconds.
 * @throws {BridgeError} as `token` of {@link createTokenProvider}
 */
export function createImsGrant(
  credentials: ImsCredentials,
  { http, redactor, patience = usualPatience }: Omit<Parts, 'clock'>,
): (call: CallContext) => Promise<Grant> {
  const upstream: Upstream = http.upstream({
    name: upstreamName,
    input: 'IMS_URL',
    origins: [credentials.imsUrl],
    concurrency: 1,
    attemptTimeoutMs: patience.attemptMs,
  })
  return requestToken

  async function requestToken(call: CallContext): Promise<Grant> {
    const response = await upstream.request(
      {
        method: 'POST',
        url: `${credentials.imsUrl}/ims/token/v3`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: credentials.clientId,
          client_secret: credentials.clientSecret,
          scope: credentials.scopes.join(','),
        }).toString(),
      },
      call,
    )
    if (!isOk(response)) throw refusedCredentials(response)
    const answer = v.safeParse(TokenAnswer, jsonBody(upstreamName, response))
    if (!answer.success) {
      throw transientError('IMS_UNEXPECTED_ANSWER', 'IMS answered 200 without an access token', {
        upstream: upstreamName,
      })
    }
    const { access_token: value, expires_in: seconds } = answer.output
    redactor.add(value)
    return { token: value, lifeMs: seconds * 1000 }
  }

  function refusedCredentials(response: HttpResponse): Error {
    const reason = reasonIn(response.text) || 'no reason given'
    return systemicError(
      'IMS_REFUSED',
      `IMS refused the credentials with ${response.status} (${reason}): check ${whatToCheck(response.status)}`,
      { upstream: upstreamName, status: response.status },
    )
  }
}

/** OAuth refuses with these (RFC 6749, section 5.2); anything else did not come from a token endpoint. */
const whatToCheck = (status: number): string =>
  status === 400 || status === 401 || status === 403
    ? 'ADC_CECREDENTIALS_CLIENTID, ADC_CECREDENTIALS_CLIENTSECRET and ADC_CECREDENTIALS_METASCOPES against the ' +
      'OAuth Server-to-Server credential of the Developer Console project'
    : 'IMS_URL'
