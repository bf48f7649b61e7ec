import type { JsonValue } from '../core/json'
import { type DesiredMetadata, diffMetadata, isInStep, type MetadataChange } from './diff'
import { type MappingRule, type Owner, ownerOf } from './mapping'
import { heldValue, isBlank } from './values'
import { hashOf, isWritten, readRecord, recordText, type WrittenRecord } from './written-record'

/** Why AEM keeps a value that differs from the PIM's. */
const keptReasons = {
  aem: 'AEM owns the property: enrichment never writes it',
  once: 'AEM holds a value, and the rule writes only where there is none',
  edited: 'a person changed it in AEM since it was written: AEM keeps its value',
} as const

/** What decides the record, where reports name rules. */
export const recordRule = 'record of what was written'

/** What is known about the fields of an asset, before anything is written. */
export type OwnedMetadata = {
  held: Readonly<Record<string, JsonValue>>
  /** What the PIM has for each property that a rule decides. */
  desired: DesiredMetadata
  /** By property; without one it is the PIM's. */
  owners: ReadonlyMap<string, Owner>
  /** What was written last, as `held` says it. */
  record: WrittenRecord
}

/** What the asset is to hold by the owners of its fields, and the reasons of what stays as it is. */
export function settle({ held, desired, owners, record }: OwnedMetadata): {
  settled: DesiredMetadata
  kept: ReadonlyMap<string, string>
} {
  const settled = new Map(desired)
  const kept = new Map<string, string>()
  for (const [property, owner] of owners) {
    if (owner === 'pim') continue
    const wanted = desired.get(property)
    const stays =
      owner === 'aem' ||
      (wanted !== undefined &&
        !isInStep(heldValue(held, property), wanted) &&
        isKept(owner, heldValue(held, property), record.get(property)))
    if (!stays) continue
    settled.delete(property)
    kept.set(property, keptReasons[owner])
  }
  return { settled, kept }
}

/** @param written the hash of what was written last */
function isKept(owner: 'once' | 'edited', held: JsonValue | undefined, written: string | undefined): boolean {
  return owner === 'once' ? !isBlank(held) : written !== undefined && !isWritten(written, held)
}

/** What a record is made by. */
export type RecordRules = { mapping: readonly MappingRule[]; writtenProperty: string }

/**
 * The change that records what is written. It comes with a write of a field that people may edit, and where a person has
 * entered the PIM's value: the PIM owns that field again. Fields that are in step and not recorded need none.
 * @param changes what is written besides
 * @param isSeeding records the fields in step that are not recorded, too
 * @returns undefined when the record stays as it is
 */
export function recordChange(
  { held, desired, owners, record }: OwnedMetadata,
  changes: readonly MetadataChange[],
  { mapping, writtenProperty }: RecordRules,
  isSeeding: boolean,
): MetadataChange | undefined {
  const changed = new Map(changes.map((change) => [change.property, change]))
  const news = [...desired].flatMap(([property, wanted]): [string, string][] => {
    if (owners.get(property) !== 'edited') return []
    const before = record.get(property)
    const change = changed.get(property)
    const hash = hashOf(change === undefined ? wanted : change.op === 'remove' ? null : change.value)
    if (change !== undefined) return before === hash ? [] : [[property, hash]]
    const current = heldValue(held, property)
    if (!isInStep(current, wanted)) return []
    const isStale = before === undefined ? isSeeding : !isWritten(before, current)
    return isStale ? [[property, hash]] : []
  })
  if (news.length === 0) return undefined
  const olds = [...record].filter(([property]) => mayBeRecorded(property, mapping))
  const next = recordText(new Map([...olds, ...news]))
  return diffMetadata(held, new Map([[writtenProperty, next]]))[0]
}

/** What the asset says was written last; empty when no rule asks for it. */
export const recordOf = (
  held: Readonly<Record<string, JsonValue>>,
  { mapping, writtenProperty }: RecordRules,
): WrittenRecord => (hasRecord(mapping) ? readRecord(heldValue(held, writtenProperty)) : new Map())

/** Tells whether a rule needs to know what was written last. */
export const hasRecord = (mapping: readonly MappingRule[]): boolean =>
  mapping.some((rule) => ownerOf(rule) === 'edited')

/** A product without a value says nothing about its property: the rules alone decide. */
function mayBeRecorded(property: string, mapping: readonly MappingRule[]): boolean {
  const named = mapping.findLast((rule) => 'property' in rule && rule.property === property)
  if (named !== undefined) return ownerOf(named) === 'edited'
  return mapping.some(
    (rule) =>
      'everyAttribute' in rule && ownerOf(rule) === 'edited' && property.startsWith(rule.prefix ?? ''),
  )
}
