import { type Command, InvalidArgumentError } from '@commander-js/extra-typings'
import { parseDuration } from '../src/core/duration'
import { UsageError } from './output'

/** Which records a command is about. */
export type Filter = {
  code?: string | undefined
  /** What the path of the asset begins with. */
  path?: string | undefined
  destination?: string | undefined
  olderThan?: number | undefined
}

/** What lists show of a record. `age` in seconds. */
export type Facts = {
  code?: string | undefined
  path?: string | undefined
  destination?: string | undefined
  age: number
}

/** Gives a command the options of a filter. */
export const withFilter = <Args extends unknown[]>(command: Command<Args>) =>
  command
    .option('--code <code>', 'only those that failed with this code, such as S3_REFUSED')
    .option('--path <prefix>', 'only those about assets whose path begins so, such as /content/dam/shop/')
    .option('--destination <name>', 'only those of one destination')
    .option(
      '--older-than <duration>',
      'only those that failed first so long ago: PT2H, P3D, 2h, 3d',
      olderThan,
    )

const short = /^(\d{1,6})([smhd])$/i

/** Milliseconds of `PT2H`, `P3D`, `90s`, `30m`, `2h` or `3d`. */
export function durationOf(text: string): { text: string; ms: number } {
  const [, number, unit = ''] = short.exec(text.trim()) ?? []
  const isDays = unit.toLowerCase() === 'd'
  const found = parseDuration(number === undefined ? text : isDays ? `P${number}D` : `PT${number}${unit}`)
  if (found === undefined)
    throw new InvalidArgumentError(`${text} is no duration such as PT2H, P3D, 2h or 3d`)
  return found
}

const olderThan = (text: string): number => durationOf(text).ms

export const isFiltered = (filter: Filter): boolean =>
  Object.values(filter).some((value) => value !== undefined)

/** Whether a record is one of those. */
export const matches = ({ code, path, destination, olderThan: ms }: Filter, facts: Facts): boolean =>
  (code === undefined || facts.code?.toUpperCase() === code.toUpperCase()) &&
  (path === undefined || (facts.path?.startsWith(path) ?? false)) &&
  (destination === undefined || facts.destination?.toLowerCase() === destination.toLowerCase()) &&
  (ms === undefined || facts.age * 1000 >= ms)

/** A filter in words, for a question: ` with the code X, below /content/dam/shop/`. */
export function inWords({ code, path, destination, olderThan: ms }: Filter): string {
  const words = [
    code === undefined ? [] : `with the code ${code}`,
    path === undefined ? [] : `of assets whose path begins with ${path}`,
    destination === undefined ? [] : `of the destination ${destination}`,
    ms === undefined ? [] : `that failed first more than ${Math.round(ms / 1000)} seconds ago`,
  ].flat()
  return words.length === 0 ? '' : ` ${words.join(', ')}`
}

/** The records that a command was told: by id, by a filter, or all. */
export type Chosen = readonly string[] | Filter

export const isIds = (chosen: Chosen): chosen is readonly string[] => Array.isArray(chosen)

/** One id or more; or a filter; or all. */
export function chosenFrom(ids: readonly string[], options: Filter & { all?: true | undefined }): Chosen {
  const { all = false, code, path, destination, olderThan: ms } = options
  const filter = { code, path, destination, olderThan: ms }
  const isMany = all || isFiltered(filter)
  if (isMany === ids.length > 0) {
    throw new UsageError(
      'name one id or more, or --all, or a filter: --code, --path, --destination, --older-than',
    )
  }
  return isMany ? filter : ids
}
