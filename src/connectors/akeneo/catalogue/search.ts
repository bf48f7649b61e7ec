import type { CallContext } from '../../../core/call-context'
import { BridgeError } from '../../../core/errors'
import { isOk, jsonBody } from '../../../http/response'
import { type AkeneoRequest, urlOf } from '../calls'
import { type AkeneoClient, type AkeneoPage, readPage } from '../client'
import { type Asked, reasonOf, refusal, upstreamName } from '../errors'
import type { AkeneoSettings } from '../inputs'
import { inBatches, inSmallerPages } from './batches'
import type { Selection } from './selection'

/** Searches for products, by the routes that this version of Akeneo has. */
export type ProductSearch = {
  /** Products with one of these identifiers, in as few calls as there can be. */
  byIdentifiers(
    identifiers: readonly string[],
    selection: Selection,
    call: CallContext,
  ): Promise<readonly unknown[]>
  /** Products with one of these uuids; none where Akeneo has no uuids yet. */
  byUuids(uuids: readonly string[], selection: Selection, call: CallContext): Promise<readonly unknown[]>
  /**
   * The product itself, read without the search; undefined when there is none that the connection may see. It has the
   * values of all channels and locales.
   */
  one(name: { uuid: string } | { identifier: string }, call: CallContext): Promise<unknown>
  /** A product, whichever; none where there is none. */
  first(selection: Selection, call: CallContext): Promise<readonly unknown[]>
  /** All variants below a model, of whatever level. */
  variantsOf(model: string, selection: Selection, call: CallContext): Promise<readonly unknown[]>
  /**
   * Products that changed after an instant, in pages; without one all products.
   * @param since milliseconds since the epoch
   * @param after where to continue, as the `next` of a page gave it in `search_after`
   */
  changedSince(
    since: number | undefined,
    after: string | undefined,
    selection: Selection,
    call: CallContext,
  ): AsyncIterable<AkeneoPage>
}

/** Akeneo's limit. */
const itemsPerPage = 100
/** Servers in front of a PIM take 8 KB, as a rule. */
const maxUrlLength = 6_000
/** A longer list of attributes leaves no room for anything else in a URL: then all attributes are fetched. */
const maxAttributesLength = 2_500

const asked: Asked = { permission: 'List products' }
const uuidRoute = 'products-uuid'
const legacyRoute = 'products'

type Filter = { operator: 'IN' | '=' | '>'; value: string | readonly string[] }
type Criterion = (route: typeof uuidRoute | typeof legacyRoute) => { [property: string]: readonly Filter[] }

/** Creates the search of a container, which caches the features that this Akeneo lacks. */
export function createProductSearch(
  settings: AkeneoSettings,
  parts: { client: AkeneoClient; options: 'labels' | 'codes' },
): ProductSearch {
  const { client, options } = parts
  let isLegacy = false
  let hasPostSearch = true

  return { byIdentifiers, byUuids, one, first, variantsOf, changedSince }

  function byIdentifiers(
    identifiers: readonly string[],
    selection: Selection,
    call: CallContext,
  ): Promise<readonly unknown[]> {
    return inBatches(identifiers, (values) =>
      onePage(
        (route) => ({
          [route === uuidRoute ? settings.identifier : 'identifier']: [{ operator: 'IN', value: values }],
        }),
        values.length === 1,
        selection,
        call,
      ),
    )
  }

  function byUuids(
    uuids: readonly string[],
    selection: Selection,
    call: CallContext,
  ): Promise<readonly unknown[]> {
    return inBatches(uuids, async (values) => {
      if (isLegacy) return []
      const search = { uuid: [{ operator: 'IN' as const, value: values }] }
      const request = getRequest(uuidRoute, search, selection)
      if (values.length > 1 && urlOf(settings.origin, request).length > maxUrlLength) {
        return hasPostSearch ? post(search, selection, call) : undefined
      }
      let isMissing = false
      const meansNone = ({ status }: { status: number }): boolean => {
        isMissing = status === 404
        return isMissing
      }
      const { items } = await client.page(request, { ...asked, meansNone }, call)
      // No uuids yet, or no Akeneo: the route from before tells.
      if (isMissing) await first(selection, call)
      return items
    })
  }

  async function first(selection: Selection, call: CallContext): Promise<readonly unknown[]> {
    for await (const { items } of pages(() => ({}), { limit: '1' }, selection, asked, call)) return items
    return []
  }

  async function one(name: { uuid: string } | { identifier: string }, call: CallContext): Promise<unknown> {
    if ('identifier' in name && /^\.{1,2}$/.test(name.identifier)) return undefined
    const path =
      'uuid' in name ? `${uuidRoute}/${name.uuid}` : `${legacyRoute}/${encodeURIComponent(name.identifier)}`
    const response = await client.send({ path, query: optionsQuery() }, call)
    // Events may name products that the connection may not see. The search before showed whether it may see any.
    if (response.status === 404 || response.status === 403) return undefined
    if (!isOk(response)) throw refusal(response, asked, settings)
    return jsonBody(upstreamName, response)
  }

  async function variantsOf(
    model: string,
    selection: Selection,
    call: CallContext,
  ): Promise<readonly unknown[]> {
    const criterion: Criterion = () => ({ parent: [{ operator: '=', value: model }] })
    // Depending on the version an unknown model is an empty list or an error that names it.
    const meansNone: Asked['meansNone'] = (response) =>
      (response.status === 404 || response.status === 422) && reasonOf(response).includes(`"${model}"`)
    const found: unknown[] = []
    const asking = { ...asked, meansNone }
    const smaller = inSmallerPages(undefined, itemsPerPage, (query) =>
      pages(criterion, query, selection, asking, call),
    )
    for await (const page of smaller) found.push(...page.items)
    return found
  }

  function changedSince(
    since: number | undefined,
    after: string | undefined,
    selection: Selection,
    call: CallContext,
  ): AsyncIterable<AkeneoPage> {
    const criterion: Criterion = (): ReturnType<Criterion> =>
      since === undefined ? {} : { updated: [{ operator: '>', value: akeneoTime(since) }] }
    return inSmallerPages(after, itemsPerPage, (query) => pages(criterion, query, selection, asked, call))
  }

  /**
   * One page with all results: by GET while the URL is short enough, else by POST. Undefined when neither is
   * possible.
   */
  async function onePage(
    criterion: Criterion,
    isSingle: boolean,
    selection: Selection,
    call: CallContext,
  ): Promise<readonly unknown[] | undefined> {
    const url = urlOf(settings.origin, getRequest(uuidRoute, criterion(uuidRoute), selection))
    if (url.length > maxUrlLength && !isSingle) {
      return isLegacy || !hasPostSearch ? undefined : post(criterion(uuidRoute), selection, call)
    }
    for await (const page of pages(criterion, {}, selection, asked, call)) return page.items
    return []
  }

  /** Undefined where Akeneo has no such search, or refuses its form: then a GET is tried. */
  async function post(
    search: ReturnType<Criterion>,
    selection: Selection,
    call: CallContext,
  ): Promise<readonly unknown[] | undefined> {
    const { with_attribute_options: _, ...body } = selectionQuery(selection)
    const attributes = attributesQuery(selection)
    const request: AkeneoRequest = {
      path: `${uuidRoute}/search`,
      query: pageQuery,
      body: {
        search: JSON.stringify(search),
        ...body,
        ...(attributes === undefined ? {} : { attributes }),
        with_attribute_options: options === 'labels',
      },
    }
    const response = await client.send(request, call)
    if (isOk(response)) return readPage(jsonBody(upstreamName, response), settings.inputs).items
    hasPostSearch = false
    return undefined
  }

  /** All pages of a search; without uuids, by the older route. */
  async function* pages(
    criterion: Criterion,
    query: Readonly<Record<string, string>>,
    selection: Selection,
    asked: Asked,
    call: CallContext,
  ): AsyncGenerator<AkeneoPage> {
    const by = (route: typeof uuidRoute | typeof legacyRoute): AsyncGenerator<AkeneoPage> => {
      const request = getRequest(route, criterion(route), selection)
      return client.pages({ ...request, query: { ...request.query, ...query } }, asked, call)
    }
    if (!isLegacy) {
      let isFirst = true
      try {
        for await (const page of by(uuidRoute)) {
          isFirst = false
          yield page
        }
        return
      } catch (thrown) {
        const isUnknownRoute = thrown instanceof BridgeError && thrown.code === 'AKENEO_NOT_FOUND'
        if (!isFirst || !isUnknownRoute) throw thrown
      }
    }
    for await (const page of by(legacyRoute)) {
      isLegacy = true
      yield page
    }
  }

  function getRequest(
    route: typeof uuidRoute | typeof legacyRoute,
    search: ReturnType<Criterion>,
    selection: Selection,
  ): AkeneoRequest & { query: Record<string, string> } {
    const attributes = attributesQuery(selection)
    return {
      path: route,
      query: {
        ...(Object.keys(search).length === 0 ? {} : { search: JSON.stringify(search) }),
        ...selectionQuery(selection),
        ...(attributes === undefined || attributes.length > maxAttributesLength ? {} : { attributes }),
        ...pageQuery,
      },
    }
  }

  /** With several channels Akeneo cannot choose: then it gives all of them. */
  function selectionQuery({ channels }: Selection): Record<string, string> {
    const [scope, ...others] = channels
    return {
      ...(scope === undefined || others.length > 0 ? {} : { scope }),
      ...(settings.locales.length === 0 ? {} : { locales: settings.locales.join(',') }),
      ...optionsQuery(),
    }
  }

  function optionsQuery(): Record<string, string> {
    return options === 'labels' ? { with_attribute_options: 'true' } : {}
  }

  /** The identifier is always included: without it the products could not be told apart. */
  function attributesQuery({ attributes = settings.attributes }: Selection): string | undefined {
    const { identifier } = settings
    return attributes === undefined ? undefined : [...new Set([...attributes, identifier])].join(',')
  }
}

const pageQuery = { limit: `${itemsPerPage}`, pagination_type: 'search_after' }

/** `YYYY-MM-DD hh:mm:ss`, in UTC. */
const akeneoTime = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ')
