import type { Asset } from '../core/asset'
import type { JsonValue } from '../core/json'
import { type MappingRule, ownerOf, propertyFor } from './mapping'
import { heldValue, isBlank } from './values'

/** A value of AEM that the PIM is to be told, and the attribute that it belongs to. */
export type FactForPim = { attribute: string; property: string; value: JsonValue }

/**
 * Lists what the PIM would be told about an asset: the values of the properties that AEM owns. An empty property tells
 * the PIM nothing, unless its rule says `whenEmpty: 'clear'`: then the value is null. Where two rules name a property, the later one wins.
 * An attribute gets the value of one property: that of a rule of its own, else that of the last rule `everyAttribute`.
 * @param attributes those that a rule `everyAttribute` is asked about, such as those that the product has
 * @throws {BridgeError} permanent, `MAPPING_FAILED`
 */
export function factsForPim(
  { metadata }: Pick<Asset, 'metadata'>,
  rules: readonly MappingRule[],
  attributes: readonly string[] = [],
): readonly FactForPim[] {
  const facts = new Map<string, { attribute: string; clears: boolean; isOwn: boolean } | undefined>()
  const own = (rule: MappingRule, property: string, attribute: string): void => {
    const clears = 'whenEmpty' in rule && rule.whenEmpty === 'clear'
    const isOwn = 'property' in rule
    facts.set(property, ownerOf(rule) === 'aem' ? { attribute, clears, isOwn } : undefined)
  }
  for (const rule of rules) {
    if ('property' in rule) own(rule, rule.property, 'attribute' in rule ? rule.attribute : '')
    else {
      for (const attribute of attributes) {
        const property = propertyFor(rule, attribute)
        if (property !== undefined) own(rule, property, attribute)
      }
    }
  }
  // By attribute, the property that tells it: two of them would take turns.
  const telling = new Map<string, string>()
  for (const turn of [false, true]) {
    for (const [property, fact] of facts) {
      if (fact?.isOwn === turn) telling.set(fact.attribute, property)
    }
  }
  return [...facts].flatMap(([property, fact]): FactForPim[] => {
    if (fact === undefined || telling.get(fact.attribute) !== property) return []
    const { attribute, clears } = fact
    const value = heldValue(metadata, property) ?? null
    if (!isBlank(value)) return [{ attribute, property, value }]
    return clears ? [{ attribute, property, value: null }] : []
  })
}
