import type { Asset } from '../../../core/asset'
import { type CallContext, untilAborted } from '../../../core/call-context'
import { BridgeError } from '../../../core/errors'
import type { JsonValue } from '../../../core/json'
import { shown } from '../../../core/shown'
import type { AkeneoAccess } from './access'
import type { Arrange } from './collection-order'
import { changed } from './errors'
import type { ProductPlace } from './places'
import { dataIn } from './values'

/** Products, by SKU. */
export type AkeneoProducts = {
  /** The product as Akeneo gives it; undefined when there is none. */
  read(sku: string, call: CallContext): Promise<unknown>
  /** Writes values of a product that is there; once. */
  write(sku: string, values: readonly PlacedValue[], call: CallContext): Promise<void>
  /** Does work for a product after what was begun for it before: two changes at once would overwrite each other. */
  inTurn<T>(sku: string, call: CallContext, work: () => Promise<T>): Promise<T>
  /** Tells whether the collections of the products, those that there are, are as they are to be. */
  areArranged(
    skus: readonly string[],
    place: ProductPlace,
    arrange: Arrange,
    call: CallContext,
  ): Promise<boolean>
  /**
   * Brings the collection of each product into its order, with what is to be added. Akeneo takes whole collections only:
   * they are read, extended, written, and read again.
   * @throws {BridgeError} transient, `DESTINATION_CHANGED`, when another writer keeps changing the collection
   */
  arrange(skus: readonly string[], place: ProductPlace, arrange: Arrange, call: CallContext): Promise<void>
}

/** A value of a product's attribute. */
export type PlacedValue = ProductPlace & { data: JsonValue }

const maxRounds = 4

/** The SKUs on an asset, each once. */
export function skusOf(asset: Asset | undefined, property: string): readonly string[] {
  const value: unknown = asset?.metadata[property]
  const items: unknown[] = Array.isArray(value) ? value : [value]
  const texts = items.flatMap((item) =>
    typeof item === 'string' || typeof item === 'number' ? [String(item).trim()] : [],
  )
  return [...new Set(texts.filter((text) => text !== ''))]
}

/**
 * Runs work for each product. A permanent failure of one product does not stop the others.
 * @throws {BridgeError} the first such refusal, at the end; anything else at once
 */
export async function forEachSku(
  skus: readonly string[],
  work: (sku: string) => Promise<void>,
): Promise<void> {
  let refused: unknown
  for (const sku of skus) {
    try {
      await work(sku)
    } catch (thrown) {
      if (!(thrown instanceof BridgeError) || thrown.failureClass !== 'permanent') throw thrown
      refused ??= thrown
    }
  }
  if (refused !== undefined) throw refused
}

/** Creates it. */
export function createAkeneoProducts(access: AkeneoAccess): AkeneoProducts {
  /** Serialises the changes of each product: two writers of one collection would overwrite each other. */
  const queues = new Map<string, Promise<unknown>>()

  return { read, write, inTurn, areArranged, arrange }

  function read(sku: string, call: CallContext): Promise<unknown> {
    return access.find(pathOf(sku), { permission: 'List products' }, call)
  }

  async function write(sku: string, values: readonly PlacedValue[], call: CallContext): Promise<void> {
    const entries = values.map(({ attribute, ...value }) => [attribute, [value]] as const)
    const body = { values: Object.fromEntries(entries) }
    const purpose = { permission: 'Create and update products', about: productNamed(sku) }
    await access.change({ path: pathOf(sku), method: 'PATCH', body }, purpose, call)
  }

  async function areArranged(
    skus: readonly string[],
    place: ProductPlace,
    wanted: Arrange,
    call: CallContext,
  ): Promise<boolean> {
    for (const sku of skus) {
      const product = await read(sku, call)
      if (product === undefined) continue
      const collection = collectionOf(product, place)
      if (!isSame(collection, await wanted(collection))) return false
    }
    return true
  }

  async function arrange(
    skus: readonly string[],
    place: ProductPlace,
    wanted: Arrange,
    call: CallContext,
  ): Promise<void> {
    await forEachSku(skus, (sku) => inTurn(sku, call, () => arrangeOne(sku, place, wanted, call)))
  }

  async function arrangeOne(
    sku: string,
    place: ProductPlace,
    wanted: Arrange,
    call: CallContext,
  ): Promise<void> {
    for (let round = 1; round <= maxRounds; round++) {
      const product = await read(sku, call)
      if (product === undefined) {
        call.logger.warn('Akeneo has no such product: the asset is not linked', { sku })
        return
      }
      const collection = collectionOf(product, place)
      const arranged = await wanted(collection)
      if (isSame(collection, arranged)) return
      await access.changeAsking(
        () => write(sku, [{ ...place, data: [...arranged] }], call).then(() => true),
        // The result does not matter here: the next round reads the product again.
        async () => true,
        call,
      )
    }
    throw changed(`collection of assets of ${productNamed(sku)}`)
  }

  async function inTurn<T>(sku: string, call: CallContext, work: () => Promise<T>): Promise<T> {
    const before = queues.get(sku) ?? Promise.resolve()
    const mine = before.then(() => {
      call.signal.throwIfAborted()
      return work()
    })
    const settled = mine.catch(() => undefined)
    queues.set(sku, settled)
    settled.then(() => {
      if (queues.get(sku) === settled) queues.delete(sku)
    })
    return untilAborted(mine, call.signal)
  }
}

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** In messages; a SKU may be anything. */
export const productNamed = (sku: string): string => `the product ${shown(sku)}`

const pathOf = (sku: string): string => `products/${encodeURIComponent(sku.toWellFormed())}`

function collectionOf(product: unknown, { attribute, locale, scope }: ProductPlace): readonly string[] {
  const data: unknown = dataIn(product, attribute, locale, scope)
  return Array.isArray(data) ? data.filter((item) => typeof item === 'string') : []
}
