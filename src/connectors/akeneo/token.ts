import * as v from 'valibot'
import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { type BridgeError, systemicError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import type { Upstream } from '../../http/http-client'
import { type HttpResponse, isOk, jsonBody } from '../../http/response'
import { createTokens, fixedToken, type Grant, type Tokens } from '../../http/tokens'
import { noAnswer, reasonOf, unauthorized, unexpectedAnswer, upstreamName } from './errors'
import type { AkeneoCredentials } from './inputs'

const usualLifeSeconds = 3600
/** The waits between attempts included. */
const limitMs = 30_000

const TokenAnswer = v.object({
  access_token: v.pipe(v.string(), v.minLength(1)),
  expires_in: v.optional(v.number(), usualLifeSeconds),
  refresh_token: v.optional(v.string()),
})

/** The inputs that the credentials come from, for errors. */
export const credentialInputs = ({ kind, inputs }: AkeneoCredentials): string =>
  kind === 'app'
    ? `${inputs}_URL and ${inputs}_TOKEN: was the App removed, or its access revoked?`
    : `${inputs}_URL, ${inputs}_CLIENT_ID, ${inputs}_CLIENT_SECRET, ${inputs}_USERNAME and ${inputs}_PASSWORD`

/**
 * Creates the tokens of a connection or App. The token of an App is valid until it is revoked, and cannot be renewed.
 * @throws {BridgeError} from `token`: systemic `AKENEO_UNAUTHORIZED` when Akeneo refuses the credentials; then it is not
 * asked again for a minute, or it would lock the user out
 */
export function createAkeneoTokens(
  credentials: AkeneoCredentials,
  parts: { origin: string; upstream: Upstream; redactor: Redactor; clock: Clock },
): Tokens {
  if (credentials.kind === 'app') return fixedToken(credentials.token)
  const { origin, upstream, redactor, clock } = parts
  const { clientId, clientSecret, username, password, inputs: prefix } = credentials
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  redactor.add(basic)
  let refreshToken: string | undefined

  return createTokens({
    clock,
    grant: async (call) => (await byRefreshToken(call)) ?? (await byPassword(call)),
    limitMs,
    late: () => noAnswer('token', limitMs),
    isLockout: ({ code }) => code === 'AKENEO_UNAUTHORIZED',
  })

  /** Undefined when there is none, or it was refused: then the password is used. */
  async function byRefreshToken(call: CallContext): Promise<Grant | undefined> {
    const given = refreshToken
    if (given === undefined) return undefined
    refreshToken = undefined
    const response = await grant({ grant_type: 'refresh_token', refresh_token: given }, call)
    return isOk(response) ? granted(response) : undefined
  }

  async function byPassword(call: CallContext): Promise<Grant> {
    const response = await grant({ grant_type: 'password', username, password }, call)
    if (isOk(response)) return granted(response)
    throw refusal(response)
  }

  function grant(fields: Record<string, string>, call: CallContext): Promise<HttpResponse> {
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
      call,
    )
  }

  function granted(response: HttpResponse): Grant {
    const answer = v.safeParse(TokenAnswer, jsonBody(upstreamName, response))
    if (!answer.success) throw unexpectedAnswer('a request for a token without one', prefix)
    const { access_token: token, expires_in: seconds, refresh_token: next } = answer.output
    redactor.add(token)
    redactor.add(next)
    refreshToken = next
    return { token, lifeMs: seconds * 1000 }
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
    return unauthorized(credentialInputsIn(reasonOf(response)), response)
  }

  /** Names the pair of inputs that the reason of Akeneo is about; all of them when it names none. */
  function credentialInputsIn(reason: string): string {
    if (/client_id/i.test(reason)) return `${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET`
    if (/\buser|password/i.test(reason)) return `${prefix}_USERNAME and ${prefix}_PASSWORD`
    return credentialInputs(credentials)
  }
}
