import { systemicError } from '../core/errors'
import { type MappingRule, type Owner, ownerOf } from '../metadata/mapping'
import { hasRecord } from '../metadata/ownership'
import type { TellRule } from '../metadata/tell-pim'

const owners = new Set<unknown>(['pim', 'aem', 'once', 'edited'] satisfies Owner[])

/**
 * Refuses owners that cannot be, where `config/enrichment.ts` is loaded.
 * @throws {BridgeError} systemic, `CONFIG_INVALID`, naming the property and what to do
 */
export function checkOwners({
  mapping,
  tellPim = [],
  ...rules
}: {
  mapping: readonly MappingRule[]
  tellPim?: readonly TellRule[]
  linkProperty: string
  deletedProperty: string
  writtenProperty: string
  syncProperty: string
}): void {
  const { linkProperty, deletedProperty, writtenProperty, syncProperty } = rules
  const others = [linkProperty, deletedProperty, syncProperty]
  if (hasRecord(mapping) && others.includes(writtenProperty))
    throw invalid(`writtenProperty is ${writtenProperty}, which has another use: give it a name of its own`)
  if ([linkProperty, deletedProperty].includes(syncProperty))
    throw invalid(`syncProperty is ${syncProperty}, which has another use: give it a name of its own`)
  const owned = new Map<string, Owner>()
  for (const rule of mapping) {
    const { owner = 'pim' } = rule
    const property = 'property' in rule ? rule.property : `${rule.prefix ?? ''}*`
    const wrong = (why: string) => invalid(`the rule of ${property} ${why}`)
    if (!owners.has(owner)) throw wrong(`has the owner ${String(owner)}: use pim, aem, once or edited`)
    if ('property' in rule) {
      if (rule.owner !== undefined && [linkProperty, deletedProperty].includes(property))
        throw wrong('has an owner, and enrichment itself writes that property: leave the owner out')
      if (property === syncProperty || (hasRecord(mapping) && property === writtenProperty))
        throw wrong('names a property that no rule may write: use another one, or set its name')
      if ((owned.get(property) ?? owner) !== owner)
        throw wrong(`has the owner ${owner}, and another rule of it ${owned.get(property)}: use one owner`)
      owned.set(property, owner)
    }
    const why = whyUnfit(rule, owner)
    if (why !== undefined) throw wrong(why)
  }
  checkTold(mapping, tellPim)
}

/** An attribute that two rules tell would never come to rest. */
function checkTold(mapping: readonly MappingRule[], tellPim: readonly TellRule[]): void {
  const byProperty = new Map(
    mapping.flatMap((rule) =>
      'attribute' in rule && ownerOf(rule) === 'aem' ? [[rule.property, rule.attribute] as const] : [],
    ),
  )
  const told = new Set<string>()
  for (const attribute of [...byProperty.values(), ...tellPim.map((rule) => rule.attribute)]) {
    if (told.has(attribute))
      throw invalid(`two rules tell the PIM the attribute ${attribute}: leave one of them out`)
    told.add(attribute)
  }
  for (const rule of tellPim) {
    if ('url' in rule && !/\{(path|id|name)\}/.test(rule.url))
      throw invalid(`the url for the attribute ${rule.attribute} has none of {path}, {id} and {name} in it`)
  }
}

/** Why a rule cannot have this owner. */
function whyUnfit(rule: MappingRule, owner: Owner): string | undefined {
  const isRemoving = 'value' in rule ? rule.value === null : rule.whenMissing === 'remove'
  if (owner === 'once' && isRemoving)
    return "has the owner once, and removes the value: such a property is never removed; use the owner 'pim' or 'edited'"
  if (owner !== 'aem' && 'whenEmpty' in rule && rule.whenEmpty !== undefined)
    return "has whenEmpty, which says what the PIM is told: use it with the owner 'aem'"
  if (owner !== 'aem') return undefined
  if ('value' in rule || 'compute' in rule)
    return 'has the owner aem, and no attribute that the PIM could be told: name one with attribute'
  if (rule.default !== undefined || isRemoving)
    return 'has the owner aem, and says what is written without a value: nothing is ever written; leave default and whenMissing out'
  return undefined
}

const invalid = (what: string): Error => systemicError('CONFIG_INVALID', `in config/enrichment.ts, ${what}`)
