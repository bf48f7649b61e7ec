import type { CallContext } from '../../core/call-context'
import { isRecord } from '../../core/json'
import type { Upstream } from '../../http/http-client'
import { isOk, jsonBody } from '../../http/response'
import type { AkeneoAccount } from './account'
import { type AkeneoCalls, type AkeneoRequest, createAkeneoCalls } from './calls'
import { type Asked, refusal, unexpectedAnswer, upstreamName } from './errors'
import type { AkeneoSettings } from './inputs'

/** A page of a list. */
export type AkeneoPage = {
  items: readonly unknown[]
  /** The query of the next page; undefined on the last one. */
  next: Readonly<Record<string, string>> | undefined
}

/** Akeneo's REST API with a token on each call. */
export type AkeneoClient = {
  send: AkeneoCalls['send']
  /**
   * One page of a list.
   * @throws {BridgeError} for anything but a page, or what `asked` takes for an empty one
   */
  page(request: AkeneoRequest, asked: Asked, call: CallContext): Promise<AkeneoPage>
  /** All pages of a list, one after the other. */
  pages(request: AkeneoRequest, asked: Asked, call: CallContext): AsyncGenerator<AkeneoPage>
}

/** Creates the client. */
export function createAkeneoClient(
  settings: AkeneoSettings,
  parts: { upstream: Upstream; account: Pick<AkeneoAccount, 'tokens' | 'inputs'> },
): AkeneoClient {
  const { send } = createAkeneoCalls(settings.origin, { name: upstreamName, ...parts })

  return { send, page, pages }

  async function page(request: AkeneoRequest, asked: Asked, call: CallContext): Promise<AkeneoPage> {
    const response = await send(request, call)
    if (isOk(response)) return readPage(jsonBody(upstreamName, response), settings.inputs)
    if (asked.meansNone?.(response)) return { items: [], next: undefined }
    throw refusal(response, asked, settings)
  }

  async function* pages(request: AkeneoRequest, asked: Asked, call: CallContext): AsyncGenerator<AkeneoPage> {
    const seen = new Set<string>()
    for (let query = request.query; ; ) {
      const found = await page({ ...request, ...(query && { query }) }, asked, call)
      yield found
      if (found.next === undefined) return
      const place = JSON.stringify(Object.entries(found.next).sort())
      if (seen.has(place))
        throw unexpectedAnswer('a page that is followed by one from before', settings.inputs)
      seen.add(place)
      query = found.next
    }
  }
}

/**
 * Reads a page. Of the link to the next one only the query counts: behind a proxy the PIM may name itself
 * otherwise, and the token must not go there.
 * @throws {BridgeError} systemic, `PIM_UNEXPECTED_ANSWER`
 */
export function readPage(body: unknown, inputs: string): AkeneoPage {
  const embedded = isRecord(body) ? body._embedded : undefined
  const items = isRecord(embedded) ? (embedded.items ?? embedded._items) : undefined
  if (!isRecord(body) || !Array.isArray(items)) throw unexpectedAnswer('a list without items', inputs)
  const links = isRecord(body._links) ? body._links : {}
  const href = isRecord(links.next) ? links.next.href : undefined
  if (typeof href !== 'string' || href === '') return { items, next: undefined }
  const mark = href.indexOf('?')
  if (mark < 0) throw unexpectedAnswer('a page whose next one has no query', inputs)
  return { items, next: Object.fromEntries(new URLSearchParams(href.slice(mark))) }
}
