import { subjectOf } from '../src/delivery/subject'
import { inParallel } from '../src/flows/in-parallel'
import type { Environment } from './environment'
import type { Kind } from './selection'

/** State answers a few at once; with one after the other a long list takes minutes. */
const readAtOnce = 8

/** All records of a kind, in no order. What is gone or cannot be read is left out. */
export async function readAll<T>(
  environment: Environment,
  { records }: Kind,
  read: (id: string, signal: AbortSignal) => Promise<T | undefined>,
): Promise<T[]> {
  const { signal } = environment.call()
  const ids: string[] = []
  for await (const id of environment[records].ids(signal)) ids.push(id)
  const found: T[] = []
  await inParallel(ids, readAtOnce, async (id) => {
    const record = await read(id, signal)
    if (record !== undefined) found.push(record)
  })
  return found
}

/** The path for a list: the record's own, for no event is decoded that need not be. Those of versions before have none. */
export function pathOf(
  { path, event }: { path?: string | undefined; event?: unknown },
  { redactor }: Pick<Environment, 'redactor'>,
): string | undefined {
  const its = path ?? subjectOf(event).path
  return its === undefined ? undefined : redactor.text(its)
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** Seconds since a moment, ISO 8601. */
export const ageOf = (since: string, { clock }: Pick<Environment, 'clock'>): number =>
  Math.round((clock.now() - Date.parse(since)) / 1000)

/** A number of seconds for people, such as `3 d`. */
export function shownAge(seconds: number): string {
  if (seconds >= 2 * day) return `${Math.floor(seconds / day)} d`
  return seconds >= 2 * hour ? `${Math.floor(seconds / hour)} h` : `${Math.floor(seconds / minute)} min`
}
