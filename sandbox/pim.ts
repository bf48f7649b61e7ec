import type { MovableClock } from './clock'
import { isJsonObject, type JsonObject, parseJson } from './json'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from './server'

/** What the PIM stand-in knows. */
export type PimOptions = {
  clock: MovableClock
  /** The key that `X-Api-Key` must carry. */
  apiKey?: string
  port?: number
  /** Products besides those that are set, by their identifiers. */
  others?: (identifier: string) => JsonObject | undefined
}

/**
 * A plain JSON REST PIM: `GET /products/{identifier}` and `GET /search?sku=a,b`, `PATCH /products/{identifier}` with an
 * object of values (RFC 7396: null takes one away), and `POST /products` with `{"products":[{"sku","values"}]}`, all of
 * which it takes, or none.
 */
export type PimStandIn = SandboxServer & {
  apiKey: string
  /** Adds or replaces a product; its `sku` is the identifier. */
  setProduct(identifier: string, attributes?: JsonObject): void
  removeProduct(identifier: string): void
  /** What it holds of a product; undefined when there is none. */
  product(identifier: string): JsonObject | undefined
}

const MOST_TEXT = 200

/** Starts the stand-in with no product in it. Unknown products are 404, a wrong or missing key is 401. A `sku` is never changed, and texts have 200 characters: 422. */
export const startPim = async (options: PimOptions): Promise<PimStandIn> => {
  const { clock, apiKey = 'pim-key' } = options
  const products = new Map<string, JsonObject>()

  const gone = new Set<string>()
  const productOf = (identifier: string): JsonObject | undefined =>
    products.get(identifier) ?? (gone.has(identifier) ? undefined : options.others?.(identifier))

  const search = (request: RecordedRequest): Answer => {
    const { sku } = request.query
    if (sku === undefined || sku === '') return json(400, { error: 'The query parameter sku is missing' })
    const items = sku.split(',').flatMap((it) => productOf(it) ?? [])
    return json(200, { items })
  }

  const identifierOf = (segment: string): string | undefined => {
    try {
      return decodeURIComponent(segment)
    } catch {
      return undefined
    }
  }

  const product = (segment: string, request: RecordedRequest): Answer => {
    const identifier = identifierOf(segment)
    if (identifier === undefined) return json(400, { error: 'The identifier is not percent-encoded UTF-8' })
    const found = productOf(identifier)
    if (found === undefined) return json(404, { error: 'Unknown product' })
    if (request.method === 'GET') return json(200, { data: { product: found } })
    const problem = refusalOf(request)
    if (problem !== undefined) return problem
    const values = parseJson(request.body)
    if (!isJsonObject(values)) return json(400, { error: 'The body is no JSON object' })
    const wrong = wrongValue(values)
    if (wrong !== undefined) return json(422, { error: wrong })
    products.set(identifier, merged(found, values))
    return { status: 204 }
  }

  const refusalOf = ({ headers }: RecordedRequest): Answer | undefined =>
    headers['content-type'] === 'application/json'
      ? undefined
      : json(415, { error: 'The Content-Type has to be application/json' })

  const wrongValue = (values: JsonObject): string | undefined => {
    if ('sku' in values) return 'sku cannot be changed'
    const long = Object.keys(values).find((name) => String(values[name]).length > MOST_TEXT)
    return long === undefined ? undefined : `${long} has more than ${MOST_TEXT} characters`
  }

  const merged = (held: JsonObject, values: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries({ ...held, ...values }).filter(([, value]) => value !== null))

  const several = (request: RecordedRequest): Answer => {
    const problem = refusalOf(request)
    if (problem !== undefined) return problem
    const body = parseJson(request.body)
    const items = isJsonObject(body) && Array.isArray(body.products) ? body.products : undefined
    if (items === undefined) return json(400, { error: 'The body has no list of products' })
    const changes = new Map<string, JsonObject>()
    for (const item of items) {
      const { sku, values } = isJsonObject(item) ? item : {}
      const held = typeof sku === 'string' ? productOf(sku) : undefined
      if (typeof sku !== 'string' || held === undefined || !isJsonObject(values))
        return json(422, { error: `There is no product ${String(sku)}, or it has no values` })
      const wrong = wrongValue(values)
      if (wrong !== undefined) return json(422, { error: `${sku}: ${wrong}` })
      changes.set(sku, merged(held, values))
    }
    for (const [sku, now] of changes) products.set(sku, now)
    return json(200, { taken: changes.size })
  }

  const handle = (request: RecordedRequest): Answer => {
    if (request.headers['x-api-key'] !== apiKey) return json(401, { error: 'Wrong or missing X-Api-Key' })
    const segment = /^\/products\/([^/]+)$/.exec(request.path)?.[1]
    const isList = request.path === '/products'
    if (segment === undefined && !isList && request.path !== '/search')
      return json(404, { error: 'Not found' })
    const allowed = isList ? ['POST'] : segment === undefined ? ['GET'] : ['GET', 'PATCH']
    if (!allowed.includes(request.method))
      return json(405, { error: 'Method not allowed' }, { allow: allowed.join(', ') })
    if (isList) return several(request)
    return segment === undefined ? search(request) : product(segment, request)
  }

  const server = await startServer({ clock, handle, port: options.port ?? 0 })
  return {
    ...server,
    apiKey,
    setProduct: (identifier, attributes = {}) => {
      const usual = { sku: identifier, name: `Product ${identifier}`, supplier: 'mock-supplier' }
      products.set(identifier, { ...usual, ...attributes, sku: identifier })
    },
    removeProduct: (identifier) => {
      products.delete(identifier)
      gone.add(identifier)
    },
    product: productOf,
  }
}
