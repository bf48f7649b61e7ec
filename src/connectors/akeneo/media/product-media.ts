import type { CallContext } from '../../../core/call-context'
import { permanentError, systemicError } from '../../../core/errors'
import { isRecord } from '../../../core/json'
import { shown } from '../../../core/shown'
import type { AssetBinary, Destination, StoredObject } from '../../../plugin/destination'
import { type Measured, measured } from '../../kit/measured'
import { isMadeFrom } from '../../kit/stored'
import type { AkeneoAccess } from './access'
import { type AkeneoSteps, checkAkeneo } from './check'
import { akeneoName, changed } from './errors'
import { checkFile, mostBytes } from './file-rules'
import type { ProductMediaSettings } from './inputs'
import { createProductAttributes, type Wanted } from './product-attributes'
import { createAkeneoProducts, forEachSku, productNamed, skusOf } from './products'
import { heldBy, stampOf } from './stamp'
import { uploadName } from './upload'
import { dataIn } from './values'

const writeProducts = 'Create and update products'
const nobody = 'aem-asset-bridge-check'
const unwritten = [
  'Write the file of a product.',
  `It would replace what is there. The connection needs the permission "${writeProducts}".`,
] as const

/** Keeps files in an attribute of the products on the asset. The upload sets the value, the version follows it. */
export function akeneoProductMedia(
  settings: ProductMediaSettings,
  access: AkeneoAccess,
  name: string,
): Destination {
  const { media, versionAttribute, skuProperty } = settings
  const version = { attribute: versionAttribute, locale: null, scope: null }
  const products = createAkeneoProducts(access)
  const attributes = createProductAttributes(access)
  const wantedMedia: Wanted = { ...media, types: ['pim_catalog_image', 'pim_catalog_file'] }
  const texts = ['pim_catalog_text', 'pim_catalog_textarea']
  const wanted: readonly Wanted[] = [wantedMedia, { ...version, types: texts, isVersion: true }]

  return {
    name,
    head,
    put,
    check: (call) => checkAkeneo(access, stepsOf(call), call, unwritten),
  }

  function stepsOf(call: CallContext): AkeneoSteps {
    const ofAttributes = wanted.map((one): AkeneoSteps[number] => [
      { what: `Log in, and read the attribute ${one.attribute}.`, right: 'list' },
      () => attributes.get(one, call),
    ])
    return [
      ...ofAttributes,
      [{ what: 'Look for a product that is not there.', right: 'read' }, () => products.read(nobody, call)],
    ]
  }

  /** The products are known from the asset only: without it there is no result. */
  async function head(_: string, call: CallContext, source?: AssetBinary): Promise<StoredObject | undefined> {
    let told: StoredObject | undefined
    for (const sku of skusOf(source?.asset, skuProperty)) {
      const product = await products.read(sku, call)
      const { data, held } = heldIn(product)
      if (data === undefined) return undefined
      if (told !== undefined && held.version !== told.version) return { ...held, version: undefined }
      told = held
    }
    return told
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
    const skus = skusOf(asset, skuProperty)
    if (skus.length === 0) {
      throw permanentError(
        'AKENEO_WITHOUT_SKU',
        `the asset has no SKU in ${skuProperty}: no product can take its file`,
      )
    }
    return attributes.using(wanted, call, async () => {
      const rules = await attributes.get(wantedMedia, call)
      checkFile(rules, source)
      const sized = await measured(source, mostBytes(rules), call)
      checkFile(rules, sized)
      let stored: StoredObject = { version: source.version, size: sized.size }
      await forEachSku(skus, async (sku) => {
        stored = await putOne(sku, sized, call)
      })
      return stored
    })
  }

  async function putOne(sku: string, source: Measured, call: CallContext): Promise<StoredObject> {
    const before = await read(sku, call)
    if (isMadeFrom(source, before.held)) return before.held
    const { attribute, locale, scope } = media
    const fields = { product: JSON.stringify({ identifier: sku, attribute, scope, locale }) }
    const purpose = { permission: writeProducts, about: `the file of ${productNamed(sku)}` }
    const upload = { path: 'media-files', fields, source, purpose }
    const sent = await access.changeAsking<Sent>(
      () => access.upload(upload, call),
      () => arrived(sku, before.data, source, call),
      call,
    )
    if ('held' in sent) return sent.held
    const stamp = stampOf(source, sent.size, sent.code)
    const stored = heldBy(stamp, sent.code)
    return access.changeAsking(
      () => products.write(sku, version, stamp, call).then(() => stored),
      async () => {
        const { held } = await read(sku, call)
        return isMadeFrom(source, held) ? held : undefined
      },
      call,
    )
  }

  /** The result of an upload without an answer; undefined when the product is unchanged, or the result is unknown. */
  async function arrived(
    sku: string,
    before: unknown,
    source: Measured,
    call: CallContext,
  ): Promise<Sent | undefined> {
    const { data, held } = await read(sku, call)
    const isOther = held.version !== undefined
    if (isMadeFrom(source, held)) return { held }
    if (typeof data !== 'string' || data === before) return undefined
    if (isOther) throw changed('file of the product')
    const path = `media-files/${data.split('/').map(encodeURIComponent).join('/')}`
    const file = await access.find(path, { permission: 'Overall Web API access' }, call)
    const isOurs =
      isRecord(file) && file.original_filename === uploadName(source) && file.size === source.size
    return isOurs ? { code: data, size: source.size } : undefined
  }

  /** What the product holds. */
  async function read(sku: string, call: CallContext): Promise<{ data: unknown; held: StoredObject }> {
    const product = await products.read(sku, call)
    if (product === undefined) {
      throw permanentError(
        'AKENEO_PRODUCT_UNKNOWN',
        `Akeneo has no product ${shown(sku)}, or does not show it: create it, then replay`,
        { upstream: akeneoName },
      )
    }
    return heldIn(product)
  }

  function heldIn(product: unknown): { data: unknown; held: StoredObject } {
    const data = dataIn(product, media.attribute, media.locale, media.scope)
    return { data, held: heldBy(dataIn(product, versionAttribute, null, null), data) }
  }
}

/** An upload that arrived, or what another run has put there. */
type Sent = { code: string; size: number } | { held: StoredObject }
