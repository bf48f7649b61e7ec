import { isRecord, type JsonValue } from '../core/json'

/** Tells whether there is nothing in a value: AEM and PIMs use absent, null, '' and [] alike for that. */
export function isBlank(value: JsonValue | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.every((item) => isBlank(item)))
  )
}

/** The items of a value: of an array its own, of anything else the value itself; nothing of a blank one. */
export function itemsOf(value: JsonValue | undefined): readonly JsonValue[] {
  const items: readonly JsonValue[] = Array.isArray(value) ? value : value === undefined ? [] : [value]
  return items.filter((item) => !isBlank(item))
}

/** What a property holds; undefined when it is not there, whatever its name. */
export const heldValue = (
  held: Readonly<Record<string, JsonValue>>,
  property: string,
): JsonValue | undefined => (Object.hasOwn(held, property) ? held[property] : undefined)

/** The one way in which a program writes a number: no leading zeros as an article number has, no hex, no blanks. */
export const numberText = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i
/** A moment with its time zone, in ISO 8601. */
export const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/

function sameScalar(held: JsonValue, wanted: JsonValue): boolean {
  if (held === wanted) return true
  if (typeof held === 'string' && typeof wanted === 'string') {
    return isoInstant.test(held) && isoInstant.test(wanted) && Date.parse(held) === Date.parse(wanted)
  }
  // Where the schema declares text, AEM returns numbers and booleans as text: they would be written again each time.
  if (typeof held === 'string' && (typeof wanted === 'number' || typeof wanted === 'boolean')) {
    return (
      held === String(wanted) ||
      (typeof wanted === 'number' && numberText.test(held) && Number(held) === wanted)
    )
  }
  if (typeof wanted === 'string' && (typeof held === 'number' || typeof held === 'boolean'))
    return String(held) === wanted
  if (Array.isArray(held) && Array.isArray(wanted)) return sameValue(held, wanted)
  return sameObject(held, wanted)
}

function sameObject(held: JsonValue, wanted: JsonValue): boolean {
  if (!isRecord(held) || !isRecord(wanted)) return false
  const names = Object.keys(wanted)
  return (
    names.length === Object.keys(held).length &&
    names.every((name) => {
      const [a, b] = [heldValue(held, name), wanted[name]]
      return a !== undefined && b !== undefined && sameValue(a, b)
    })
  )
}

/**
 * Tells whether what AEM holds already says what is wanted. A value by itself and an array of only that value are
 * the same, for AEM returns either by its schema; the order of several values counts.
 */
export function sameValue(held: JsonValue, wanted: JsonValue): boolean {
  if (!Array.isArray(held) && !Array.isArray(wanted)) return sameScalar(held, wanted)
  const heldItems = itemsOf(held)
  const wantedItems = itemsOf(wanted)
  return (
    heldItems.length === wantedItems.length &&
    wantedItems.every((item, index) => {
      const other = heldItems[index]
      return other !== undefined && sameScalar(other, item)
    })
  )
}
