import type { Asset } from '../../../core/asset'
import { type BridgeError, systemicError } from '../../../core/errors'
import type { RoleRule } from '../../../plugin/destinations'

/** Where the value of a product's attribute stands. */
export type ProductPlace = { attribute: string; locale: string | null; scope: string | null }

/** Where a file of a product goes: an attribute for it, and one for its version. */
export type MediaPlace = { media: ProductPlace; version: ProductPlace }

/** The places of a product. Without roles each file goes to the main one. */
export type MediaPlaces = {
  roles: RoleRule | undefined
  main: MediaPlace
  /** By position. */
  gallery: ReadonlyMap<number, MediaPlace>
}

/**
 * The place of an asset's file, by its role; or why there is none.
 * @throws what a role rule of the user's throws
 */
export function placeOf(asset: Asset, { roles, main, gallery }: MediaPlaces): MediaPlace | string {
  if (roles === undefined) return main
  const role = roles.roleOf(asset)
  if (role === undefined) return 'no place in the products: the asset has no role'
  if (role.role === 'main') return main
  const { position } = role
  if (position === undefined) return 'no place in the products: its role is the gallery, without a position'
  return (
    gallery.get(position) ??
    `no place in the products: \`gallery\` of config/destinations.ts has no attribute for position ${position}`
  )
}

const codePattern = /^[a-zA-Z0-9_]+$/

/**
 * The places that options and inputs name.
 * @throws {BridgeError} systemic, `CONFIG_INVALID`
 */
export function mediaPlaces(
  { roles, gallery = {} }: { roles?: RoleRule; gallery?: Readonly<Record<number, string>> },
  main: string,
  versionAttribute: string,
  placed: (attribute: string) => ProductPlace,
): MediaPlaces {
  const named = Object.entries(gallery)
  if (named.length > 0 && roles === undefined)
    throw invalid('`gallery` without `roles`: say which asset has which role')
  const seen = new Set([main])
  for (const [position, attribute] of named) {
    if (!/^\d{1,6}$/.test(position) || !codePattern.test(attribute))
      throw invalid(
        `\`gallery\` has to name the code of an attribute for each position: ${position} does not`,
      )
    if (seen.has(attribute))
      throw invalid(`the attribute ${attribute} is named twice: one attribute holds one file`)
    seen.add(attribute)
  }
  const place = (attribute: string, version: string): MediaPlace => ({
    media: placed(attribute),
    version: { attribute: version, locale: null, scope: null },
  })
  return {
    roles,
    main: place(main, versionAttribute),
    gallery: new Map(
      named.map(([position, attribute]) => [
        Number(position),
        place(attribute, `${versionAttribute}_${Number(position)}`),
      ]),
    ),
  }
}

/** What is wrong in an `akeneo()` of the user's. */
export const invalid = (problem: string): BridgeError =>
  systemicError('CONFIG_INVALID', `akeneo() of config/destinations.ts: ${problem}`)
