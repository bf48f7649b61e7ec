import type { Asset } from '../../../core/asset'
import type { CallContext } from '../../../core/call-context'
import type { DestinationContext } from '../../../plugin/destination'
import { versionFromHeader } from '../../kit/stored'
import { type MediaPlace, type MediaPlaces, placeOf } from './places'
import { productNamed, skusOf } from './products'
import { type Held, type StampOwner, stampedId } from './stamp'

/** The place that an asset has by its role; its owner as the stamp names it, where roles decide. */
export type Claim = { place: MediaPlace; owner: StampOwner | undefined }

/** Which of several assets with one role a product shows. */
export type Holders = {
  /** What an asset claims, or why it claims nothing. */
  claimOf(asset: Asset | undefined): Claim | string
  /**
   * Why the file of the claim stays out of a product: an asset with a lower id holds the place, and has it in AEM, too.
   * Undefined when it goes in.
   * @throws {BridgeError} what AEM fails with
   */
  rivalOf(sku: string, claim: Claim, found: Found, call: CallContext): Promise<string | undefined>
}

/** What stands at a place of a product: the file, what the stamp beside it says, and the stamp itself. */
export type Found = { data: unknown; held: Held; stamp: unknown }

/** Tells whether what is held is recorded as that of the claim. Without roles it is whoever recorded it. */
export const isOwn = ({ owner }: Held, claim: Claim): boolean =>
  claim.owner === undefined || owner?.id === claim.owner.id

/** Creates it. @param dueAsset without it, each recorded asset is believed to have its place still */
export function createHolders(
  places: MediaPlaces,
  skuProperty: string,
  dueAsset: DestinationContext['dueAsset'],
): Holders {
  return { claimOf, rivalOf }

  function claimOf(asset: Asset | undefined): Claim | string {
    if (asset === undefined) return { place: places.main, owner: undefined }
    const place = placeOf(asset, places)
    if (typeof place === 'string') return place
    return { place, owner: places.roles === undefined ? undefined : { id: stampedId(asset.id) } }
  }

  async function rivalOf(
    sku: string,
    { place, owner }: Claim,
    { data, held }: Found,
    call: CallContext,
  ): Promise<string | undefined> {
    const holder = held.owner?.id
    const isFree = data === undefined || data === null
    if (owner === undefined || holder === undefined || isFree || holder >= owner.id) return undefined
    const id = versionFromHeader(holder) ?? holder
    if (dueAsset !== undefined) {
      const asset = await dueAsset(id, call)
      const isStillThere =
        asset !== undefined && placeOf(asset, places) === place && skusOf(asset, skuProperty).includes(sku)
      if (!isStillThere) return undefined
    }
    return `${place.media.attribute} of ${productNamed(sku)} is held by the asset ${id}, which has the same role and a lower id`
  }
}
