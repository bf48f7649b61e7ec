import type { FactValue } from '../core/product'
import { type MappingRule, ownerOf } from './mapping'
import type { AssetRole, RoleRule } from './roles'

/**
 * A fact about an asset that the PIM is told, whatever the mapping says of metadata.
 * - `fact`: where the asset is, for people of AEM (`link`), its `path`, `id` or `name`, or when it goes off (`expires`).
 * - `url`: a text with `{path}`, `{id}` and `{name}` in it, such as the URL of its delivery.
 * - `property`: a metadata property, such as `dc:rights`.
 */
export type TellRule = {
  /** Code of the attribute in the PIM. */
  attribute: string
  /** Told by the asset with this role. @default the asset that speaks for the product */
  as?: AssetRole
  /** What an asset without this fact tells: nothing, or that there is none. @default 'keep' */
  whenEmpty?: 'keep' | 'clear'
} & ({ fact: AssetFact } | { url: string } | { property: string })

/** What can be told of an asset besides its metadata. */
export type AssetFact = 'link' | 'path' | 'id' | 'name' | 'expires'

/** What decides what the PIM is told. */
export type TellRules = {
  mapping: readonly MappingRule[]
  tellPim?: readonly TellRule[]
  roles?: RoleRule
}

/** A value that a product is to have, and where it comes from, such as `property dc:rights`. */
export type ToldFact = { attribute: string; from: string; value: FactValue; as?: AssetRole }

/** Tells whether there is anything that the PIM is told. */
export const isTold = ({ mapping, tellPim = [] }: TellRules): boolean =>
  tellPim.length > 0 || mapping.some((rule) => ownerOf(rule) === 'aem')

/** Where AEM keeps the moment from which on an asset is off; public sources differ, so each is read. */
export const offTimeProperties = [
  'offTime',
  'jcr:content/offTime',
  'prism:expirationDate',
  'jcr:content/metadata/prism:expirationDate',
]

/** The metadata properties that the facts are read from. */
export const propertiesTold = (rule: TellRule): readonly string[] => {
  if ('property' in rule) return [rule.property]
  return 'fact' in rule && rule.fact === 'expires' ? offTimeProperties : []
}
