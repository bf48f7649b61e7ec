import type { JsonValue } from '../../core/json'
import type { Upstream } from '../../http/http-client'
import type { HttpResponse } from '../../http/response'
import { unauthorized } from './errors'
import type { AkeneoTokens } from './token'

/** One call of the REST API. */
export type AkeneoRequest = {
  /** Below `/api/rest/v1/`, percent-encoded. */
  path: string
  query?: Readonly<Record<string, string>>
  /** @default POST with a body, else GET */
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Sent as JSON. */
  body?: JsonValue
}

/** Calls with a token on each. */
export type AkeneoCalls = {
  /**
   * Sends a call; after a 401 once more with a new token.
   * @throws {BridgeError} systemic `AKENEO_UNAUTHORIZED` when the new one is refused, too; what the HTTP client throws
   */
  send(request: AkeneoRequest, signal: AbortSignal): Promise<HttpResponse>
  /** The same for a call that is sent by other means; `use` may run more than once. */
  withToken(signal: AbortSignal, use: (token: string) => Promise<HttpResponse>): Promise<HttpResponse>
}

/** One with an old token, one with a new one, and one more when others renewed it at the same time. */
const maxRounds = 3

/** Creates them. */
export function createAkeneoCalls(
  origin: string,
  { upstream, tokens }: { upstream: Upstream; tokens: AkeneoTokens },
): AkeneoCalls {
  return { send, withToken }

  function send(request: AkeneoRequest, signal: AbortSignal): Promise<HttpResponse> {
    const { body, method = body === undefined ? 'GET' : 'POST' } = request
    return withToken(signal, (token) =>
      upstream.request(
        {
          method,
          url: urlOf(origin, request),
          headers: {
            accept: 'application/json',
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        signal,
      ),
    )
  }

  async function withToken(
    signal: AbortSignal,
    use: (token: string) => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    for (let round = 1; ; round++) {
      signal.throwIfAborted()
      const token = await tokens.token(signal)
      const response = await use(token)
      if (response.status !== 401) {
        tokens.accepted(token)
        return response
      }
      if (round === maxRounds || !tokens.refused(token)) throw unauthorized(tokens.inputs, response)
    }
  }
}

/** The whole URL of a call. */
export const urlOf = (origin: string, { path, query = {} }: AkeneoRequest): string => {
  const parameters = new URLSearchParams(query).toString()
  return `${origin}/api/rest/v1/${path}${parameters === '' ? '' : `?${parameters}`}`
}
