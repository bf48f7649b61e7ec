import type { SkipRules } from './left-alone'
import type { MappingRule } from './mapping'
import type { Matcher } from './matching'
import { hasRecord } from './ownership'
import type { RoleRule } from './roles'
import { propertiesTold, type TellRule } from './tell-pim'

/**
 * Tells which metadata properties the rules of `config/enrichment.ts` read or write. A rule that does not say what it
 * reads, such as one that computes a value from the asset, may read all of them.
 */
export function propertiesOf(rules: {
  linkProperty: string
  deletedProperty: string
  writtenProperty: string
  syncProperty: string
  skip: SkipRules
  matching: readonly Matcher[]
  mapping: readonly MappingRule[]
  tellPim?: readonly TellRule[]
  roles?: RoleRule
}): (property: string) => boolean {
  const { linkProperty, deletedProperty, syncProperty, skip, tellPim = [], roles } = rules
  if (typeof skip === 'function') return all
  const names = new Set([linkProperty, deletedProperty, syncProperty])
  if (hasRecord(rules.mapping)) names.add(rules.writtenProperty)
  if (skip.some(({ mediaType }) => mediaType !== undefined)) names.add('dc:format')
  for (const property of [...tellPim.flatMap(propertiesTold), ...(roles?.reads ?? [])]) names.add(property)
  const prefixes: string[] = []
  for (const { reads } of rules.matching) {
    if (reads === undefined) return all
    for (const property of reads) names.add(property)
  }
  for (const rule of rules.mapping) {
    if ('property' in rule) {
      if ('compute' in rule) return all
      names.add(rule.property)
    } else if (rule.prefix === undefined) return all
    else prefixes.push(rule.prefix)
  }
  return (property) => names.has(property) || prefixes.some((prefix) => property.startsWith(prefix))
}

const all = (): boolean => true
