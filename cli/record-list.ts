import type { DeadLetter } from '../src/delivery/dead-letters'
import type { Pending } from '../src/delivery/pending'
import { subjectOf } from '../src/delivery/subject'
import { inParallel } from '../src/flows/in-parallel'
import type { Environment } from './environment'
import type { Kind } from './selection'

/** State answers a few at once; with one after the other a long list takes minutes. */
const readAtOnce = 8

/**
 * All records of a kind, in no order. What is gone or cannot be read is left out.
 * @param most how many are read: the last ones that State lists, which are the newest
 */
async function readAll<T>(
  environment: Environment,
  { records }: Pick<Kind, 'records'>,
  read: (id: string, signal: AbortSignal) => Promise<T | undefined>,
  most = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const { signal } = environment.call()
  const ids: string[] = []
  for await (const id of environment[records].ids(signal)) ids.push(id)
  const found: T[] = []
  await inParallel(ids.slice(-most), readAtOnce, async (id) => {
    const record = await read(id, signal)
    if (record !== undefined) found.push(record)
  })
  return found
}

/** All dead letters, or so many of the newest, newest last. */
export async function allLetters(environment: Environment, most?: number): Promise<readonly DeadLetter[]> {
  const letters = await readAll(environment, { records: 'deadLetters' }, environment.deadLetters.read, most)
  return letters.sort((a, b) => a.at.localeCompare(b.at))
}

/** All pending work, or so much of the newest, newest last. */
export async function allPending(environment: Environment, most?: number): Promise<readonly Pending[]> {
  const pieces = await readAll(environment, { records: 'pending' }, environment.pending.read, most)
  return pieces.sort((a, b) => a.since.localeCompare(b.since))
}

/** What a list shows of a dead letter. */
export function letterFacts({ id, at, action, error, ...letter }: DeadLetter, environment: Environment) {
  const { firstFailure: since = at, destination, tries = 1, count = 1 } = letter
  const path = pathOf(letter, environment)
  return { id, at, action, ...error, path, destination, since, age: ageOf(since, environment), tries, count }
}

/** A dead letter in a list. */
export const letterLines = (letter: ReturnType<typeof letterFacts>): readonly string[] => {
  const { id, at, action, code, message, path, destination, age, tries, count } = letter
  const facts = [path, destination, `age ${shownAge(age)}, tries: ${tries}, events: ${count}`]
  return [`${id}  ${at}  ${action}  ${code}`, `    ${facts.filter(Boolean).join('  ')}`, `    ${message}`]
}

/** Pending work in a list. */
export function pendingLines(piece: Pending, environment: Environment): readonly string[] {
  const { id, since, action, destination, attempts, nextTry, history } = piece
  const { path, age } = pendingFacts(piece, environment)
  return [
    `${id}  since ${since}  ${destination ?? action}  tries: ${attempts}, next not before ${nextTry}`,
    `    ${[path, `age ${shownAge(age)}`].filter(Boolean).join('  ')}`,
    ...history.slice(-1).map(({ code, message }) => `    ${code}: ${message}`),
  ]
}

/** What a list shows of pending work, beside the record itself. */
export const pendingFacts = (piece: Pending, environment: Environment) => ({
  path: pathOf(piece, environment),
  code: piece.history.at(-1)?.code,
  destination: piece.destination,
  age: ageOf(piece.since, environment),
  tries: piece.attempts,
})

/** The path for a list: the record's own, for no event is decoded that need not be. Those of versions before have none. */
function pathOf(
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
const ageOf = (since: string, { clock }: Pick<Environment, 'clock'>): number =>
  Math.round((clock.now() - Date.parse(since)) / 1000)

/** A number of seconds for people, such as `3 d`. */
export function shownAge(seconds: number): string {
  if (seconds >= 2 * day) return `${Math.floor(seconds / day)} d`
  return seconds >= 2 * hour ? `${Math.floor(seconds / hour)} h` : `${Math.floor(seconds / minute)} min`
}
