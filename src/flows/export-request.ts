import type { Asset } from '../core/asset'
import { itemsOf } from '../metadata/values'

/** The destinations that an asset's metadata names; a list, or a text with commas. */
export function destinationsOf(asset: Asset): readonly string[] {
  const names = itemsOf(asset.metadata.exportDestination).flatMap((item) =>
    typeof item === 'string' ? item.split(',') : [],
  )
  return [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))]
}

/** Whether the asset is to be exported at once; otherwise the next batch run does it. */
export const isImmediate = (asset: Asset): boolean =>
  itemsOf(asset.metadata.exportImmediately).some((item) => /^(yes|true)$/i.test(String(item).trim()))
