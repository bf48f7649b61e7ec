import * as v from 'valibot'
import { type CallContext, untilAborted } from '../core/call-context'
import { type Clock, systemClock } from '../core/clock'
import { systemicError, transientError } from '../core/errors'
import { isRecord, parseJson } from '../core/json'
import { inOwnTime } from '../core/own-time'
import type { Redactor } from '../core/redaction'
import type { HttpClient, Upstream } from '../http/http-client'
import { type HttpResponse, isOk, jsonBody } from '../http/response'

/** OAuth server-to-server credentials of a Developer Console project. */
export type ImsCredentials = {
  /** Origin of IMS, such as `https://ims-na1.adobelogin.com`. */
  imsUrl: string
  clientId: string
  clientSecret: string
  scopes: readonly string[]
}

/** Access tokens for one technical account. */
export type TokenProvider = {
  /**
   * A token that is good for the next minutes. However many ask at once, one request goes out.
   * @throws {BridgeError} systemic when IMS refuses the credentials, transient when it does not answer
   */
  token(call: CallContext): Promise<string>
  /** Says that a service answered 401 to this token: the next call gets a new one. */
  refused(token: string): void
  /** Says that a service took this token: when it refuses it later, it was revoked, and a new one is due at once. */
  accepted(token: string): void
  /** Says that a service answered 403: rights granted since a token was given need a new one, so an old one is dropped. */
  forbidden(token: string): void
}

const upstreamName = 'IMS'
/** A token is not used in its last minutes: it must outlive the request that carries it. */
const marginMs = 5 * 60_000
/** IMS gives 24 hours; a larger figure would be milliseconds taken for seconds. */
const maxLifeMs = 24 * 3_600_000
/** A new token that is refused, too, is no matter of age: asking IMS for each event would only get us throttled. */
const patienceMs = 60_000
/** A 403 of one folder is no reason for many tokens. */
const rightsPatienceMs = 10 * 60_000

/** How long IMS is waited for: one attempt, and all of them with the waits between. */
export type ImsPatience = { attemptMs: number; requestMs: number }
const usualPatience: ImsPatience = { attemptMs: 8_000, requestMs: 20_000 }

const TokenAnswer = v.object({ access_token: v.pipe(v.string(), v.minLength(1)), expires_in: v.number() })

/**
 * Creates the token provider of a container.
 * Source of the protocol: Adobe Developer Console, OAuth server-to-server; `expires_in` is in seconds.
 */
export function createTokenProvider(
  credentials: ImsCredentials,
  parts: { http: HttpClient; redactor: Redactor; clock?: Clock; patience?: ImsPatience },
): TokenProvider {
  const { http, redactor, clock = systemClock, patience = usualPatience } = parts
  const upstream: Upstream = http.upstream({
    name: upstreamName,
    origins: [credentials.imsUrl],
    concurrency: 1,
    attemptTimeoutMs: patience.attemptMs,
  })
  let held: { token: string; since: number; expires: number } | undefined
  let renewedAfterRefusal = Number.NEGATIVE_INFINITY
  let flight: Promise<string> | undefined

  return { token, accepted, refused, forbidden }

  async function token(call: CallContext): Promise<string> {
    if (held && clock.now() < held.expires) return held.token
    flight ??= fetchToken(call).finally(() => {
      flight = undefined
    })
    return untilAborted(flight, call.signal)
  }

  function accepted(token: string): void {
    if (held?.token === token) renewedAfterRefusal = Number.NEGATIVE_INFINITY
  }

  function refused(token: string): void {
    if (held?.token !== token || clock.now() - renewedAfterRefusal < patienceMs) return
    renewedAfterRefusal = clock.now()
    held = undefined
  }

  function forbidden(token: string): void {
    if (held?.token === token && clock.now() - held.since >= rightsPatienceMs) held = undefined
  }

  /** Others wait for the answer, too: the end of the first caller must not take it from them. */
  function fetchToken(caller: CallContext): Promise<string> {
    return inOwnTime(caller, { limitMs: patience.requestMs, clock, timeIsUp }, requestToken)
  }

  function timeIsUp(): Error {
    return transientError('IMS_TIMEOUT', `IMS gave no token within ${patience.requestMs} ms`, {
      upstream: upstreamName,
    })
  }

  async function requestToken(call: CallContext): Promise<string> {
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
    const life = Math.min(seconds * 1000, maxLifeMs)
    const since = clock.now()
    held = { token: value, since, expires: since + Math.max(life - marginMs, life / 2) }
    return value
  }

  function refusedCredentials(response: HttpResponse): Error {
    const body = parseJson(response.text)
    const reason =
      isRecord(body) && typeof body.error === 'string' ? body.error.slice(0, 80) : 'no reason given'
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
