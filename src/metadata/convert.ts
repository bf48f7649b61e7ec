import type { JsonValue } from '../core/json'
import { shown } from '../core/shown'

/** The types a metadata schema of AEM knows. `date` is `YYYY-MM-DD`, `date-time` ISO 8601 with a time zone. */
export type MetadataType = 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'date-time'

const trueWords = new Set(['true', 'yes', '1'])
const falseWords = new Set(['false', 'no', '0'])
const decimal = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const isoDateTime =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:([+-]\d{2}):?(\d{2})|Z)?)?$/i

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
  const number = typeof value === 'string' && decimal.test(value.trim()) ? Number(value) : value
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

/** The day as it is written, whatever the time and the zone behind it. */
function toDate(value: JsonValue): string {
  const [, day] = isoDateTime.exec(String(value).trim()) ?? []
  if (day === undefined || !isDay(day)) throw misfit(value, 'date')
  return day
}

/** A number counts milliseconds since the epoch. A time without a zone is UTC, wherever the app runs. */
function toInstant(value: JsonValue): string {
  const date = new Date(typeof value === 'number' ? value : parseInstant(String(value).trim()))
  if (Number.isNaN(date.getTime())) throw misfit(value, 'date-time')
  return date.toISOString()
}

/** Accepts ISO 8601 only: Date.parse finds a date in "Lamp 5", and uses the time zone of the machine. */
function parseInstant(text: string): number {
  const [, day, time = '00:00', hours, minutes] = isoDateTime.exec(text) ?? []
  if (day === undefined || !isDay(day)) return Number.NaN
  return Date.parse(`${day}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`)
}

/** Date.parse by itself rolls 31 February over to March. */
function isDay(day: string): boolean {
  const instant = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(day)
}

function misfit(value: JsonValue, type: MetadataType, advice?: string): Error {
  return new Error(`${shown(value)} is no ${type}${advice ? `; ${advice}` : ''}`)
}
