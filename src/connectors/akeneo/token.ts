import * as v from 'valibot'
import type { Clock } from '../../core/clock'
import { type BridgeError, systemicError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import type { Upstream } from '../../http/http-client'
import { type HttpResponse, isOk, jsonBody } from '../../http/response'
import { reasonOf, unauthorized, unexpectedAnswer, upstreamName } from './errors'
import { createFlights } from './flights'
import type { AkeneoCredentials } from './inputs'

/** Access tokens for one connection or App. */
export type AkeneoTokens = {
  /**
   * A token that is good for the next minutes. However many ask at once, one request goes out.
   * @throws {BridgeError} systemic `AKENEO_UNAUTHORIZED` when Akeneo refuses the credentials
   */
  token(signal: AbortSignal): Promise<string>
  /** Says that a call was answered 401 to this token; answers whether another one is to be had by now. */
  refused(token: string): boolean
  /** Says that Akeneo took this token: when it refuses it later, it was revoked, and a new one is due at once. */
  accepted(token: string): void
  /** The inputs that the credentials come from, for errors. */
  inputs: string
}

/** A token is not used in its last minutes: it must outlive the request that carries it. */
const marginMs = 5 * 60_000
const usualLifeSeconds = 3600
const maxLifeSeconds = 24 * 3600
/** Asking again for each event with a wrong password would get the user locked out. */
const patienceMs = 60_000

const TokenAnswer = v.object({
  access_token: v.pipe(v.string(), v.minLength(1)),
  expires_in: v.optional(v.number(), usualLifeSeconds),
  refresh_token: v.optional(v.string()),
})

/** The token of an App is good until it is revoked; there is no other one. */
const appTokens = (token: string, prefix: string): AkeneoTokens => ({
  token: async () => token,
  refused: () => false,
  accepted: () => undefined,
  inputs: `${prefix}_URL and ${prefix}_TOKEN: was the App removed, or its access revoked?`,
})

/** Creates the tokens of a container; nothing of them is kept anywhere else. */
export function createAkeneoTokens(
  credentials: AkeneoCredentials,
  parts: { origin: string; upstream: Upstream; redactor: Redactor; clock: Clock },
): AkeneoTokens {
  if (credentials.kind === 'app') return appTokens(credentials.token, credentials.inputs)
  const { origin, upstream, redactor, clock } = parts
  const { clientId, clientSecret, username, password, inputs: prefix } = credentials
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  redactor.add(basic)
  const inputs = `${prefix}_URL, ${prefix}_CLIENT_ID, ${prefix}_CLIENT_SECRET, ${prefix}_USERNAME and ${prefix}_PASSWORD`

  const flights = createFlights<string>(clock, 'token')
  let held: { token: string; expires: number } | undefined
  let refreshToken: string | undefined
  let renewedAfterRefusal = Number.NEGATIVE_INFINITY
  let refusedCredentials: { error: BridgeError; until: number } | undefined

  return { token, refused, accepted, inputs }

  async function token(signal: AbortSignal): Promise<string> {
    if (held && clock.now() < held.expires) return held.token
    return flights('', signal, async (own) => (await byRefreshToken(own)) ?? (await byPassword(own)))
  }

  function accepted(token: string): void {
    if (held?.token === token) renewedAfterRefusal = Number.NEGATIVE_INFINITY
  }

  function refused(token: string): boolean {
    if (held?.token !== token) return true
    if (clock.now() - renewedAfterRefusal < patienceMs) return false
    renewedAfterRefusal = clock.now()
    held = undefined
    return true
  }

  /** Undefined when there is none, or it is dead: then only the password helps. */
  async function byRefreshToken(signal: AbortSignal): Promise<string | undefined> {
    const given = refreshToken
    if (given === undefined) return undefined
    refreshToken = undefined
    const response = await grant({ grant_type: 'refresh_token', refresh_token: given }, signal)
    return isOk(response) ? hold(response) : undefined
  }

  async function byPassword(signal: AbortSignal): Promise<string> {
    if (refusedCredentials && clock.now() < refusedCredentials.until) throw refusedCredentials.error
    const response = await grant({ grant_type: 'password', username, password }, signal)
    if (isOk(response)) return hold(response)
    const error = refusal(response)
    if (error.code === 'AKENEO_UNAUTHORIZED') {
      refusedCredentials = { error, until: clock.now() + patienceMs }
    }
    throw error
  }

  function grant(fields: Record<string, string>, signal: AbortSignal): Promise<HttpResponse> {
    return upstream.request(
      {
        method: 'POST',
        url: `${origin}/api/oauth/v1/token`,
        headers: {
          authorization: `Basic ${basic}`,
          'content-type': 'application/json',
          accept: 'application/json',
        },
        body: JSON.stringify(fields),
      },
      signal,
    )
  }

  function hold(response: HttpResponse): string {
    const answer = v.safeParse(TokenAnswer, jsonBody(upstreamName, response))
    if (!answer.success) throw unexpectedAnswer('a request for a token without one', prefix)
    const { access_token: token, expires_in: seconds } = answer.output
    redactor.add(token)
    redactor.add(answer.output.refresh_token)
    refreshToken = answer.output.refresh_token
    refusedCredentials = undefined
    const life = Math.min(seconds, maxLifeSeconds) * 1000
    held = { token, expires: clock.now() + Math.max(life - marginMs, life / 2) }
    return token
  }

  function refusal(response: HttpResponse): BridgeError {
    const { status } = response
    if (status === 404 || (status >= 300 && status < 400)) {
      return systemicError(
        'AKENEO_NOT_FOUND',
        `there is no Akeneo token endpoint at ${prefix}_URL (${status}, ${reasonOf(response)}): check it`,
        { upstream: upstreamName, status },
      )
    }
    return unauthorized(blamed(reasonOf(response)), response)
  }

  /** Akeneo tells which pair it does not like. */
  function blamed(reason: string): string {
    if (/client_id/i.test(reason)) return `${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET`
    if (/\buser|password/i.test(reason)) return `${prefix}_USERNAME and ${prefix}_PASSWORD`
    return inputs
  }
}
