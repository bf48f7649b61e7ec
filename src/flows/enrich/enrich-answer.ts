import type { Asset } from '../../core/asset'
import type { JsonValue } from '../../core/json'
import type { Product } from '../../core/product'
import type { EventResult } from '../event-flow'
import type { EnrichResult } from './enrich-asset'

/** What an answer says about the asset and its products. */
type AssetData = {
  assetName: string
  assetPath: string
  assetId: string
  aemHost: string
  /** The attributes of the product; of each one when the asset shows several; null when the PIM knows none. */
  pimdata: Readonly<Record<string, JsonValue>> | readonly Readonly<Record<string, JsonValue>>[] | null
}

/** The answer to an event whose asset was enriched, or left alone for a reason. */
export function enrichmentResult(result: EnrichResult): EventResult {
  switch (result.outcome) {
    case 'updated':
      return {
        message: `metadata updated: ${result.properties.join(', ')}`,
        outcome: result.outcome,
        assetdata: assetData(result.asset, result.products),
      }
    case 'unchanged':
      return {
        message: 'metadata is up to date',
        outcome: result.outcome,
        assetdata: assetData(result.asset, result.products),
      }
    case 'skipped':
      return {
        message: `skipped: ${result.reason}`,
        outcome: result.outcome,
        reason: result.reason,
        assetdata: assetData(result.asset, []),
      }
  }
}

function assetData(asset: Asset, products: readonly Product[]): AssetData {
  const attributes = products.map((product) => product.attributes)
  const [first] = attributes
  return {
    assetName: asset.name,
    assetPath: asset.path,
    assetId: asset.id,
    aemHost: asset.origin,
    pimdata: first === undefined ? null : attributes.length === 1 ? first : attributes,
  }
}
