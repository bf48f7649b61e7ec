import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import type { Asset } from '../../core/asset'
import { isJsonValue, type JsonValue } from '../../core/json'
import type { MetadataChange } from '../../metadata/diff'
import { heldValue, isBlank, sameValue } from '../../metadata/values'

/** One property of an asset: what AEM held when it was planned, and what it is to hold. `null`: nothing. */
export type PlannedChange = {
  property: string
  old: JsonValue
  new: JsonValue
  /** What decided it, such as `attribute name`. */
  rule: string
}

const Value = v.custom<JsonValue>((value) => isJsonValue(value), 'no JSON value of 64 levels at most')
const name = v.pipe(v.string(), v.nonEmpty(), v.maxLength(1_000))

export const PlannedChangeSchema: v.GenericSchema<unknown, PlannedChange> = v.object({
  property: name,
  old: Value,
  new: Value,
  rule: v.string(),
})

/** The id of an asset as the Assets Author API has it. */
export const AssetIdSchema = v.pipe(v.string(), v.regex(/^urn(:[A-Za-z0-9._-]+){2,}$/), v.maxLength(200))
export const PathSchema = v.pipe(v.string(), v.maxLength(4_000))

/** `apply` goes from `old` to `new`, `undo` back. */
export type Direction = 'apply' | 'undo'

/** What is to be done about one property of an asset as it is now. */
export type Verdict =
  | { kind: 'write'; write: MetadataChange }
  /** AEM holds what it is to hold. */
  | { kind: 'there' }
  /** Somebody changed it meanwhile. */
  | { kind: 'other'; held: JsonValue }

/**
 * Compares what AEM holds with a planned change. `old` is what AEM itself gave, so it has to be exactly that; `new` is
 * compared as enrichment compares, since AEM may hold another form of what was written, such as a number as text.
 */
export function verdictOf(
  { metadata }: Pick<Asset, 'metadata'>,
  change: PlannedChange,
  direction: Direction,
): Verdict {
  const held = heldValue(metadata, change.property)
  const [isOld, isNew] = [isExactly(held, change.old), isSame(held, change.new)]
  if (direction === 'apply') {
    // Nothing to write where enrichment would see no difference.
    if (isNew || (change.new === null && isBlank(held))) return { kind: 'there' }
    return isOld ? written(held, change.property, change.new) : other(held)
  }
  if (isOld) return { kind: 'there' }
  return isNew ? written(held, change.property, change.old) : other(held)
}

const other = (held: JsonValue | undefined): Verdict => ({ kind: 'other', held: held ?? null })

function written(held: JsonValue | undefined, property: string, value: JsonValue): Verdict {
  if (value === null) return { kind: 'write', write: { op: 'remove', property } }
  const op = held === undefined ? 'add' : 'replace'
  return { kind: 'write', write: { op, property, value } }
}

/** The same JSON: type, order and form; nothing is not an empty text. */
const isExactly = (held: JsonValue | undefined, value: JsonValue): boolean =>
  // Through JSON, as the value of a file went: it knows no -0.
  isDeepStrictEqual(JSON.parse(JSON.stringify(held ?? null)), value)

function isSame(held: JsonValue | undefined, value: JsonValue): boolean {
  if (held === undefined || held === null || value === null) return (held ?? null) === value
  return sameValue(held, value)
}

/** The metadata as they would be after the changes were taken back. */
export function undone(metadata: Asset['metadata'], changes: readonly PlannedChange[]): Asset['metadata'] {
  const reverted = new Map(Object.entries(metadata))
  for (const { property, old } of changes) {
    if (old === null) reverted.delete(property)
    else reverted.set(property, old)
  }
  return Object.fromEntries(reverted)
}
