import type { JsonValue } from '../core/json'

/** The types a metadata schema of AEM knows. `date` is `YYYY-MM-DD`, `date-time` ISO 8601 with a time zone. */
export type MetadataType = 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'date-time'

const trueWords = new Set(['true', 'yes', '1'])
const falseWords = new Set(['false', 'no', '0'])
const isoDate = /^(\d{4})-(\d{2})-(\d{2})(?:$|T)/

/**
 * Turns one value of the PIM into a type of AEM. The type matters: where no schema declares it, AEM takes it from
 * the JSON value, and an asset written with `"12"` cannot be compared with one written with `12`.
 * @throws {Error} that says which value does not fit which type
 */
export function convert(value: JsonValue, type: MetadataType | undefined): JsonValue {
  if (type === undefined) return value
  if (typeof value === 'object') throw misfit(value, type, 'map it with a function (compute)')
  switch (type) {
    case 'string':
      return String(value)
    case 'integer':
    case 'number':
      return toNumber(value, type)
    case 'boolean':
      return toBoolean(value)
    case 'date':
      return toDate(value)
    case 'date-time':
      return toInstant(value)
  }
}

function toNumber(value: JsonValue, type: 'integer' | 'number'): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) throw misfit(value, type)
  if (type === 'integer' && !Number.isSafeInteger(number)) throw misfit(value, type)
  return number
}

function toBoolean(value: JsonValue): boolean {
  if (typeof value === 'boolean') return value
  const word = String(value).trim().toLowerCase()
  if (trueWords.has(word)) return true
  if (falseWords.has(word)) return false
  throw misfit(value, 'boolean')
}

function toDate(value: JsonValue): string {
  const text = String(value).trim()
  const [, year, month, day] = isoDate.exec(text) ?? []
  const date = `${year}-${month}-${day}`
  const instant = Date.parse(`${date}T00:00:00Z`)
  // Date.parse rolls 31 February over to March.
  if (Number.isNaN(instant) || new Date(instant).toISOString().slice(0, 10) !== date)
    throw misfit(value, 'date')
  return date
}

function toInstant(value: JsonValue): string {
  const instant = typeof value === 'number' ? value : Date.parse(String(value))
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) throw misfit(value, 'date-time')
  return date.toISOString()
}

function misfit(value: JsonValue, type: MetadataType, advice?: string): Error {
  return new Error(`${JSON.stringify(value).slice(0, 80)} is no ${type}${advice ? `; ${advice}` : ''}`)
}
