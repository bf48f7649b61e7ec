import type { JsonValue } from '../core/json'
import { heldValue, isBlank, sameValue } from './values'

/** What an asset's metadata should say: a value, or `null` for a property that should not be there. */
export type DesiredMetadata = ReadonlyMap<string, JsonValue>

/** One difference between what AEM holds and what is wanted. */
export type MetadataChange =
  | { op: 'add'; property: string; value: JsonValue }
  | { op: 'replace'; property: string; value: JsonValue }
  | { op: 'remove'; property: string }

/**
 * The changes that turn `held` into `desired`; empty when it already says so. The operation follows from the
 * property's presence, for AEM may refuse `add` on a property that is there and `replace` on one that is not.
 */
export function diffMetadata(
  held: Readonly<Record<string, JsonValue>>,
  desired: DesiredMetadata,
): readonly MetadataChange[] {
  const changes: MetadataChange[] = []
  for (const [property, value] of desired) {
    const current = heldValue(held, property)
    if (isInStep(current, value)) continue
    if (isBlank(value)) changes.push({ op: 'remove', property })
    else changes.push({ op: current === undefined ? 'add' : 'replace', property, value })
  }
  return changes
}

/** Tells whether what AEM holds of a property needs no change to be what is wanted. */
export const isInStep = (held: JsonValue | undefined, wanted: JsonValue): boolean =>
  isBlank(wanted) ? isBlank(held) : held !== undefined && sameValue(held, wanted)

/** Whether a change is visible in `held`, or at least another value than before. */
export function isApplied(
  change: MetadataChange,
  before: Readonly<Record<string, JsonValue>>,
  held: Readonly<Record<string, JsonValue>>,
): boolean {
  const now = heldValue(held, change.property)
  if (change.op === 'remove') return isBlank(now)
  if (now === undefined) return false
  const then = heldValue(before, change.property)
  return then === undefined || !sameValue(then, now)
}
