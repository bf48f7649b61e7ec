import { permanentError, systemicError } from '../core/errors'
import { type AkeneoAccess, changeAsking } from './akeneo-access'
import { akeneoName } from './akeneo-errors'
import { createAkeneoProducts, skusOf } from './akeneo-products'
import type { ProductMediaSettings } from './akeneo-settings'
import { heldBy, stampOf } from './akeneo-stamp'
import { dataIn } from './akeneo-values'
import type { AssetBinary, Destination, StoredObject } from './destination'
import { isMadeFrom } from './stored'

/** Keeps files in an attribute of the products on the asset. The upload sets the value, the version follows it. */
export function akeneoProductMedia(
  settings: ProductMediaSettings,
  access: AkeneoAccess,
  name: string,
): Destination {
  const { media, versionAttribute, skuProperty } = settings
  const version = { attribute: versionAttribute, locale: null, scope: null }
  const products = createAkeneoProducts(access)

  return {
    name,
    can: { head: true, atomic: true, conditional: false, remove: false, copyFromUrl: false },
    head,
    put,
  }

  /** Which products are meant is known from the asset only: without it nothing is told. */
  async function head(
    _: string,
    signal: AbortSignal,
    source?: AssetBinary,
  ): Promise<StoredObject | undefined> {
    let told: StoredObject | undefined
    for (const sku of skusOf(source?.asset, skuProperty)) {
      const product = await products.read(sku, signal)
      const data = dataIn(product, media.attribute, media.locale, media.scope)
      if (data === undefined) return undefined
      const held = heldBy(dataIn(product, versionAttribute, null, null), data)
      if (told !== undefined && held.version !== told.version) return { ...held, version: undefined }
      told = held
    }
    return told
  }

  async function put(
    _: string,
    source: AssetBinary,
    { signal }: { previous?: StoredObject; signal: AbortSignal },
  ): Promise<StoredObject> {
    signal.throwIfAborted()
    const { asset } = source
    if (asset !== undefined && asset.name !== source.name) {
      throw systemicError(
        'CONFIG_INVALID',
        'an attribute of a product holds one file: set `renditions` to [] and `sidecar` to false in config/destinations.ts',
      )
    }
    const skus = skusOf(asset, skuProperty)
    if (skus.length === 0) {
      throw permanentError(
        'AKENEO_WITHOUT_SKU',
        `the asset has no SKU in ${skuProperty}: no product can take its file`,
      )
    }
    let stored: StoredObject | undefined
    for (const sku of skus) stored = await putOne(sku, source, signal)
    return stored ?? { version: source.version, size: source.size ?? 0 }
  }

  async function putOne(sku: string, source: AssetBinary, signal: AbortSignal): Promise<StoredObject> {
    const before = await heldOf(sku, source, signal)
    if (before !== undefined) return before
    const { attribute, locale, scope } = media
    const fields = { product: JSON.stringify({ identifier: sku, attribute, scope, locale }) }
    const upload = {
      path: 'media-files',
      fields,
      source,
      purpose: { permission: 'Create and update products' },
    }
    const sent = await changeAsking<{ code: string; size: number } | StoredObject>(
      () => access.upload(upload, signal),
      () => heldOf(sku, source, signal),
      signal,
    )
    // Another run was faster.
    if (!('code' in sent)) return sent
    const stamp = stampOf(source, sent.size, sent.code)
    const stored = heldBy(stamp, sent.code)
    return changeAsking(
      () => products.write(sku, version, stamp, signal).then(() => stored),
      () => heldOf(sku, source, signal),
      signal,
    )
  }

  /** What the product holds, when it is this file. */
  async function heldOf(
    sku: string,
    source: AssetBinary,
    signal: AbortSignal,
  ): Promise<StoredObject | undefined> {
    const product = await products.read(sku, signal)
    if (product === undefined) {
      throw permanentError(
        'AKENEO_PRODUCT_UNKNOWN',
        `Akeneo has no product ${JSON.stringify(sku).slice(0, 80)}, or does not show it: create it, then replay`,
        { upstream: akeneoName },
      )
    }
    const data = dataIn(product, media.attribute, media.locale, media.scope)
    const held = heldBy(dataIn(product, versionAttribute, null, null), data)
    return isMadeFrom(source, held) ? held : undefined
  }
}
