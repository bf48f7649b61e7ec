import { isJsonObject, type JsonObject } from '../json'
import { type Answer, json, type RecordedRequest } from '../server'
import type { AkeneoAttribute, AkeneoProduct, Catalogue } from './catalogue'
import { listPage, readListQuery } from './listing'
import { phpMap } from './php'
import { productView, type ViewOptions, valuesView } from './product-view'
import { Refused } from './refusal'
import { modelCodes, parseSearch, type SearchRules } from './search'

/** What differs between installations, and what public sources leave open; may be changed at any time. */
export type AkeneoSettings = Pick<SearchRules, 'unknownParent' | 'ignoreCase'> & {
  /**
   * `saas` has uuids, the POST search, and types in its values; `7.0` has uuids only; `6.0` has identifiers only.
   */
  edition: 'saas' | '7.0' | '6.0'
  /** Web API permissions of the connection's role. */
  permissions: Set<string>
  /** Seconds in Retry-After of a 429; absent as a rule. */
  retryAfter: number | undefined
  /** What links begin with, when the PIM stands behind a proxy that it does not know of. */
  linkBase: string | undefined
  /** Leaves labels of options out even when asked for, as versions before 5.0 do. */
  withoutLinkedData: boolean
  /** Whether the edition has the Asset Manager. */
  assetManager: boolean
  /** The most that the web server in front of the PIM lets through. */
  maxUploadBytes: number
  /**
   * What the search still has of a product, by uuid: an older state, be the product deleted meanwhile, or nothing.
   * Reading it by name does not lag.
   */
  lagging: Map<string, AkeneoProduct | undefined>
  /** Products that the user may only propose changes of, by uuid. */
  notOwned: Set<string>
  /**
   * What goes wrong with a line of a call that updates several, by its uuid, identifier or code: a status without any
   * effect, or no line in the answer although it took effect.
   */
  lineFault: ((name: string) => number | 'unsaid' | undefined) | undefined
  /** Runs within each call of the REST API: what it waits for counts as being under way. */
  duringCall: (() => Promise<void>) | undefined
}

/** One call of the REST API. */
export type Route = {
  pattern: RegExp
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  permission: string
  /** @default application/json */
  contentType?: string
  /** Editions that lack it. */
  lacking?: readonly AkeneoSettings['edition'][]
  answer(request: RecordedRequest, codes: readonly string[]): Answer
}

const rest = '/api/rest/v1'
const uuidless = ['6.0'] as const

const missing = (what: string, code: string): Refused =>
  new Refused(404, `${what} "${code}" does not exist or you do not have permission to access it.`)

/** The reading half of the REST API. */
export const createRoutes = (parts: {
  catalogue: Catalogue
  settings: AkeneoSettings
  /** What links begin with. */
  linkBase: () => string
}): readonly Route[] => {
  const { catalogue, settings, linkBase } = parts
  const isLegacy = (request: RecordedRequest): boolean => !request.path.startsWith(`${rest}/products-uuid`)

  const view = (request: RecordedRequest, selection: Partial<ViewOptions> = {}): ViewOptions => ({
    withOptions: request.query.with_attribute_options === 'true',
    withTypes: settings.edition === 'saas',
    legacy: isLegacy(request),
    withUuid: settings.edition !== '6.0',
    linkBase: linkBase(),
    notOwned: settings.notOwned,
    ...selection,
    ...(settings.withoutLinkedData ? { withOptions: false } : {}),
  })

  const listProducts = (request: RecordedRequest): Answer => {
    const query = readListQuery(request, catalogue)
    const rules = { ...settings, legacy: isLegacy(request) }
    const wanted = query.search === undefined ? () => true : parseSearch(query.search, catalogue, rules)
    const place = (product: AkeneoProduct): string =>
      rules.legacy ? (catalogue.skuOf(product) ?? '') : product.uuid
    const known = [...catalogue.products.values()].filter(({ uuid }) => !settings.lagging.has(uuid))
    const products = [...known, ...[...settings.lagging.values()].filter((it) => it !== undefined)]
      .filter((product) => wanted(product) && (!rules.legacy || catalogue.skuOf(product) !== undefined))
      .sort((a, b) => (place(a) < place(b) ? -1 : 1))
    const shown = (product: AkeneoProduct) => productView(product, catalogue, view(request, query))
    if (query.pagination === 'page') return listPage(products.map(shown), request, linkBase())
    const { searchAfter } = query
    const rest = searchAfter === undefined ? products : products.filter((it) => place(it) > searchAfter)
    const found = rest.slice(0, query.limit)
    const last = found.at(-1)
    const link = (parameters: Record<string, string>) => ({
      href: `${linkBase()}${request.path}?${new URLSearchParams({ ...request.query, ...parameters })}`,
    })
    // The PIM knows only that the page is full: an empty one can follow.
    const isFull = last !== undefined && found.length === query.limit
    return json(200, {
      _links: {
        self: link({}),
        first: link({}),
        ...(isFull ? { next: link({ search_after: place(last) }) } : {}),
      },
      _embedded: { items: found.map(shown) },
    })
  }

  const one =
    (what: string, find: (code: string) => JsonObject | undefined): Route['answer'] =>
    (_, [code = '']) => {
      const found = find(code)
      if (found === undefined) throw missing(what, code)
      return json(200, found)
    }
  const all =
    (items: () => readonly JsonObject[]): Route['answer'] =>
    (request) =>
      listPage(items(), request, linkBase())

  const attributeView = ({
    code,
    type,
    localizable,
    scopable,
    referenceData,
    maxFileSize,
    allowedExtensions = [],
    maxCharacters,
    units = [],
  }: AkeneoAttribute): JsonObject => ({
    code,
    type,
    localizable,
    scopable,
    reference_data_name: referenceData ?? null,
    max_characters: maxCharacters ?? null,
    max_file_size: maxFileSize ?? '',
    allowed_extensions: allowedExtensions,
    default_metric_unit: units[0] ?? null,
    labels: phpMap({}),
    group_labels: phpMap({}),
    guidelines: phpMap({}),
  })
  const attributes = (request: RecordedRequest): Answer => {
    const { search } = request.query
    const match =
      search === undefined ? undefined : /^\{"code":\[\{"operator":"IN","value":(\[.*\])\}\]\}$/.exec(search)
    if (search !== undefined && !match) throw new Refused(400, 'Search query parameter should be valid JSON.')
    const codes: unknown = match ? JSON.parse(match[1] ?? '') : undefined
    const found = [...catalogue.attributes.values()].filter(
      ({ code }) => !Array.isArray(codes) || codes.includes(code),
    )
    return listPage(found.map(attributeView), request, linkBase())
  }
  const optionsOf = (code: string): JsonObject[] => {
    const attribute = catalogue.attributes.get(code)
    if (attribute === undefined) throw missing('Attribute', code)
    if (!/select$/.test(attribute.type)) {
      throw new Refused(
        404,
        `Attribute "${code}" does not support options. Only attributes of type select do.`,
      )
    }
    return Object.entries(attribute.options ?? {}).map(([option, labels], index) => {
      return { code: option, attribute: code, sort_order: index + 1, labels: phpMap(labels) }
    })
  }

  const labelledView = (item: JsonObject): JsonObject => ({
    ...item,
    labels: phpMap(isJsonObject(item.labels) ? item.labels : {}),
  })

  const recordsOf = (entity: string): JsonObject[] => {
    const records = catalogue.records.get(entity)
    if (records === undefined) throw missing('Reference entity', entity)
    return [...records].map(([code, labels]) => {
      const label = Object.entries(labels).map(([locale, data]) => ({ locale, channel: null, data }))
      return { code, values: phpMap(label.length === 0 ? {} : { label }) }
    })
  }

  const route = (
    path: string,
    permission: string,
    answer: Route['answer'],
    more: Partial<Pick<Route, 'method' | 'lacking'>> = {},
  ): Route => {
    const pattern = new RegExp(`^${rest}/${path.replaceAll('*', '([^/]+)')}$`)
    return { pattern, method: 'GET', permission, answer, ...more }
  }
  const findProduct =
    (find: (code: string) => AkeneoProduct | undefined): Route['answer'] =>
    (request, [code = '']) => {
      const product = find(code)
      if (product === undefined) throw missing('Product', code)
      return json(200, productView(product, catalogue, view(request)))
    }
  const modelView = (
    request: RecordedRequest,
    code: string,
    selection: Partial<ViewOptions> = {},
  ): JsonObject | undefined => {
    const model = catalogue.models.get(code)
    if (model === undefined) return undefined
    const { parent, family = null, familyVariant = null } = model
    const values = valuesView(catalogue.allValues(model), catalogue, view(request, selection))
    const metadata = { workflow_status: 'working_copy' }
    return { code, parent, family, family_variant: familyVariant, values, metadata }
  }
  const listModels = (request: RecordedRequest): Answer => {
    const query = readListQuery(request, catalogue)
    const wanted = query.search === undefined ? undefined : modelCodes(query.search)
    const found = [...catalogue.models.keys()].filter((code) => wanted === undefined || wanted.includes(code))
    return listPage(
      found.map((code) => modelView(request, code, query) ?? {}),
      request,
      linkBase(),
    )
  }
  const variantView = (family: string, code: string): JsonObject | undefined => {
    const levels = catalogue.familyVariants.get(family)?.get(code)
    const sets = levels?.map((attributes, index) => ({ level: index + 1, axes: [], attributes }))
    return sets && { code, labels: phpMap({}), variant_attribute_sets: sets }
  }
  const coded = (enabled: ReadonlyMap<string, boolean>): JsonObject[] =>
    [...enabled].map(([code, is]) => ({ code, enabled: is }))

  return [
    route('products-uuid', 'List products', listProducts, { lacking: uuidless }),
    route('products-uuid/search', 'List products', listProducts, { method: 'POST', lacking: ['7.0', '6.0'] }),
    route(
      'products-uuid/*',
      'List products',
      findProduct((uuid) => catalogue.products.get(uuid)),
      { lacking: uuidless },
    ),
    route('products', 'List products', listProducts),
    route('products/*', 'List products', findProduct(catalogue.bySku)),
    route('product-models', 'List products', listModels),
    route('product-models/*', 'List products', (request, [code = '']) =>
      one('Product model', (it) => modelView(request, it))(request, [code]),
    ),
    route('attributes', 'List attributes', attributes),
    route(
      'attributes/*',
      'List attributes',
      one('Attribute', (code) => {
        const attribute = catalogue.attributes.get(code)
        return attribute && attributeView(attribute)
      }),
    ),
    route('attributes/*/options', 'List attribute options', (request, [code = '']) =>
      listPage(optionsOf(code), request, linkBase()),
    ),
    route('attributes/*/options/*', 'List attribute options', (_, [code = '', option = '']) => {
      const found = optionsOf(code).find((it) => it.code === option)
      if (found === undefined) throw missing('Attribute option', option)
      return json(200, found)
    }),
    route(
      'channels',
      'List channels',
      all(() => [...catalogue.channels.values()].map(labelledView)),
    ),
    route(
      'channels/*',
      'List channels',
      one('Channel', (code) => {
        const found = catalogue.channels.get(code)
        return found && labelledView(found)
      }),
    ),
    route(
      'families',
      'List families',
      all(() => [...catalogue.families.values()].map(labelledView)),
    ),
    route(
      'families/*',
      'List families',
      one('Family', (code) => {
        const found = catalogue.families.get(code)
        return found && labelledView(found)
      }),
    ),
    route('families/*/variants/*', 'List family variants', (_, [family = '', code = '']) => {
      const found = variantView(family, code)
      if (found === undefined) throw missing('Family variant', code)
      return json(200, found)
    }),
    route(
      'locales',
      'List locales',
      all(() => coded(catalogue.locales)),
    ),
    route('reference-entities/*/records', 'List reference entity records', (request, [entity = '']) =>
      listPage(recordsOf(entity), request, linkBase()),
    ),
    route(
      'reference-entities/*/records/*',
      'List reference entity records',
      (_, [entity = '', code = '']) => {
        const found = recordsOf(entity).find((it) => it.code === code)
        if (found === undefined) throw missing('Record', code)
        return json(200, found)
      },
    ),
    route(
      'currencies',
      'List currencies',
      all(() => coded(catalogue.currencies)),
    ),
  ]
}
