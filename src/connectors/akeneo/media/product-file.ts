import type { CallContext } from '../../../core/call-context'
import { permanentError } from '../../../core/errors'
import { isRecord } from '../../../core/json'
import { shown } from '../../../core/shown'
import type { AssetBinary, StoredObject } from '../../../plugin/destination'
import type { Measured } from '../../kit/measured'
import { isMadeFrom } from '../../kit/stored'
import type { AkeneoAccess } from './access'
import { akeneoName, changed } from './errors'
import { type Claim, type Found, type Holders, isOwn } from './holder'
import type { MediaPlace } from './places'
import { type AkeneoProducts, productNamed } from './products'
import { type Held, heldBy, stampOf } from './stamp'
import { uploadName } from './upload'
import { dataIn } from './values'

/** The permission that a file of a product needs. */
export const writeProducts = 'Create and update products'

/** Brings files to their places in products. */
export type ProductFiles = {
  /**
   * Uploads the file, and writes its version. With an owner it looks again after both, since two assets may come at the
   * same time.
   * @throws {BridgeError} transient, `DESTINATION_CHANGED`, when another writer was there meanwhile
   */
  put(sku: string, source: Measured, claim: Claim, call: CallContext): Promise<StoredObject>
}

/** Creates it. */
export function createProductFiles(
  access: AkeneoAccess,
  products: AkeneoProducts,
  holders: Holders,
): ProductFiles {
  return { put }

  async function put(sku: string, source: Measured, claim: Claim, call: CallContext): Promise<StoredObject> {
    const before = await read(sku, claim, source, call)
    const rival = await holders.rivalOf(sku, claim, before, call)
    if (rival !== undefined) {
      await giveBackOwn(sku, before, source, claim, call)
      return declinedFor([rival])
    }
    const here = isMadeFrom(source, before.held) ? before.held : undefined
    if (here !== undefined && isOwn(here, claim)) return here
    // The file of another asset with the same bytes, or one from before there were roles: only the owner is missing.
    const sent: Sent =
      here !== undefined && typeof before.data === 'string'
        ? { code: before.data, size: here.size }
        : await upload(sku, source, claim, before.data, call)
    if ('held' in sent) {
      if (isOwn(sent.held, claim)) return sent.held
      throw changed(fileOfProduct)
    }
    const winner =
      claim.owner === undefined ? undefined : await winnerOver(sku, sent, before, source, claim, call)
    if (winner !== undefined) return declinedFor([winner])
    const owner = claim.owner && { ...claim.owner, note: sent.code }
    const stamp = stampOf(source, sent.size, sent.code, owner)
    const stored = heldBy(stamp, sent.code, source)
    const result = await access.changeAsking(
      () => products.write(sku, [{ ...claim.place.version, data: stamp }], call).then(() => stored),
      async () => {
        const { data, held } = await read(sku, claim, source, call)
        if (isMadeFrom(source, held) && isOwn(held, claim)) return held
        // Another asset's file: the stamp of this one would hide whose it is.
        if (claim.owner !== undefined && data !== sent.code) throw changed(fileOfProduct)
        return undefined
      },
      call,
    )
    if (claim.owner === undefined) return result
    const now = await read(sku, claim, source, call)
    if (now.data !== sent.code || !isOwn(now.held, claim)) throw changed(fileOfProduct)
    return result
  }

  async function upload(
    sku: string,
    source: Measured,
    claim: Claim,
    before: unknown,
    call: CallContext,
  ): Promise<Sent> {
    const { attribute, locale, scope } = claim.place.media
    const fields = { product: JSON.stringify({ identifier: sku, attribute, scope, locale }) }
    const purpose = { permission: writeProducts, about: `the file of ${productNamed(sku)}` }
    const form = { path: 'media-files', fields, source, purpose }
    return access.changeAsking<Sent>(
      () => access.upload(form, call),
      () => arrived(sku, before, source, claim, call),
      call,
    )
  }

  /**
   * The asset with a lower id whose file came in while this one was on its way, and was replaced by it. It gets its place
   * back where its stamp tells the code of its file.
   */
  async function winnerOver(
    sku: string,
    { code }: { code: string },
    before: Found,
    source: Measured,
    claim: Claim,
    call: CallContext,
  ): Promise<string | undefined> {
    const now = await read(sku, claim, source, call)
    if (now.data !== code) throw changed(fileOfProduct)
    // What stood there before may be left over from a file that somebody took away.
    if (now.stamp === before.stamp) return undefined
    const winner = await holders.rivalOf(sku, claim, now, call)
    if (winner === undefined) return undefined
    const file = now.held.owner?.note
    call.logger.warn('a file has replaced that of an asset with a lower id, which came at the same time', {
      sku,
      reason: winner,
      isGivenBack: file !== undefined,
    })
    if (file !== undefined) await giveBack(sku, { from: code, to: file }, source, claim, call)
    return winner
  }

  /** What a run left undone that ended between its upload and giving the place back. A file put there by hand stays. */
  async function giveBackOwn(
    sku: string,
    found: Found,
    source: Measured,
    claim: Claim,
    call: CallContext,
  ): Promise<void> {
    const { data: from } = found
    const to = found.held.owner?.note
    if (!isReplaced(found) || typeof from !== 'string' || to === undefined) return
    if (await isFileOf(source, from, call)) await giveBack(sku, { from, to }, source, claim, call)
  }

  async function giveBack(
    sku: string,
    { from, to }: { from: string; to: string },
    source: Measured,
    claim: Claim,
    call: CallContext,
  ): Promise<void> {
    await access.changeAsking(
      () => products.write(sku, [{ ...claim.place.media, data: to }], call).then(() => true),
      async () => ((await read(sku, claim, source, call)).data === from ? undefined : true),
      call,
    )
  }

  /** The result of an upload without an answer; undefined when the product is unchanged, or the result is unknown. */
  async function arrived(
    sku: string,
    before: unknown,
    source: Measured,
    claim: Claim,
    call: CallContext,
  ): Promise<Sent | undefined> {
    const { data, held } = await read(sku, claim, source, call)
    const isOther = held.version !== undefined
    if (isMadeFrom(source, held)) return { held }
    if (typeof data !== 'string' || data === before) return undefined
    if (isOther) throw changed(fileOfProduct)
    return (await isFileOf(source, data, call)) ? { code: data, size: source.size } : undefined
  }

  /** By name and size: Akeneo tells no more of a file. */
  async function isFileOf(source: Measured, code: string, call: CallContext): Promise<boolean> {
    const path = `media-files/${code.split('/').map(encodeURIComponent).join('/')}`
    const file = await access.find(path, { permission: 'Overall Web API access' }, call)
    return isRecord(file) && file.original_filename === uploadName(source) && file.size === source.size
  }

  /** What the product holds. */
  async function read(sku: string, claim: Claim, source: AssetBinary, call: CallContext): Promise<Found> {
    const product = await products.read(sku, call)
    if (product === undefined) {
      throw permanentError(
        'AKENEO_PRODUCT_UNKNOWN',
        `Akeneo has no product ${shown(sku)}, or does not show it: create it, then replay`,
        { upstream: akeneoName },
      )
    }
    return foundIn(product, claim, source)
  }
}

const fileOfProduct = 'file of the product'

/** Tells whether a file has come over the one that the stamp is of, which the stamp's owner still has a code of. */
export const isReplaced = ({ data, held }: Found): boolean =>
  typeof data === 'string' && held.version === undefined && held.owner?.note !== undefined

/** What a product holds at the place of a claim. */
export function foundIn(product: unknown, { place }: Claim, source: AssetBinary | undefined): Found {
  const at = ({ attribute, locale, scope }: MediaPlace['media']) => dataIn(product, attribute, locale, scope)
  const [data, stamp] = [at(place.media), at(place.version)]
  return { data, stamp, held: heldBy(stamp, data, source) }
}

/** The answer to an asset whose file is not taken. */
export const declinedFor = (reasons: readonly string[]): StoredObject => ({
  version: undefined,
  size: 0,
  declined: reasons.join('; '),
})

/** An upload that arrived, or what another run has put there. */
type Sent = { code: string; size: number } | { held: Held }
