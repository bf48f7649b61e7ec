import * as v from 'valibot'
import { bindCallContext, type CallContext, untilAborted } from '../core/call-context'
import { type Clock, systemClock } from '../core/clock'
import { systemicError, transientError } from '../core/errors'
import { isRecord, parseJson } from '../core/json'
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
}

const upstreamName = 'IMS'
/** A token is not used in its last minutes: it must outlive the request that carries it. */
const marginMs = 5 * 60_000
/** IMS gives 24 hours; a larger figure would be milliseconds taken for seconds. */
const maxLifeMs = 24 * 3_600_000
/** A new token that is refused, too, is no matter of age: asking IMS for each event would only get us throttled. */
const patienceMs = 60_000
const requestTimeMs = 20_000

const TokenAnswer = v.object({ access_token: v.pipe(v.string(), v.minLength(1)), expires_in: v.number() })

/**
 * Creates the token provider of a container.
 * Source of the protocol: Adobe Developer Console, OAuth server-to-server; `expires_in` is in seconds.
 */
export function createTokenProvider(
  credentials: ImsCredentials,
  parts: { http: HttpClient; redactor: Redactor; clock?: Clock },
): TokenProvider {
  const { http, redactor, clock = systemClock } = parts
  const upstream: Upstream = http.upstream({
    name: upstreamName,
    origins: [credentials.imsUrl],
    concurrency: 1,
    attemptTimeoutMs: 8_000,
  })
  let held: { token: string; expires: number } | undefined
  let renewedAfterRefusal = Number.NEGATIVE_INFINITY
  let flight: Promise<string> | undefined

  return { token, refused }

  async function token(call: CallContext): Promise<string> {
    if (held && clock.now() < held.expires) return held.token
    flight ??= fetchToken(call).finally(() => {
      flight = undefined
    })
    return untilAborted(flight, call.signal)
  }

  function refused(token: string): void {
    if (held?.token !== token || clock.now() - renewedAfterRefusal < patienceMs) return
    renewedAfterRefusal = clock.now()
    held = undefined
  }

  async function fetchToken(caller: CallContext): Promise<string> {
    // Others wait for this answer, too: the end of the first caller must not take it from them.
    const call = bindCallContext({
      logger: caller.logger,
      signal: AbortSignal.timeout(requestTimeMs),
      deadline: clock.now() + requestTimeMs,
    })
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
      call.signal,
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
    held = { token: value, expires: clock.now() + Math.max(life - marginMs, life / 2) }
    return value
  }

  function refusedCredentials(response: HttpResponse): Error {
    const body = parseJson(response.text)
    const reason =
      isRecord(body) && typeof body.error === 'string' ? body.error.slice(0, 80) : 'no reason given'
    return systemicError(
      'IMS_REFUSED',
      `IMS refused the credentials with ${response.status} (${reason}): check ADC_CECREDENTIALS_CLIENTID, ` +
        'ADC_CECREDENTIALS_CLIENTSECRET and ADC_CECREDENTIALS_METASCOPES against the OAuth Server-to-Server ' +
        'credential of the Developer Console project',
      { upstream: upstreamName, status: response.status },
    )
  }
}
