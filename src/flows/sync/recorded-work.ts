import type { AssetRef } from '../../core/asset'
import type { ProductRef } from '../../core/product'
import type { Work } from '../perform'

/** As records of this work name it. */
export const syncAction = 'pim-sync'

/** An asset of a changed product, as work to be done later. The same asset is the same work. */
export const assetWork = ({ origin, id, path }: AssetRef): Work => ({
  action: syncAction,
  event: { source: origin, id: path ?? id, asset: { id, path } },
})

/** Products that are gone from the PIM, as work that must not get lost: no poll tells of them again. */
export const deletedWork = (refs: readonly ProductRef[]): Work => ({
  action: syncAction,
  event: { deleted: refs.map(({ kind, value }) => ({ kind, value })) },
})
