import type { JsonObject } from '../json'
import { type Answer, json, type RecordedRequest } from '../server'
import type { AkeneoProduct } from './catalogue'
import { listPage, readListQuery } from './listing'
import { productView, type ViewOptions, valuesView } from './product-view'
import { missing, one, type ReadingParts, type Route, rest, readingRoute as route } from './route'
import { modelCodes, parseSearch } from './search'

const uuidless = ['6.0'] as const

/** The reading half of the REST API: products and their models. */
export const createProductRoutes = (parts: ReadingParts): readonly Route[] => {
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
  ]
}
