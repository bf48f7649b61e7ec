import type { AssetSearch } from '../../aem/asset-search'
import type { AssetsClient } from '../../aem/assets-client'
import type { Asset, AssetRef } from '../../core/asset'
import { type CallContext, withSignal } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { BridgeError, transientError } from '../../core/errors'
import type { MemoryGate } from '../../http/memory-gate'
import { createSingleFlight } from '../../http/single-flight'
import { leaveReason } from '../../metadata/left-alone'
import type { AssetRole, RoleRule, RoleSource } from '../../metadata/roles'
import { heldValue, itemsOf } from '../../metadata/values'
import { type EnrichmentRules, isUsedBy, settingsOf } from '../../plugin/enrichment'

/** What finding the assets of a product needs. */
export type ProductAssetParts = {
  assets: AssetsClient
  memory: MemoryGate
  clock: Clock
  enrichment: EnrichmentRules
  /** Finds the other assets of a product; without it, an asset speaks for all its products. */
  siblings?: { search: AssetSearch; origins: readonly string[] } | undefined
  /** The same object for all assets of one run: they share what the run finds out about products. */
  run?: Run | undefined
}

/** What the assets of one run share. It begins empty. */
export type Run = { productAssets?: ProductAssets }

/** An asset of a product. */
export type ProductAsset = {
  ref: AssetRef
  /** Undefined while nobody had to read the asset. */
  known?: Known | undefined
}

/** What an asset says of itself. */
export type Known = {
  id: string
  role: AssetRole | undefined
  /** It names the product, and enrichment does not leave it alone. */
  maySpeak: boolean
}

/** The assets of one product, without an order. */
export type AssetList = {
  list: ProductAsset[]
  /** There are more than are looked at: an asset that is not in the list does not count. */
  isCut: boolean
}

/** The assets of products, searched and read once for all who ask. */
export type ProductAssets = {
  /**
   * The assets that name the product in the link property, as the index of the search has them, and as the run has
   * heard of them since.
   * @throws {BridgeError} as the search does
   */
  of(product: string, call: CallContext): Promise<AssetList>
  /**
   * What an asset of the product says of itself; it is read the first time.
   * @throws {BridgeError} as AEM does; permanent, `MAPPING_FAILED`, when the function `skip` throws
   */
  read(one: ProductAsset, product: string, call: CallContext): Promise<Known>
  /**
   * Hears of an asset, where the assets of the product are known, or being searched.
   * @param known undefined when the asset has to be read
   */
  note(product: string, asset: AssetRef, known: Known | undefined): void
}

/** Assets of a product that are looked at. */
const maxAssets = 200
/** Products that are remembered; each has a few assets, as a rule. */
const maxProducts = 300
/** What others change in AEM meanwhile is seen after so long. */
const lifeMs = 60_000
/** For a search, or for reading one asset, with retries. */
const limitMs = 60_000

/** The assets of products as the run of these parts knows them, or as one asset finds them where there is no run. */
export function productAssetsOf(parts: ProductAssetParts): ProductAssets {
  const { run } = parts
  if (run === undefined) return createProductAssets(parts)
  run.productAssets ??= createProductAssets(parts)
  return run.productAssets
}

function createProductAssets({
  siblings,
  enrichment,
  assets,
  memory,
  clock,
}: ProductAssetParts): ProductAssets {
  const { roles, linkProperty } = enrichment
  const keeps = isUsedBy(enrichment)
  const found = new Map<string, { assets: AssetList; until: number }>()
  /** What is heard while the assets of a product are being searched. */
  const heard = new Map<string, ProductAsset[]>()
  const late = () =>
    transientError('AEM_UNAVAILABLE', 'AEM took too long to tell the assets of a product', {
      upstream: 'AEM',
    })
  const searching = createSingleFlight<AssetList>({ clock, limitMs, late })
  const reading = createSingleFlight<Known>({ clock, limitMs, late })

  return { of, read, note }

  async function of(product: string, call: CallContext): Promise<AssetList> {
    const known = found.get(product)
    if (known !== undefined && clock.now() < known.until) return known.assets
    return searching(product, call, async (own) => {
      const meanwhile: ProductAsset[] = []
      heard.set(product, meanwhile)
      try {
        const all = await search(product, until(own, call))
        for (const one of meanwhile) put(one, all)
        keep(product, all)
        return all
      } finally {
        heard.delete(product)
      }
    })
  }

  function keep(product: string, all: AssetList): void {
    found.delete(product)
    found.set(product, { assets: all, until: clock.now() + lifeMs })
    const [oldest] = found.keys()
    if (found.size > maxProducts && oldest !== undefined) found.delete(oldest)
  }

  async function search(product: string, call: CallContext): Promise<AssetList> {
    const hits: AssetRef[] = []
    for (const origin of siblings?.origins ?? []) {
      const query = { property: linkProperty, values: [product] }
      for await (const page of siblings?.search.find(origin, query, call) ?? []) {
        hits.push(...page)
        if (hits.length >= maxAssets) break
      }
    }
    const isCut = hits.length >= maxAssets
    if (isCut)
      call.logger.warn('a product has many assets: only some of them may speak for it', {
        product,
        assets: maxAssets,
      })
    return { list: hits.slice(0, maxAssets).map((ref) => ({ ref })), isCut }
  }

  async function read(one: ProductAsset, product: string, call: CallContext): Promise<Known> {
    const { ref, known } = one
    if (known !== undefined) return known
    const { origin, id, path } = ref
    const news = await reading(JSON.stringify([product, origin, id ?? path]), call, async (own) => {
      const asset = await readOne(ref, until(own, call))
      return asset === undefined
        ? { id: id ?? '', role: undefined, maySpeak: false }
        : knownOf(asset, maySpeakFor(asset, product, enrichment), roles)
    })
    one.known = news
    return news
  }

  /** The index lags: the asset may be gone. */
  async function readOne(ref: AssetRef, call: CallContext): Promise<Asset | undefined> {
    try {
      return await memory.run(ref.origin, call, (own) => assets.readAsset(ref, own, keeps))
    } catch (thrown) {
      if (!(thrown instanceof BridgeError) || thrown.code !== 'ASSET_NOT_FOUND') throw thrown
      return undefined
    }
  }

  function note(product: string, asset: AssetRef, known: Known | undefined): void {
    const { origin, id, path } = asset
    // Not the asset itself: its metadata would be held as long.
    const one: ProductAsset = { ref: { origin, ...(id && { id }), ...(path && { path }) }, known }
    heard.get(product)?.push(one)
    const held = found.get(product)
    if (held === undefined) return
    put(one, held.assets)
    // Which ones are looked at, the search decides.
    if (held.assets.list.length > maxAssets) found.delete(product)
  }
}

/** Retries end with the time of the caller that came first. */
const until = (own: CallContext, { deadline }: CallContext): CallContext =>
  withSignal(own, own.signal, deadline)

function put(one: ProductAsset, { list, isCut }: AssetList): void {
  const at = list.findIndex(({ ref }) => isSameAsset(ref, one.ref))
  if (at !== -1) list[at] = one
  else if (!isCut) list.push(one)
}

/** A copy at another author may have the same id, and the same path. */
export const isSameAsset = (one: AssetRef, other: AssetRef): boolean =>
  one.origin === other.origin &&
  ((one.id !== undefined && one.id === other.id) || (Boolean(one.path) && one.path === other.path))

/** AEM may not tell the name: then it is the last part of the path. */
export const roleOf = (
  { name, metadata }: RoleSource,
  path: string,
  roles: RoleRule | undefined,
): AssetRole | undefined => roles?.roleOf({ name: name || path.slice(path.lastIndexOf('/') + 1), metadata })

/** What is known of an asset that was read. */
export const knownOf = (asset: Asset, maySpeak: boolean, roles: RoleRule | undefined): Known => ({
  id: asset.id,
  role: roleOf(asset, asset.path, roles),
  maySpeak,
})

/**
 * Tells whether an asset names a product, and is one that enrichment does not leave alone.
 * @throws {BridgeError} permanent, `MAPPING_FAILED`, when the function `skip` throws
 */
export function maySpeakFor(asset: Asset, product: string, enrichment: EnrichmentRules): boolean {
  const linked = itemsOf(heldValue(asset.metadata, enrichment.linkProperty)).map(String)
  return linked.includes(product) && leaveReason(asset, settingsOf(enrichment)) === undefined
}
