import type { Asset } from '../core/asset'
import type { JsonValue } from '../core/json'
import type { FactValue, Product } from '../core/product'
import { factsForPim } from './facts-for-pim'
import { offTimeProperties, type TellRule, type TellRules, type ToldFact } from './tell-pim'
import { heldValue, isBlank, isoInstant, itemsOf, sameValue } from './values'

// Not in tell-pim.ts: most events tell the PIM nothing, and load what finds that out only.

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
  const named = new Set(tellPim.map(({ attribute }) => attribute))
  for (const { attribute, property, value } of factsForPim(asset, mapping, attributes)) {
    // A rule `everyAttribute` may come to name it, too.
    if (!named.has(attribute)) add({ attribute, from: `property ${property}` }, value)
  }
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
