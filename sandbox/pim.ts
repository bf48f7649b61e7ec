import type { MovableClock } from './clock'
import type { JsonObject } from './json'
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

/** A plain JSON REST PIM: `GET /products/{identifier}` and `GET /search?sku=a,b`. */
export type PimStandIn = SandboxServer & {
  apiKey: string
  /** Adds or replaces a product; its `sku` is the identifier. */
  setProduct(identifier: string, attributes?: JsonObject): void
  removeProduct(identifier: string): void
}

/** Starts the stand-in with no product in it. Unknown products are 404, a wrong or missing key is 401. */
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

  const product = (segment: string): Answer => {
    let identifier: string
    try {
      identifier = decodeURIComponent(segment)
    } catch {
      return json(400, { error: 'The identifier is not percent-encoded UTF-8' })
    }
    const found = productOf(identifier)
    return found === undefined
      ? json(404, { error: 'Unknown product' })
      : json(200, { data: { product: found } })
  }

  const handle = (request: RecordedRequest): Answer => {
    if (request.headers['x-api-key'] !== apiKey) return json(401, { error: 'Wrong or missing X-Api-Key' })
    const segment = /^\/products\/([^/]+)$/.exec(request.path)?.[1]
    if (segment === undefined && request.path !== '/search') return json(404, { error: 'Not found' })
    if (request.method !== 'GET') return json(405, { error: 'Method not allowed' }, { allow: 'GET' })
    return segment === undefined ? search(request) : product(segment)
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
  }
}
