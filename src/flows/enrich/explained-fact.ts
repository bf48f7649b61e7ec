import * as v from 'valibot'
import { isJsonValue, type JsonValue } from '../../core/json'
import type { FactValue } from '../../core/product'

/** One fact about an asset for one product, and what would become of it. */
export type ExplainedFact = {
  product: string
  attribute: string
  /** Such as `property dc:rights`, or `link`. */
  from: string
  /** What the PIM has; null where it has none. */
  old: JsonValue
  new: FactValue
  action: 'tell' | 'keep'
  why: string
  /** Where another asset speaks for the product: its path. Null where none has the role. */
  speaker?: string | null | undefined
  /** Another system puts the value back: until then (ISO 8601) an event of that leaves it alone. */
  leftAloneUntil?: string | undefined
}

const scalar = v.union([v.string(), v.number(), v.boolean()])

/** A fact that comes from a file or another activation. */
export const ExplainedFactSchema: v.GenericSchema<unknown, ExplainedFact> = v.object({
  product: v.string(),
  attribute: v.string(),
  from: v.string(),
  old: v.custom<JsonValue>((value) => isJsonValue(value)),
  new: v.union([v.null(), scalar, v.array(scalar)]),
  action: v.picklist(['tell', 'keep']),
  why: v.string(),
  speaker: v.optional(v.nullable(v.string())),
  leftAloneUntil: v.optional(v.string()),
})

/** Those that the PIM does not have: they are told, or another asset speaks. */
export const notInStep = (facts: readonly ExplainedFact[]): readonly ExplainedFact[] =>
  facts.filter(({ action, speaker }) => action === 'tell' || speaker !== undefined)

/** How many facts of which kind. */
export type FactCounts = { tell: number; keep: number }

/** @param facts those that the PIM does not have */
export function countFacts(facts: readonly ExplainedFact[]): FactCounts {
  const tell = facts.filter(({ action }) => action === 'tell').length
  return { tell, keep: facts.length - tell }
}
