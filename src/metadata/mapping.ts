import type { Asset } from '../core/asset'
import { permanentError } from '../core/errors'
import { isJsonValue, type JsonValue } from '../core/json'
import type { Product } from '../core/product'
import { messageOf } from '../core/shown'
import { convert, type MetadataType } from './convert'
import { isBlank, itemsOf } from './values'

/** What a mapping function is given. */
export type MappingContext = {
  /** The products on the asset, at least one; the first is the one whose candidate came first. */
  products: readonly Product[]
  asset: Asset
}

/** What a mapping may be told, and tells, besides. */
export type MappingOptions = {
  /**
   * Attributes that the PIM is known to have, although the products need not name them: those without a value count as
   * missing for a rule `everyAttribute` with `default` or `whenMissing`. @default those that the products name
   */
  known?: readonly string[]
  /** Gets each value that did not fit, and that its rule lets pass. */
  onSkipped?(skipped: SkippedValue): void
  /** Gets each property that a rule decides, and which rule that is, such as `attribute name`; the last one counts. */
  onMapped?(property: string, rule: string): void
  /** Gets each property that a rule names, whether it has a value or not, and who owns it; the last one counts. */
  onOwned?(property: string, owner: Owner): void
}

/**
 * Whose value of a property counts.
 * - `pim`: the PIM's. What a person changes in AEM is overwritten.
 * - `aem`: AEM's. Enrichment never writes it; the PIM is told what AEM holds.
 * - `once`: the PIM's value is written while AEM holds none, and never changed or removed after.
 * - `edited`: the PIM's until a person changes the value in AEM; from then on AEM's. See docs/ownership.md.
 */
export type Owner = 'pim' | 'aem' | 'once' | 'edited'

/** An owner whose value comes from the PIM at least once. */
type WrittenOwner = Exclude<Owner, 'aem'>

/** A value that was left out, because it does not fit and its rule says `onError: 'skip'`. */
export type SkippedValue = { property: string; reason: string }

type Target = {
  /** The metadata property in AEM, such as `dc:title` or `wknd-suppliername`. */
  property: string
}

type Owned<Allowed extends Owner = Owner> = {
  /** Whose value of the property counts. @default 'pim' */
  owner?: Allowed
}

type Told = {
  /** With the owner `aem`, what an empty property tells the PIM: nothing, or that there is no value. @default 'keep' */
  whenEmpty?: 'keep' | 'clear'
}

type Shape = {
  /** The type AEM is to hold; without one a value goes as the PIM has it. */
  type?: MetadataType
  /**
   * `true` always writes an array, `false` only the first value. Without it one value is written by itself and
   * several as an array.
   */
  multiple?: boolean
  /** Written when the PIM has no value. */
  default?: JsonValue
  /** What to do when the PIM has no value and there is no default: leave the property as it is, or remove it. @default 'keep' */
  whenMissing?: 'keep' | 'remove'
  /**
   * What happens when a value does not fit the type, or the function throws: the asset fails as a whole, or the value is
   * left out and told in log and answer. When no value is left, the property stays as it is. @default 'fail'
   */
  onError?: 'fail' | 'skip'
}

/** One property from one attribute of the PIM. */
export type AttributeRule = Target & Shape & Owned & Told & { attribute: string }
/** One property with always the same value. */
export type FixedRule = Target & Owned<WrittenOwner> & { value: JsonValue }
/** One property from a function; `undefined` counts as "the PIM has no value". */
export type ComputedRule = Target &
  Shape &
  Owned<WrittenOwner> & { compute(context: MappingContext): JsonValue | undefined }
/**
 * Every attribute with a plain value goes to the property this names; `undefined` leaves the attribute out. `default` and
 * `whenMissing` hold for attributes that the products name without a value, and for those that the PIM is known to have.
 */
export type EveryAttributeRule = {
  everyAttribute(attribute: string): string | undefined
  /** What all these properties begin with; without it, all properties of the asset stay in memory. */
  prefix?: string
} & Shape &
  Owned &
  Told

/** One line of the mapping from the PIM to AEM. */
export type MappingRule = AttributeRule | FixedRule | ComputedRule | EveryAttributeRule

/** A rule about one property, for those who ask where its value comes from. */
export const ruleName = (rule: AttributeRule | FixedRule | ComputedRule): string =>
  'attribute' in rule ? `attribute ${rule.attribute}` : 'value' in rule ? 'value' : 'compute'

/** The attributes that the rules name. */
export const attributesIn = (rules: readonly MappingRule[]): readonly string[] => [
  ...new Set(rules.flatMap((rule) => ('attribute' in rule ? [rule.attribute] : []))),
]

/** Every attribute to the property with this prefix and the attribute's code in lower case. */
export const everyAttribute = (
  prefix: string,
  options: { owner?: Owner } & Told = {},
): EveryAttributeRule => ({
  everyAttribute: (attribute) => `${prefix}${attribute.toLowerCase()}`,
  prefix,
  ...options,
})

/**
 * What the metadata should say by the rules; where two rules name a property the later one wins. `null` stands for
 * a property that should not be there.
 * @throws {BridgeError} permanent, `MAPPING_FAILED`, naming the property, or the attribute that got none
 */
export function mapProducts(
  rules: readonly MappingRule[],
  context: MappingContext,
  options: MappingOptions = {},
): ReadonlyMap<string, JsonValue> {
  const desired = new Map<string, JsonValue>()
  for (const rule of rules) {
    if ('property' in rule) options.onOwned?.(rule.property, ownerOf(rule))
    if ('everyAttribute' in rule) mapEvery(rule, context, desired, options)
    else if (ownerOf(rule) === 'aem') {
      // A later rule wins: what an earlier one wants is not written either.
      desired.delete(rule.property)
      options.onMapped?.(rule.property, ruleName(rule))
    } else if ('value' in rule) {
      desired.set(rule.property, fixed(rule))
      options.onMapped?.(rule.property, ruleName(rule))
    } else {
      const values =
        'attribute' in rule
          ? attributeValues(rule.attribute, context.products)
          : orSkipped(rule.property, rule, () => computed(rule, context), options)
      if (values !== undefined && setShaped(desired, rule.property, rule, values, options))
        options.onMapped?.(rule.property, ruleName(rule))
    }
  }
  return desired
}

/** Who owns what a rule is about. */
export const ownerOf = ({ owner = 'pim' }: MappingRule): Owner => owner

/** Tells whether a rule says what becomes of attributes without a value. */
export const mindsMissing = (rule: MappingRule): boolean =>
  'everyAttribute' in rule && (rule.default !== undefined || rule.whenMissing === 'remove')

function mapEvery(
  rule: EveryAttributeRule,
  context: MappingContext,
  desired: Map<string, JsonValue>,
  options: MappingOptions,
): void {
  const { known = [] } = options
  const named = context.products.flatMap((product) => Object.keys(product.attributes))
  const attributes = new Set(mindsMissing(rule) ? [...named, ...known] : named)
  for (const attribute of attributes) {
    const property = propertyFor(rule, attribute)
    if (property === undefined) continue
    options.onOwned?.(property, ownerOf(rule))
    if (ownerOf(rule) === 'aem') {
      desired.delete(property)
      options.onMapped?.(property, `every attribute: ${attribute}`)
      continue
    }
    const values = attributeValues(attribute, context.products)
    // Only values that a property can hold; an object needs a rule of its own.
    if (
      values.every((value) => typeof value !== 'object') &&
      setShaped(desired, property, rule, values, options)
    )
      options.onMapped?.(property, `every attribute: ${attribute}`)
  }
}

/**
 * The property that a rule `everyAttribute` names for an attribute; undefined when it leaves the attribute out.
 * @throws {BridgeError} permanent, `MAPPING_FAILED`
 */
export function propertyFor(rule: EveryAttributeRule, attribute: string): string | undefined {
  const property: unknown = guarded(`of attribute ${attribute}`, () => rule.everyAttribute(attribute))
  if (property === undefined || (typeof property === 'string' && property !== '')) return property
  throw failed(`of attribute ${attribute}`, 'the function gave something that names no property')
}

function attributeValues(attribute: string, products: readonly Product[]): readonly JsonValue[] {
  return products.flatMap((product) =>
    Object.hasOwn(product.attributes, attribute) ? itemsOf(product.attributes[attribute]) : [],
  )
}

function fixed(rule: FixedRule): JsonValue {
  if (!isJsonValue(rule.value)) throw failed(`to ${rule.property}`, 'its value is none that JSON can carry')
  return Array.isArray(rule.value) ? itemsOf(rule.value) : rule.value
}

function computed(rule: ComputedRule, context: MappingContext): readonly JsonValue[] {
  const value: unknown = guarded(`to ${rule.property}`, () => rule.compute(context))
  if (value === undefined) return []
  if (!isJsonValue(value))
    throw failed(`to ${rule.property}`, 'the function gave something that JSON cannot carry')
  return itemsOf(value)
}

/** @returns whether the rule decides the property */
function setShaped(
  desired: Map<string, JsonValue>,
  property: string,
  shape: Shape,
  values: readonly JsonValue[],
  options: MappingOptions,
): boolean {
  const source = values.length > 0 ? values : itemsOf(shape.default)
  const converted = distinct(
    source.flatMap((value) => {
      const fit = () => guarded(`to ${property}`, () => convert(value, shape.type))
      return orSkipped(property, shape, fit, options) ?? []
    }),
  )
  // None of them fits: that is not to have no value.
  if (source.length > 0 && converted.length === 0) return false
  const [first] = converted
  if (first === undefined || isBlank(first)) {
    if (shape.whenMissing !== 'remove') return false
    desired.set(property, null)
    return true
  }
  if (shape.multiple === false) desired.set(property, first)
  else desired.set(property, shape.multiple === true || converted.length > 1 ? converted : first)
  return true
}

function distinct(values: readonly JsonValue[]): readonly JsonValue[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}

/** Undefined when the work fails and the rule lets that pass. */
function orSkipped<T>(
  property: string,
  { onError }: Shape,
  work: () => T,
  { onSkipped }: MappingOptions,
): T | undefined {
  if (onError !== 'skip') return work()
  try {
    return work()
  } catch (thrown) {
    onSkipped?.({ property, reason: messageOf(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown) })
    return undefined
  }
}

/** @param which `to <property>` or `of attribute <code>` */
function guarded<T>(which: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw failed(which, messageOf(thrown), thrown)
  }
}

function failed(which: string, reason: string, cause?: unknown): Error {
  return permanentError('MAPPING_FAILED', `the mapping ${which} in config/enrichment.ts failed: ${reason}`, {
    cause,
  })
}
