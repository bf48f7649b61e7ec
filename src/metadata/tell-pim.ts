import type { Asset } from '../core/asset'
import type { JsonValue } from '../core/json'
import type { FactValue, Product } from '../core/product'
import { factsForPim } from './facts-for-pim'
import { type MappingRule, ownerOf } from './mapping'
import type { AssetRole, RoleRule } from './roles'
import { heldValue, isBlank, isoInstant, itemsOf, sameValue } from './values'

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

/**
 * What a product is told about an asset.
 * @param attributes those of the product
 * @throws {BridgeError} permanent, `MAPPING_FAILED`
 */
export function factsToTell(
  asset: Asset,
  { mapping, tellPim = [] }: TellRules,
  attributes: readonly string[],
): readonly ToldFact[] {
  const facts: ToldFact[] = []
  const add = (fact: Omit<ToldFact, 'value'>, value: JsonValue): void => {
    const told = factValue(value)
    if (told !== undefined) facts.push({ ...fact, value: told })
  }
  for (const { attribute, property, value } of factsForPim(asset, mapping, attributes))
    add({ attribute, from: `property ${property}` }, value)
  for (const rule of tellPim) {
    const value = valueToTell(asset, rule)
    const { attribute, as } = rule
    if (!isBlank(value) || rule.whenEmpty === 'clear')
      add({ attribute, from: sourceOf(rule), ...(as === undefined ? {} : { as }) }, value ?? null)
  }
  return facts
}

/** The facts that the product does not have. */
export const differing = (facts: readonly ToldFact[], { attributes }: Product): readonly ToldFact[] =>
  facts.filter(({ attribute, value }) => {
    const held = heldValue(attributes, attribute) ?? null
    return !(isBlank(held) && isBlank(value)) && !sameValue(held, value) && !isSameDay(held, value)
  })

/** An attribute of days holds of an instant the day, as the instant writes it. */
const isSameDay = (held: JsonValue, value: FactValue): boolean =>
  typeof held === 'string' &&
  typeof value === 'string' &&
  /^\d{4}-\d{2}-\d{2}$/.test(held) &&
  isoInstant.test(value) &&
  value.startsWith(held)

const sourceOf = (rule: TellRule): string =>
  'property' in rule ? `property ${rule.property}` : 'fact' in rule ? rule.fact : 'url'

function valueToTell(asset: Asset, rule: TellRule): JsonValue | undefined {
  const { origin, path, id, name, metadata, repository } = asset
  if ('property' in rule) return heldValue(metadata, rule.property)
  if ('url' in rule) return filled(rule.url, asset)
  switch (rule.fact) {
    case 'link':
      return path === '' ? undefined : `${origin}/assetdetails.html${encoded(path)}`
    case 'expires':
      return offTimeProperties
        .map((property) => itemsOf(heldValue(metadata, property) ?? heldValue(repository, property))[0])
        .find((value) => value !== undefined)
    default:
      return { path, id, name }[rule.fact]
  }
}

/** Undefined when AEM does not tell what the text needs. */
function filled(template: string, { path, id, name }: Asset): string | undefined {
  const values = new Map([
    ['{path}', encoded(path)],
    ['{id}', encodeURIComponent(id)],
    ['{name}', encodeURIComponent(name)],
  ])
  const used = [...values].filter(([placeholder]) => template.includes(placeholder))
  if (used.some(([, value]) => value === '')) return undefined
  return template.replace(/\{(path|id|name)\}/g, (placeholder) => values.get(placeholder) ?? placeholder)
}

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

/** Undefined for what no attribute can hold. */
function factValue(value: JsonValue): FactValue | undefined {
  if (!Array.isArray(value)) return isScalar(value) ? value : undefined
  const items: readonly JsonValue[] = value
  const scalars = items.flatMap((item) => (isScalar(item) && item !== null ? [item] : []))
  return scalars.length === items.length ? scalars : undefined
}

const isScalar = (value: JsonValue): value is string | number | boolean | null =>
  value === null || typeof value !== 'object'
