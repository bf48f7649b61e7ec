import type { CallContext } from '../../core/call-context'
import type { JsonValue } from '../../core/json'
import type { Upstream } from '../../http/http-client'
import type { HttpResponse } from '../../http/response'
import { type Tokens, withToken } from '../../http/tokens'
import type { AkeneoAccount } from './account'
import { inWordsOf, unauthorized } from './errors'

/** One call of the REST API. */
export type AkeneoRequest = {
  /** Below `/api/rest/v1/`, percent-encoded. */
  path: string
  query?: Readonly<Record<string, string>>
  /** @default POST with a body, else GET */
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Sent as JSON. */
  body?: JsonValue
  /** Sent in place of a body, as one JSON document a line: how Akeneo takes several products at once. */
  lines?: readonly JsonValue[]
}

/** Calls with a token on each. */
export type AkeneoCalls = {
  /**
   * Sends a call; after a 401 once more with a new token.
   * @throws {BridgeError} systemic `AKENEO_UNAUTHORIZED` when the new one is refused, too; what the HTTP client throws
   */
  send(request: AkeneoRequest, call: CallContext): Promise<HttpResponse>
  /** The same for a call that is sent by other means; `use` may run more than once. */
  withToken(call: CallContext, use: (token: string) => Promise<HttpResponse>): Promise<HttpResponse>
}

/** Creates them. */
export function createAkeneoCalls(
  origin: string,
  {
    name,
    upstream,
    account,
  }: { name: string; upstream: Upstream; account: Pick<AkeneoAccount, 'tokens' | 'inputs'> },
): AkeneoCalls {
  return { send, withToken: authorized }

  function send(request: AkeneoRequest, call: CallContext): Promise<HttpResponse> {
    const { body, method = body === undefined ? 'GET' : 'POST' } = request
    const content = contentOf(request)
    return authorized(call, (token) =>
      upstream.request(
        {
          method,
          url: urlOf(origin, request),
          headers: {
            accept: 'application/json',
            authorization: `Bearer ${token}`,
            ...(content === undefined ? {} : { 'content-type': content.type }),
          },
          ...(content === undefined ? {} : { body: content.text }),
        },
        call,
      ),
    )
  }

  async function authorized(
    call: CallContext,
    use: (token: string) => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    const tokens: Tokens = {
      ...account.tokens,
      token: (own) =>
        account.tokens.token(own).catch((thrown) => {
          throw inWordsOf(name, thrown)
        }),
    }
    const response = await withToken(tokens, call, use)
    if (response.status === 401) throw inWordsOf(name, unauthorized(account.inputs, response))
    return response
  }
}

/** Source: REST API, "Update/create several products". */
const collection = 'application/vnd.akeneo.collection+json'

function contentOf({ body, lines }: AkeneoRequest): { type: string; text: string } | undefined {
  if (lines !== undefined) {
    return { type: collection, text: lines.map((line) => JSON.stringify(line)).join('\n') }
  }
  return body === undefined ? undefined : { type: 'application/json', text: JSON.stringify(body) }
}

/** The whole URL of a call. */
export const urlOf = (origin: string, { path, query = {} }: AkeneoRequest): string => {
  const parameters = new URLSearchParams(query).toString()
  return `${origin}/api/rest/v1/${path}${parameters === '' ? '' : `?${parameters}`}`
}
