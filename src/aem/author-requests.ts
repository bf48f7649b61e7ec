import type { CallContext } from '../core/call-context'
import { permanentError } from '../core/errors'
import type { HttpClient, HttpRequest, Upstream } from '../http/http-client'
import type { HttpResponse } from '../http/response'
import type { TokenProvider } from '../ims/token-provider'

/** How authors are talked to, whichever of their APIs. */
export type AuthorRequestsOptions = {
  /** The only origins that get a request. */
  origins: readonly string[]
  /** Sent as X-Api-Key; the client id of the credential, as a rule. */
  apiKey: string
  /** Sends `X-Adobe-Accept-Experimental: 1`, which older releases of the API demand. */
  experimental: boolean
  /** Requests at once per author. */
  concurrency: number
}

/** Requests to authors, with a token. */
export type AuthorRequests = {
  /**
   * A token that AEM refuses is replaced once; the second refusal stands.
   * @throws {BridgeError} permanent `HOST_NOT_ALLOWED` before anything is sent; transient when AEM does not answer
   */
  send(origin: string, request: HttpRequest, call: CallContext): Promise<HttpResponse>
}

/** Creates the requests of a container: all that ask an author share its limit. */
export function createAuthorRequests(
  options: AuthorRequestsOptions,
  { http, tokens }: { http: HttpClient; tokens: TokenProvider },
): AuthorRequests {
  const upstreams = new Map<string, Upstream>(
    options.origins.map((origin) => [
      origin,
      http.upstream({ name: 'AEM', origins: [origin], concurrency: options.concurrency }),
    ]),
  )

  return { send }

  async function send(origin: string, request: HttpRequest, call: CallContext): Promise<HttpResponse> {
    const sender = upstreams.get(origin)
    if (sender === undefined)
      throw permanentError('HOST_NOT_ALLOWED', 'the author is not one of AEM_AUTHOR_URLS')
    const sendWith = async (bearer: string): Promise<HttpResponse> => {
      const answer = await sender.request(authorized(request, bearer), call)
      if (answer.status === 401) tokens.refused(bearer)
      else tokens.accepted(bearer)
      if (answer.status === 403) tokens.forbidden(bearer)
      return answer
    }
    const token = await tokens.token(call)
    const response = await sendWith(token)
    if (response.status !== 401) return response
    const renewed = await tokens.token(call)
    return renewed === token ? response : sendWith(renewed)
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
