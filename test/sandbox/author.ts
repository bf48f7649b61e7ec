import { type AemOptions, type AemStandIn, type AssetView, startAem } from '../../sandbox/aem/author'
import { createClock } from '../../sandbox/clock'
import type { JsonObject } from '../../sandbox/json'

export const path = '/content/dam/shop/garden chair (1) 50%.jpg'

/** What an author answered. */
type Sent = { status: number; etag: string | null; type: string | null; body: JsonObject }
type Init = RequestInit & { headers?: Record<string, string> }

/** A stand-in of an author with one asset, at `path`. */
export type AuthorWithAsset = {
  readonly aem: AemStandIn
  /** As it was added. */
  readonly asset: AssetView
  /** Another one instead. */
  start(options: Partial<AemOptions>): Promise<void>
  /** Any request, with a good token and the id of a client that may write. */
  send(url: string, init?: Init): Promise<Sent>
  /** The path of the metadata, of the one asset if not told otherwise. */
  metadata(id?: string): string
  /** A PATCH of the metadata, on no condition if not told otherwise. */
  patch(ops: unknown, headers?: Record<string, string>): Promise<Sent>
  /** The metadata now. */
  now(): JsonObject
}

/** A new author for each test of the file that calls this. */
export function authorForEachTest(): AuthorWithAsset {
  const clock = createClock({ frozen: true })
  let aem: AemStandIn
  let asset: AssetView

  const start = async (options: Partial<AemOptions> = {}): Promise<void> => {
    await aem?.close()
    aem = await startAem({
      clock,
      isValidToken: (token) => token === 'good',
      allowedClientIds: ['id', 'reader'],
      writers: ['id'],
      ...options,
    })
    asset = aem.addAsset({
      path,
      assetMetadata: { 'dc:title': 'Chair', 'dc:subject': ['a', 'b'], nested: { deep: 1 } },
    })
  }
  beforeEach(() => start())
  afterAll(() => aem.close())

  const send = async (url: string, init: Init = {}): Promise<Sent> => {
    const headers = { authorization: 'Bearer good', 'x-api-key': 'id', ...init.headers }
    const response = await fetch(`${aem.url}${url}`, { ...init, headers })
    const text = await response.text()
    return {
      status: response.status,
      etag: response.headers.get('etag'),
      type: response.headers.get('content-type'),
      body: text === '' ? {} : JSON.parse(text),
    }
  }
  const metadata = (id = asset.id): string => `/adobe/assets/${id}/metadata`
  const patch = (ops: unknown, headers: Record<string, string> = {}): Promise<Sent> =>
    send(metadata(), {
      method: 'PATCH',
      body: typeof ops === 'string' ? ops : JSON.stringify(ops),
      headers: { 'content-type': 'application/json-patch+json', 'if-match': '*', ...headers },
    })

  return {
    get aem() {
      return aem
    },
    get asset() {
      return asset
    },
    start,
    send,
    metadata,
    patch,
    now: () => aem.asset(asset.id).assetMetadata,
  }
}
