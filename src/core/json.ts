/** A value that JSON can carry (RFC 8259). */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A JSON object with unknown members. */
export type JsonObject = { readonly [key: string]: JsonValue }

/** Tells whether a value is an object with string keys: no array, no null, no class of its own. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The value when it is a string with something in it, else undefined. */
export function nonEmptyString(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** Parses JSON; undefined when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** How long a value is as JSON, in bytes; infinite when JSON cannot write it, as when it is very deep. */
export function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? 'null')
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

const maxDepth = 64

/** Tells whether a value consists of JSON values only, to a depth of 64 levels. */
export function isJsonValue(value: unknown, depth = 0): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (depth >= maxDepth) return false
  if (Array.isArray(value)) return value.every((item) => isJsonValue(item, depth + 1))
  return isRecord(value) && Object.values(value).every((item) => isJsonValue(item, depth + 1))
}
