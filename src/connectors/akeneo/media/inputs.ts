import type { Asset } from '../../../core/asset'
import { systemicError } from '../../../core/errors'
import type { JsonValue } from '../../../core/json'
import type { DestinationContext } from '../../../plugin/destination'
import { type AkeneoConnection, readAkeneoConnection } from '../inputs'

/** An attribute of an asset family that is filled from the asset's metadata. */
export type AkeneoAssetValue = {
  /** Its code in the family. */
  attribute: string
  /** A property of the asset's metadata, or a function of the asset; what gives nothing is left as it is in Akeneo. */
  from: string | ((asset: Asset) => JsonValue | undefined)
  /** Required when the attribute has a value per locale. @default null */
  locale?: string
  /** Required when the attribute has a value per channel. @default null */
  channel?: string
}

/** The `akeneo` destination; what is not said here comes from the `AKENEO_*` inputs. */
export type AkeneoOptions = {
  /** Code of the asset family. @default AKENEO_ASSET_FAMILY */
  family?: string
  /** Code of its attribute for the file, or for the link. @default AKENEO_ASSET_MEDIA, else `media`; with a link `link` */
  mediaAttribute?: string
  /** Where the media attribute has a value per locale. @default null */
  mediaLocale?: string
  /** Where the media attribute has a value per channel. @default null */
  mediaChannel?: string
  /** Code of the text attribute for the version. @default AKENEO_VERSION_ATTRIBUTE, else `bridge_version` */
  versionAttribute?: string
  /** What a media link becomes: `{path}`, `{key}`, `{name}`. With it no byte is sent. @default AKENEO_ASSET_LINK */
  link?: string
  /** Further attributes. @default none */
  values?: readonly AkeneoAssetValue[]
  /** The asset's code; letters, digits and underscores, one for each key. @default made of the key, with a hash */
  code?: (key: string) => string
  /** Code of the asset collection attribute that assets are added to. @default AKENEO_PRODUCT_ASSETS */
  productAssets?: string
  /** Code of an image or file attribute of products, in place of a family. @default AKENEO_PRODUCT_MEDIA */
  productMedia?: string
  /** Of the attribute of products. @default null */
  productLocale?: string
  /** Of the attribute of products. @default null */
  productChannel?: string
  /** The property of the asset's metadata that holds the SKU, or several. @default wknd-skuid */
  skuProperty?: string
}

/** Where the value of a product's attribute stands. */
export type ProductPlace = { attribute: string; locale: string | null; scope: string | null }

type Common = { connection: AkeneoConnection; versionAttribute: string; skuProperty: string }

/** The destination keeps assets in a family. */
export type AssetSettings = Common & {
  family: string
  mediaAttribute: string
  mediaLocale: string | null
  mediaChannel: string | null
  link: string | undefined
  values: readonly AkeneoAssetValue[]
  code: ((key: string) => string) | undefined
  /** The collection that assets are added to; undefined when link rules do that. */
  collection: ProductPlace | undefined
}

/** The destination keeps files in an attribute of products. */
export type ProductMediaSettings = Common & { media: ProductPlace }

const codePattern = /^[a-zA-Z0-9_]+$/

/** Tells whether options or inputs name a place for files. */
export const isAkeneoOn = (context: DestinationContext, options: AkeneoOptions): boolean =>
  context.input('AKENEO_URL') !== undefined &&
  (familyOf(context, options) !== undefined || productMediaOf(context, options) !== undefined)

const familyOf = (context: DestinationContext, { family }: AkeneoOptions): string | undefined =>
  family ?? context.input('AKENEO_ASSET_FAMILY')
const productMediaOf = (context: DestinationContext, { productMedia }: AkeneoOptions): string | undefined =>
  productMedia ?? context.input('AKENEO_PRODUCT_MEDIA')

/**
 * Reads options and inputs.
 * @throws {BridgeError} systemic: `INPUT_INVALID`, naming the input and what to set; `CONFIG_INVALID`
 */
export function readAkeneoDestination(
  context: DestinationContext,
  options: AkeneoOptions,
): AssetSettings | ProductMediaSettings {
  const connection = readAkeneoConnection(context)
  const { productLocale = null, productChannel = null, skuProperty = 'wknd-skuid' } = options
  const code = (input: string, value: string): string => {
    if (codePattern.test(value)) return value
    throw systemicError('INPUT_INVALID', `${input} must be a code: letters, digits and underscores`)
  }
  const placeOf = (input: string, value: string): ProductPlace => ({
    attribute: code(input, value),
    locale: productLocale,
    scope: productChannel,
  })
  const version = options.versionAttribute ?? context.input('AKENEO_VERSION_ATTRIBUTE') ?? 'bridge_version'
  const common = { connection, skuProperty, versionAttribute: code('AKENEO_VERSION_ATTRIBUTE', version) }

  if (options.family !== undefined && options.productMedia !== undefined) {
    throw systemicError(
      'CONFIG_INVALID',
      '`family` and `productMedia` stand in one akeneo() of config/destinations.ts: name two destinations, one for each',
    )
  }
  const family = options.productMedia === undefined ? familyOf(context, options) : undefined
  const productMedia = options.family === undefined ? productMediaOf(context, options) : undefined
  if (family !== undefined && productMedia !== undefined) {
    throw systemicError(
      'INPUT_INVALID',
      'AKENEO_ASSET_FAMILY and AKENEO_PRODUCT_MEDIA are both set: set one, or name two destinations in config/destinations.ts',
    )
  }
  if (productMedia !== undefined) return { ...common, media: placeOf('AKENEO_PRODUCT_MEDIA', productMedia) }

  const link = readLink(options.link ?? context.input('AKENEO_ASSET_LINK'))
  const media =
    options.mediaAttribute ?? context.input('AKENEO_ASSET_MEDIA') ?? (link === undefined ? 'media' : 'link')
  const collection = options.productAssets ?? context.input('AKENEO_PRODUCT_ASSETS')
  return {
    ...common,
    family: code(
      'AKENEO_ASSET_FAMILY',
      family ?? context.requireInput('AKENEO_ASSET_FAMILY', 'set it to the code of an asset family'),
    ),
    mediaAttribute: code('AKENEO_ASSET_MEDIA', media),
    mediaLocale: options.mediaLocale ?? null,
    mediaChannel: options.mediaChannel ?? null,
    link,
    values: options.values ?? [],
    code: options.code,
    collection: collection === undefined ? undefined : placeOf('AKENEO_PRODUCT_ASSETS', collection),
  }
}

/** A part that is misspelt, or left out, would give every asset a link that leads nowhere, or the same one. */
function readLink(link: string | undefined): string | undefined {
  const fixed = link?.replace(/\{(key|name|path)\}/g, '')
  if (fixed === undefined || (fixed !== link && !/[{}]/.test(fixed))) return link
  throw systemicError(
    'INPUT_INVALID',
    'AKENEO_ASSET_LINK must have {path}, {key} or {name} in it, and nothing else in braces, such as https://dam.example.com{path}',
  )
}
