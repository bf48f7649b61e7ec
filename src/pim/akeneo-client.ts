import { isRecord } from '../core/json'
import type { Upstream } from '../http/http-client'
import { type HttpResponse, isOk, jsonBody } from '../http/response'
import { type Asked, refusal, unauthorized, unexpectedAnswer, upstreamName } from './akeneo-errors'
import type { AkeneoSettings } from './akeneo-settings'
import type { AkeneoTokens } from './akeneo-token'

/** One call of the REST API. */
export type AkeneoRequest = {
  /** Below `/api/rest/v1/`, percent-encoded. */
  path: string
  query?: Readonly<Record<string, string>>
  /** Makes it a POST; sent as JSON. */
  body?: Readonly<Record<string, string | boolean>>
}

/** A page of a list. */
export type AkeneoPage = {
  items: readonly unknown[]
  /** The query of the next page; undefined on the last one. */
  next: Readonly<Record<string, string>> | undefined
}

/** Akeneo's REST API with a token on each call. */
export type AkeneoClient = {
  /**
   * Sends a call; after a 401 once more with a new token.
   * @throws {BridgeError} systemic `AKENEO_UNAUTHORIZED` when the new one is refused, too; what the HTTP client throws
   */
  send(request: AkeneoRequest, signal: AbortSignal): Promise<HttpResponse>
  /**
   * One page of a list.
   * @throws {BridgeError} for anything but a page, or what `asked` takes for an empty one
   */
  page(request: AkeneoRequest, asked: Asked, signal: AbortSignal): Promise<AkeneoPage>
  /** All pages of a list, one after the other. */
  pages(request: AkeneoRequest, asked: Asked, signal: AbortSignal): AsyncGenerator<AkeneoPage>
}

/** One with an old token, one with a new one, and one more when others renewed it at the same time. */
const maxRounds = 3

/** Creates the client. */
export function createAkeneoClient(
  settings: AkeneoSettings,
  parts: { upstream: Upstream; tokens: AkeneoTokens },
): AkeneoClient {
  const { upstream, tokens } = parts

  return { send, page, pages }

  async function send(request: AkeneoRequest, signal: AbortSignal): Promise<HttpResponse> {
    for (let round = 1; ; round++) {
      signal.throwIfAborted()
      const token = await tokens.token(signal)
      const response = await upstream.request(
        {
          method: request.body === undefined ? 'GET' : 'POST',
          url: urlOf(settings.origin, request),
          headers: {
            accept: 'application/json',
            authorization: `Bearer ${token}`,
            ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        },
        signal,
      )
      if (response.status === 401) {
        if (round === maxRounds || !tokens.refused(token)) throw unauthorized(tokens.inputs, response)
        continue
      }
      tokens.accepted(token)
      return response
    }
  }

  async function page(request: AkeneoRequest, asked: Asked, signal: AbortSignal): Promise<AkeneoPage> {
    const response = await send(request, signal)
    if (isOk(response)) return readPage(jsonBody(upstreamName, response))
    if (asked.meansNone?.(response)) return { items: [], next: undefined }
    throw refusal(response, asked, settings)
  }

  async function* pages(
    request: AkeneoRequest,
    asked: Asked,
    signal: AbortSignal,
  ): AsyncGenerator<AkeneoPage> {
    const seen = new Set<string>()
    for (let query = request.query; ; ) {
      const found = await page({ ...request, ...(query && { query }) }, asked, signal)
      yield found
      if (found.next === undefined) return
      const place = JSON.stringify(Object.entries(found.next).sort())
      if (seen.has(place)) throw unexpectedAnswer('a page that is followed by one from before')
      seen.add(place)
      query = found.next
    }
  }
}

/** The whole URL of a call. */
export const urlOf = (origin: string, { path, query = {} }: AkeneoRequest): string => {
  const parameters = new URLSearchParams(query).toString()
  return `${origin}/api/rest/v1/${path}${parameters === '' ? '' : `?${parameters}`}`
}

/**
 * Reads a page. Of the link to the next one only the query counts: behind a proxy the PIM may name itself
 * otherwise, and the token must not go there.
 * @throws {BridgeError} systemic, `PIM_UNEXPECTED_ANSWER`
 */
export function readPage(body: unknown): AkeneoPage {
  const embedded = isRecord(body) ? body._embedded : undefined
  const items = isRecord(embedded) ? (embedded.items ?? embedded._items) : undefined
  if (!isRecord(body) || !Array.isArray(items)) throw unexpectedAnswer('a list without items')
  const links = isRecord(body._links) ? body._links : {}
  const href = isRecord(links.next) ? links.next.href : undefined
  if (typeof href !== 'string' || href === '') return { items, next: undefined }
  const mark = href.indexOf('?')
  if (mark < 0) throw unexpectedAnswer('a page whose next one has no query')
  return { items, next: Object.fromEntries(new URLSearchParams(href.slice(mark))) }
}
