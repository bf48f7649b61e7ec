import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { permanentError } from '../core/errors'
import { createElasticLimit } from '../http/elastic-limit'
import type { HttpClient, HttpRequest, Upstream } from '../http/http-client'
import type { HttpResponse } from '../http/response'
import { type Tokens, withToken } from '../http/tokens'

/** The options for requests to authors, the same for all their APIs. */
export type AuthorRequestsOptions = {
  /** The only origins that get a request. */
  origins: readonly string[]
  /** Sent as X-Api-Key; the client id of the credential, as a rule. */
  apiKey: string
  /** Sends `X-Adobe-Accept-Experimental: 1`, which older releases of the API demand. */
  experimental: boolean
  /** Requests at once per author, at most: how it answers decides how many there are. */
  concurrency: number
}

/** Requests to authors, with a token. */
export type AuthorRequests = {
  /**
   * A token that AEM refuses is replaced once. The second refusal is the answer.
   * @throws {BridgeError} permanent `HOST_NOT_ALLOWED` before anything is sent; transient when AEM does not answer
   */
  send(origin: string, request: HttpRequest, call: CallContext): Promise<HttpResponse>
}

/** AEM publishes no limit. Few authors refuse so many. */
const firstAtOnce = 8

/** Creates the requests of a container. All clients of an author share its concurrency limit. */
export function createAuthorRequests(
  options: AuthorRequestsOptions,
  { http, tokens, clock }: { http: HttpClient; tokens: Tokens; clock: Clock },
): AuthorRequests {
  const upstreams = new Map<string, Upstream>(
    options.origins.map((origin) => [
      origin,
      http.upstream({
        name: 'AEM',
        input: 'AEM_AUTHOR_URLS',
        origins: [origin],
        concurrency: options.concurrency,
        shared: createElasticLimit({ first: firstAtOnce, most: options.concurrency, clock }),
      }),
    ]),
  )

  return { send }

  async function send(origin: string, request: HttpRequest, call: CallContext): Promise<HttpResponse> {
    const sender = upstreams.get(origin)
    if (sender === undefined)
      throw permanentError('HOST_NOT_ALLOWED', 'the author is not one of AEM_AUTHOR_URLS')
    return withToken(tokens, call, (token) => sender.request(authorized(request, token), call))
  }

  function authorized(request: HttpRequest, token: string): HttpRequest {
    return {
      ...request,
      headers: {
        accept: 'application/json, application/problem+json',
        authorization: `Bearer ${token}`,
        'x-api-key': options.apiKey,
        ...(options.experimental ? { 'x-adobe-accept-experimental': '1' } : {}),
        ...request.headers,
      },
    }
  }
}
