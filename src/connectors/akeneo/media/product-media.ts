import type { CallContext } from '../../../core/call-context'
import { permanentError, systemicError } from '../../../core/errors'
import type { AssetBinary, Destination, DestinationContext, StoredObject } from '../../../plugin/destination'
import { measured } from '../../kit/measured'
import type { AkeneoAccess } from './access'
import { type AkeneoSteps, checkAkeneo } from './check'
import { checkFile, mostBytes } from './file-rules'
import { createHolders, isOwn } from './holder'
import type { ProductMediaSettings } from './inputs'
import type { MediaPlace } from './places'
import { createProductAttributes, type Wanted } from './product-attributes'
import { createProductFiles, declinedFor, foundIn, isReplaced, writeProducts } from './product-file'
import { createAkeneoProducts, forEachSku, skusOf } from './products'

const nobody = 'aem-asset-bridge-check'
const unwritten = [
  'Write the file of a product.',
  `It would replace what is there. The connection needs the permission "${writeProducts}".`,
] as const

/**
 * Keeps files in attributes of the products on the asset. The upload sets the value, the version follows it. With
 * roles, each file goes to the attribute of its role, and of several the one with the lowest id.
 */
export function akeneoProductMedia(
  settings: ProductMediaSettings,
  access: AkeneoAccess,
  { name, dueAsset }: Pick<DestinationContext, 'name' | 'dueAsset'>,
): Destination {
  const { places, skuProperty } = settings
  const products = createAkeneoProducts(access)
  const attributes = createProductAttributes(access)
  const holders = createHolders(places, skuProperty, dueAsset)
  const files = createProductFiles(access, products, holders)
  const version = places.roles === undefined ? 'plain' : 'owned'

  return {
    name,
    head,
    put,
    check: (call) => checkAkeneo(access, stepsOf(call), call, unwritten),
  }

  function stepsOf(call: CallContext): AkeneoSteps {
    const wanted = [places.main, ...places.gallery.values()].flatMap(wantedFor)
    const ofAttributes = wanted.map((one): AkeneoSteps[number] => [
      { what: `Log in, and read the attribute ${one.attribute}.`, right: 'list' },
      () => attributes.get(one, call),
    ])
    return [
      ...ofAttributes,
      [{ what: 'Look for a product that is not there.', right: 'read' }, () => products.read(nobody, call)],
    ]
  }

  function wantedFor(place: MediaPlace): readonly [Wanted, Wanted] {
    return [
      { ...place.media, types: ['pim_catalog_image', 'pim_catalog_file'] },
      { ...place.version, types: ['pim_catalog_text', 'pim_catalog_textarea'], version },
    ]
  }

  /** The products are known from the asset only: without it there is no result. */
  async function head(_: string, call: CallContext, source?: AssetBinary): Promise<StoredObject | undefined> {
    const claim = holders.claimOf(source?.asset)
    if (typeof claim === 'string') return declinedFor([claim])
    const rivals: string[] = []
    let told: StoredObject | undefined
    for (const sku of skusOf(source?.asset, skuProperty)) {
      const found = foundIn(await products.read(sku, call), claim, source)
      const rival = await holders.rivalOf(sku, claim, found, call)
      if (rival !== undefined) {
        // It may be this file that has replaced the rival's: `put` looks, and gives the place back.
        if (isReplaced(found)) return { ...found.held, version: undefined }
        rivals.push(rival)
        continue
      }
      const { data, held } = found
      if (data === undefined) return undefined
      const isOther = !isOwn(held, claim) || (told !== undefined && held.version !== told.version)
      if (isOther) return { ...held, version: undefined }
      told = held
    }
    return told ?? (rivals.length === 0 ? undefined : declinedFor(rivals))
  }

  async function put(
    _: string,
    source: AssetBinary,
    __: { previous?: StoredObject },
    call: CallContext,
  ): Promise<StoredObject> {
    call.signal.throwIfAborted()
    const { asset } = source
    if (asset !== undefined && asset.name !== source.name) {
      throw systemicError(
        'CONFIG_INVALID',
        'an attribute of a product holds one file: set `renditions` to [] and `sidecar` to false in config/destinations.ts',
      )
    }
    const claim = holders.claimOf(asset)
    if (typeof claim === 'string') return declinedFor([claim])
    const skus = skusOf(asset, skuProperty)
    if (skus.length === 0) {
      throw permanentError(
        'AKENEO_WITHOUT_SKU',
        `the asset has no SKU in ${skuProperty}: no product can take its file`,
      )
    }
    const wanted = wantedFor(claim.place)
    return attributes.using(wanted, call, async () => {
      const rules = await attributes.get(wanted[0], call)
      checkFile(rules, source)
      const sized = await measured(source, mostBytes(rules), call)
      checkFile(rules, sized)
      const rivals: string[] = []
      let stored: StoredObject | undefined
      await forEachSku(skus, async (sku) => {
        const work = () => files.put(sku, sized, claim, call)
        const result = claim.owner === undefined ? await work() : await products.inTurn(sku, call, work)
        if (result.declined === undefined) stored = result
        else rivals.push(result.declined)
      })
      if (stored !== undefined && rivals.length > 0)
        call.logger.info('some products show another asset in this place', { reason: rivals.join('; ') })
      return stored ?? declinedFor(rivals)
    })
  }
}
