import enrichment from '#config/enrichment'
import type { CallContext } from '../core/call-context'
import { type BridgeError, toBridgeError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import { syncInputs } from '../flows/sync/inputs'
import { sourceOf, valuesOf } from '../inputs/values'
import type { MetadataType } from '../metadata/convert'
import { type Matcher, searchOf } from '../metadata/matching'
import { itemsOf } from '../metadata/values'
import { deletedPropertyOf, type Enrichment, type MappingRule } from '../plugin/enrichment'
import type { PimCommunicator, Product } from '../plugin/pim'
import { openPim } from './enrich-graph'

/** A metadata property that enrichment writes. */
export type WrittenProperty = {
  name: string
  type?: MetadataType | undefined
  /** It can hold several values. */
  isMultiple: boolean
}

export type WrittenProperties = {
  /** The link property first, then those of the rules in their order; of a rule for every attribute, by name. */
  properties: readonly WrittenProperty[]
  /** The properties by which a changed product looks for its assets. */
  searched: readonly string[]
  /** A rule for every attribute writes more than could be found out. */
  hasMore: boolean
  /** Why the PIM told nothing of its attributes. */
  problem?: BridgeError
}

type Rules = Pick<Enrichment, 'linkProperty' | 'deletedProperty' | 'matching' | 'mapping'>
/** What is known of the PIM's attributes. */
type Attributes = {
  /** Those that it is known to have; a product may have fields of its own besides. */
  names: readonly string[]
  products: readonly Product[]
  /** There is no other one. */
  isComplete: boolean
}
type EveryAttribute = Extract<MappingRule, { everyAttribute: unknown }>

/**
 * Tells which properties `config/enrichment.ts` has written. Only the PIM knows the attributes of a rule for every
 * attribute: it is asked for what it is known to have, and for some products.
 * @param remembered found out earlier: what a rule for every attribute may have written stays, for other products may be
 * asked about today
 * @throws {InputError} systemic, `INPUT_INVALID`, and the signal's reason; what the PIM fails with is a problem in the answer
 */
export async function writtenProperties(
  context: FlowContext,
  remembered: readonly WrittenProperty[],
): Promise<WrittenProperties> {
  const { PIM_SYNC_DELETED: deleted } = valuesOf(
    { PIM_SYNC_DELETED: syncInputs.PIM_SYNC_DELETED },
    sourceOf(context.inputs),
  )
  const rest = { marksDeleted: deleted === 'mark', remembered }
  let attributes = noAttributes
  try {
    if (enrichment.mapping.some(isEvery)) {
      const pim = openPim(context)
      attributes = { ...attributes, names: pim.knownAttributes?.() ?? [] }
      const products = await someProducts(pim, context.call)
      attributes = { ...attributes, products, isComplete: attributes.names.length > 0 && products.length > 0 }
    }
    return propertiesWrittenBy(enrichment, { ...rest, attributes })
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    return { ...propertiesWrittenBy(enrichment, { ...rest, attributes }), problem: toBridgeError(thrown) }
  }
}

/** The same for any rules, and attributes that are known. */
export function propertiesWrittenBy(
  rules: Rules,
  {
    marksDeleted = false,
    attributes = noAttributes,
    remembered = [],
  }: { marksDeleted?: boolean; attributes?: Attributes; remembered?: readonly WrittenProperty[] } = {},
): WrittenProperties {
  const { linkProperty, matching, mapping } = rules
  const found = new Map<string, WrittenProperty>([[linkProperty, { name: linkProperty, isMultiple: false }]])
  const add = (property: WrittenProperty): void => {
    if (property.name !== linkProperty) found.set(property.name, property)
  }
  for (const rule of mapping) {
    if (isEvery(rule)) for (const property of expanded(rule, attributes, remembered)) add(property)
    else if ('value' in rule) add({ name: rule.property, isMultiple: Array.isArray(rule.value) })
    else add({ name: rule.property, type: rule.type, isMultiple: rule.multiple === true })
  }
  if (marksDeleted) add({ name: deletedPropertyOf(rules), isMultiple: false })
  return {
    properties: [...found.values()],
    searched: [...new Set([linkProperty, ...matching.flatMap(propertiesSearchedBy)])],
    hasMore: !attributes.isComplete && mapping.some(isEvery),
  }
}

/** A rule that fails finds no assets either. */
function propertiesSearchedBy(matcher: Matcher): readonly string[] {
  try {
    const query = searchOf(matcher, [anyProduct])
    return query !== undefined && 'property' in query ? [query.property] : []
  } catch {
    return []
  }
}

const isEvery = (rule: MappingRule): rule is EveryAttribute => 'everyAttribute' in rule

const noAttributes: Attributes = { names: [], products: [], isComplete: false }

/** A product that no PIM has; one for trying out gives its product all the same. */
const anyProduct = { kind: 'identifier', value: 'bridge-setup' } as const

async function someProducts(pim: PimCommunicator, call: CallContext): Promise<readonly Product[]> {
  const changed = await firstPage(pim, call)
  return changed.length > 0 ? changed : pim.getProducts([anyProduct], call)
}

async function firstPage(pim: PimCommunicator, call: CallContext): Promise<readonly Product[]> {
  if (pim.changesSince === undefined) return []
  for await (const { products } of pim.changesSince(undefined, call)) return products
  return []
}

/** What the rule makes of these attributes, by the names of the properties. */
function expanded(
  rule: EveryAttribute,
  { names, products, isComplete }: Attributes,
  remembered: readonly WrittenProperty[],
): readonly WrittenProperty[] {
  const { prefix, type, multiple } = rule
  const properties = new Map<string, WrittenProperty>()
  const add = (name: string | undefined, isSeveral: boolean): void => {
    if (name === undefined) return
    const isMultiple = multiple ?? (isSeveral || properties.get(name)?.isMultiple === true)
    properties.set(name, { name, type, isMultiple })
  }
  if (prefix !== undefined && !isComplete)
    for (const { name, isMultiple } of remembered) if (name.startsWith(prefix)) add(name, isMultiple)
  for (const attribute of names) add(nameBy(rule, attribute), false)
  for (const { attributes } of products)
    for (const [attribute, value] of Object.entries(attributes)) {
      const values = itemsOf(value)
      // An object needs a rule of its own.
      if (values.every((one) => typeof one !== 'object')) add(nameBy(rule, attribute), values.length > 1)
    }
  return [...properties.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** A rule that fails for an attribute is told by enrichment; here it makes no field. */
function nameBy(rule: EveryAttribute, attribute: string): string | undefined {
  try {
    const name: unknown = rule.everyAttribute(attribute)
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}
