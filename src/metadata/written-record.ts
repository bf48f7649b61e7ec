import { createHash } from 'node:crypto'
import { isRecord, type JsonValue } from '../core/json'
import { isoInstant, itemsOf, numberText } from './values'

// What the app wrote last to the fields that people may edit. It stands on the asset itself, in one property with several
// texts, such as `wknd-color=1:5d41402a`: the property, the version of this form, and a hash. See docs/ownership.md.

/** The hash that stands for the value that was written last, by property. */
export type WrittenRecord = ReadonlyMap<string, string>

const entry = /^(.+)=(1:[0-9a-f]{8})$/s

/** Reads a record; what is none, or of a form that this version does not know, is left out. */
export function readRecord(held: JsonValue | undefined): WrittenRecord {
  return new Map(
    itemsOf(held).flatMap((item): [string, string][] => {
      const [, property, hash] = typeof item === 'string' ? (entry.exec(item.trim()) ?? []) : []
      return property === undefined || hash === undefined ? [] : [[property, hash]]
    }),
  )
}

/** The record as AEM holds it: in the order of the properties' names, so that equal records are equal texts. */
export const recordText = (record: WrittenRecord): readonly string[] =>
  [...record].map(([property, hash]) => `${property}=${hash}`).sort()

/** The hash of a value that is written; null for a property that is removed. */
export const hashOf = (value: JsonValue): string => hash(formOf(value, 'by-type'))

/**
 * Tells whether what AEM holds is what was written. Whatever `sameValue` takes for the same is the same here: AEM returns a
 * number as text, and text as a number, as its schema says.
 */
export const isWritten = (written: string, held: JsonValue | undefined): boolean =>
  (['by-type', 'all-text', 'numbers'] as const).some((kind) => written === hash(formOf(held ?? null, kind)))

const hash = (form: readonly string[]): string =>
  `1:${createHash('sha256').update(JSON.stringify(form)).digest('hex').slice(0, 8)}`

/** How numbers and texts that look like numbers are taken: each for what it is, all for texts, or all for numbers. */
type Kind = 'by-type' | 'all-text' | 'numbers'

const formOf = (value: JsonValue, kind: Kind): readonly string[] =>
  itemsOf(value).map((item) => scalarForm(item, kind))

function scalarForm(value: JsonValue, kind: Kind): string {
  if (typeof value === 'number') return kind === 'all-text' ? `text ${value}` : `number ${value}`
  if (typeof value === 'string') {
    if (kind === 'numbers' && numberText.test(value)) return `number ${Number(value)}`
    return isoInstant.test(value) ? `time ${Date.parse(value)}` : `text ${value}`
  }
  if (Array.isArray(value)) return `list ${JSON.stringify(formOf(value, kind))}`
  if (!isRecord(value)) return `text ${value}`
  const members = Object.entries(value).map(([name, item]) => [name, formOf(item, kind)] as const)
  return `object ${JSON.stringify(members.sort(([a], [b]) => (a < b ? -1 : 1)))}`
}
