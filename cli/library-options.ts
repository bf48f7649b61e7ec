import { InvalidArgumentError } from '@commander-js/extra-typings'
import { trimEndOf } from '../src/core/trim'
import { durationOf } from './filter'

/** The root of all assets. */
export const damRoot = '/content/dam'

/**
 * For an argument that names a folder of assets; without a slash at its end.
 * @throws {InvalidArgumentError}
 */
export function folderOf(text: string): string {
  const folder = trimEndOf(text, '/')
  if (/^\/content\/dam(\/(?!\.{1,2}(\/|$))[^/]+)*$/.test(folder)) return folder
  throw new InvalidArgumentError(`${text} is not ${damRoot} or a folder below it`)
}

/**
 * For an option that names media types, or patterns of them, and may be given several times.
 * @throws {InvalidArgumentError}
 */
export function typesOf(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!/^[\w*.+-]+\/[\w*.+-]+$/.test(text))
    throw new InvalidArgumentError(`${text} is no media type such as image/png or image/*`)
  return [...(before ?? []), text]
}

/**
 * For an option that names a moment: a date, or how long ago.
 * @returns what was named, and the moment in milliseconds since the epoch
 * @throws {InvalidArgumentError}
 */
export function sinceOf(text: string): { text: string; at: (now: number) => number } {
  if (isDate(text)) return { text, at: () => Date.parse(text) }
  try {
    const duration = durationOf(text)
    return { text: duration.text, at: (now) => now - duration.ms }
  } catch {
    throw new InvalidArgumentError(`${text} is no date such as 2030-01-31, and no duration such as P7D or 3d`)
  }
}

/** `Date.parse` takes the 31st of each month, for the first of the next one. */
function isDate(text: string): boolean {
  const [day] = /^\d{4}-\d{2}-\d{2}(?=$|T)/.exec(text) ?? []
  if (day === undefined || Number.isNaN(Date.parse(text))) return false
  return new Date(Date.parse(`${day}T00:00:00Z`)).toISOString().startsWith(day)
}
