import { isRecord } from './json'
import { visible } from './visible'

const maxItems = 10
const maxDepth = 3

/**
 * A value that somebody else made, for a message: as JSON, on one line and of bounded length. It never throws, and what
 * it costs does not depend on how large or deep the value is.
 * @param most characters, at most
 */
export function shown(value: unknown, most = 80): string {
  try {
    return visible(JSON.stringify(short(value, most, 0)) ?? `${typeof value}`).slice(0, most)
  } catch {
    return `a value of type ${typeof value} that cannot be shown`
  }
}

function short(value: unknown, most: number, depth: number): unknown {
  if (typeof value === 'string') return value.slice(0, most)
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value).slice(0, most)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= maxDepth) return '...'
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => short(item, most, depth + 1))
  if (!isRecord(value)) return '...'
  const entries: [string, unknown][] = []
  for (const name in value) {
    if (entries.length >= maxItems) break
    entries.push([name.slice(0, most), short(value[name], most, depth + 1)])
  }
  return Object.fromEntries(entries)
}

const maxReason = 2_000

/** What was thrown says, whatever it is: of bounded length. It never throws. */
export function messageOf(thrown: unknown): string {
  try {
    const text = String(thrown instanceof Error ? thrown.message : thrown)
    return (text.startsWith('[object ') ? shown(thrown, maxReason) : text).slice(0, maxReason)
  } catch {
    return `a thrown ${typeof thrown} that cannot be shown`
  }
}
