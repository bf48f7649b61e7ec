import type { Asset } from '../../../core/asset'
import { systemicError } from '../../../core/errors'
import type { JsonValue } from '../../../core/json'
import type { DestinationContext } from '../../../plugin/destination'
import type { RoleRule } from '../../../plugin/destinations'
import {
  declareInputs,
  type InputSource,
  inputError,
  isSet,
  matching,
  missing,
  type Parsed,
  readBoth,
  valuesOf,
  withOptions,
} from '../../../plugin/inputs'
import { type AkeneoConnection, connectionInputs, readAkeneoConnection } from '../inputs'
import { invalid, type MediaPlaces, mediaPlaces, type ProductPlace } from './places'

const code = matching(/^[a-zA-Z0-9_]+$/, 'must be a code: letters, digits and underscores')

/** The inputs of the `akeneo` destination besides those of the connection, behind the same prefix. */
export const mediaInputs = declareInputs({
  ASSET_FAMILY: {
    meaning: 'The code of an asset family of the Asset Manager that files go to.',
    required: 'for the destination, unless files go to products',
    shape: code,
  },
  ASSET_MEDIA: {
    meaning: 'The code of the attribute of the family for the file, or for the link.',
    unset: '`media`; with a link `link`',
    shape: code,
  },
  ASSET_LINK: {
    meaning: 'The link that is written in place of the file, with `{path}`, `{key}` or `{name}` in it.',
    unset: 'the file is written',
    example: 'https://dam.example.com{path}',
    shape: link,
  },
  PRODUCT_ASSETS: {
    meaning: 'The code of the asset collection attribute of products that assets are added to.',
    unset: 'none',
    shape: code,
  },
  PRODUCT_MEDIA: {
    meaning: 'The code of an image or file attribute of products that files go to, in place of the family.',
    unset: 'the family',
    shape: code,
  },
  VERSION_ATTRIBUTE: {
    meaning: 'The code of the text attribute that keeps the version.',
    default: 'bridge_version',
    shape: code,
  },
})

/** A misspelt or missing placeholder would give every asset a broken link, or all assets the same one. */
function link(text: string): Parsed<string> {
  const fixed = text.replace(/\{(key|name|path)\}/g, '')
  if (fixed !== text && !/[{}]/.test(fixed)) return { value: text }
  return {
    problem:
      'must have {path}, {key} or {name} in it, and nothing else in braces, such as https://dam.example.com{path}',
  }
}

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
  /**
   * Which of several assets of a product is its main picture, and the order of the others: with product media the
   * attribute that a file goes to, with `productAssets` the place in the collection. @default the last event decides
   */
  roles?: RoleRule
  /** With `roles` and product media: the attributes of the gallery by position, such as `{ 2: 'picture_2' }`. @default none */
  gallery?: Readonly<Record<number, string>>
  /** The property of the asset's metadata that holds the SKU, or several. @default the link property of config/enrichment.ts */
  skuProperty?: string
}

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
  /** The order of the collection. */
  roles: RoleRule | undefined
}

/** The destination keeps files in attributes of products. */
export type ProductMediaSettings = Common & { places: MediaPlaces }

/** What the options say; the inputs say the rest. */
const sourceFor = (context: InputSource, options: AkeneoOptions, inputs: string): InputSource =>
  withOptions(context, inputs, {
    ASSET_FAMILY: options.family,
    ASSET_MEDIA: options.mediaAttribute,
    ASSET_LINK: options.link,
    PRODUCT_ASSETS: options.productAssets,
    PRODUCT_MEDIA: options.productMedia,
    VERSION_ATTRIBUTE: options.versionAttribute,
  })

/** Tells whether options or inputs name a place for files. */
export function isAkeneoOn(context: DestinationContext, options: AkeneoOptions, inputs: string): boolean {
  const source = sourceFor(context, options, inputs)
  const places = ['ASSET_FAMILY', 'PRODUCT_MEDIA'] as const
  return (
    isSet(connectionInputs, 'URL', context, inputs) &&
    places.some((name) => isSet(mediaInputs, name, source, inputs))
  )
}

/**
 * Reads options and inputs.
 * @param inputs their prefix
 * @throws {BridgeError} systemic: `INPUT_INVALID`, naming each input that is wrong and what to set; `CONFIG_INVALID`
 */
export function readAkeneoDestination(
  context: DestinationContext,
  options: AkeneoOptions,
  inputs: string,
): AssetSettings | ProductMediaSettings {
  const { productLocale = null, productChannel = null } = options
  const { skuProperty = context.linkProperty } = options
  if (options.family !== undefined && options.productMedia !== undefined) {
    throw systemicError(
      'CONFIG_INVALID',
      '`family` and `productMedia` stand in one akeneo() of config/destinations.ts: name two destinations, one for each',
    )
  }
  const [connection, values] = readBoth(
    () => readAkeneoConnection(context, inputs),
    () => valuesOf(mediaInputs, sourceFor(context, options, inputs), { prefix: inputs }),
  )
  const placeOf = (attribute: string): ProductPlace => ({
    attribute,
    locale: productLocale,
    scope: productChannel,
  })
  const common = { connection, skuProperty, versionAttribute: values.VERSION_ATTRIBUTE }
  // An option decides for its kind of place, whatever the inputs say.
  const family = options.productMedia === undefined ? values.ASSET_FAMILY : undefined
  const productMedia = options.family === undefined ? values.PRODUCT_MEDIA : undefined
  if (family !== undefined && productMedia !== undefined) {
    throw inputError(
      `${inputs}_ASSET_FAMILY and ${inputs}_PRODUCT_MEDIA are both set: set one, or name two destinations in config/destinations.ts`,
    )
  }
  const { roles, gallery } = options
  if (productMedia !== undefined) {
    return { ...common, places: mediaPlaces(options, productMedia, values.VERSION_ATTRIBUTE, placeOf) }
  }
  if (family === undefined) throw inputError(missing(`${inputs}_ASSET_FAMILY`, mediaInputs.ASSET_FAMILY))
  const { ASSET_LINK: link, PRODUCT_ASSETS: collection } = values
  if (gallery !== undefined)
    throw invalid(`\`gallery\` names attributes of products, and files go to the family ${family}`)
  if (roles !== undefined && collection === undefined) {
    throw invalid(
      `\`roles\` say which of several assets a product shows where: set ${inputs}_PRODUCT_MEDIA or ${inputs}_PRODUCT_ASSETS, or leave \`roles\` out`,
    )
  }
  return {
    ...common,
    family,
    mediaAttribute: values.ASSET_MEDIA ?? (link === undefined ? 'media' : 'link'),
    mediaLocale: options.mediaLocale ?? null,
    mediaChannel: options.mediaChannel ?? null,
    link,
    values: options.values ?? [],
    code: options.code,
    collection: collection === undefined ? undefined : placeOf(collection),
    roles,
  }
}
