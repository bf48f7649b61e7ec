import { type DeadLetter, deadLetterPrefix } from '../delivery/dead-letters'
import { type Pending, pendingPrefix } from '../delivery/pending'
import { createRunReports, type RunReport } from '../delivery/run-reports'
import { type JobName, jobs } from '../plugin/deployment'
import type { Alert } from './alerts/alert'
import { alertsKey, readAlerts, standing } from './alerts/memory'
import type { FlowContext } from './event-flow'
import { inParallel } from './in-parallel'

/** Records of one kind: how many there are, and what those say that were read. */
export type Counted = {
  /** Of all. */
  total: number
  /** How many were read. */
  read: number
  /** Not all were read: the numbers by code and by destination are those of the ones that were. */
  sampled: boolean
  byCode: Readonly<Record<string, number>>
  /** The action, for work that is for no single destination. */
  byDestination: Readonly<Record<string, number>>
}

/** What is on record in State. */
export type Overview = {
  /** Newest first. */
  runs: readonly (RunReport & { job: JobName })[]
  deadLetters: Counted
  pending: Counted
  /** Those that stand. */
  alerts: readonly Alert[]
}

/** The reports of both jobs are 40 of them. */
const maxRecords = 100
const maxReports = 40
const readAtOnce = 16

/**
 * Reads what is on record: one listing of all keys, for State looks at every key whatever is asked for, and at most 100
 * records.
 * @throws {BridgeError} when State fails; the signal's reason
 */
export async function readOverview({
  store,
  redactor,
  deadLetters,
  pending,
  call: { signal },
}: Pick<FlowContext, 'store' | 'redactor' | 'deadLetters' | 'pending' | 'call'>): Promise<Overview> {
  const { letters, pieces, hasAlerts } = await listRecords(store, signal)
  const reports = createRunReports(store, { redactor })
  const runs = await Promise.all(
    jobs.map(async (job) => (await reports.recent(job, signal)).map((report) => ({ job, ...report }))),
  )
  const room = maxRecords - maxReports
  const forLetters = Math.min(letters.size, Math.max(room / 2, room - pieces.size))
  const forPieces = Math.min(pieces.size, room - forLetters)
  return {
    runs: runs.flat().sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt)),
    deadLetters: counted(
      letters.size,
      await readSome([...letters], forLetters, (id) => deadLetters.read(id, signal)),
      codeOfLetter,
    ),
    pending: counted(
      pieces.size,
      await readSome([...pieces], forPieces, (id) => pending.read(id, signal)),
      codeOfPiece,
    ),
    alerts: hasAlerts ? standing(await readAlerts(store, signal)) : [],
  }
}

/**
 * The ids of all dead letters and of all parked work, and whether there are alerts, by one listing.
 * @throws {BridgeError} when State fails; the signal's reason
 */
export async function listRecords(
  store: FlowContext['store'],
  signal: AbortSignal,
): Promise<{ letters: ReadonlySet<string>; pieces: ReadonlySet<string>; hasAlerts: boolean }> {
  const letters = new Set<string>()
  const pieces = new Set<string>()
  let hasAlerts = false
  for await (const key of store.keys('*', signal)) {
    if (key.startsWith(deadLetterPrefix)) letters.add(key.slice(deadLetterPrefix.length))
    else if (key.startsWith(pendingPrefix)) pieces.add(key.slice(pendingPrefix.length))
    else if (key === alertsKey) hasAlerts = true
  }
  return { letters, pieces, hasAlerts }
}

/** Records at even distances: State lists the oldest first, and an incident writes many alike, one after the other. */
async function readSome<T>(
  ids: readonly string[],
  most: number,
  read: (id: string) => Promise<T | undefined>,
): Promise<T[]> {
  const chosen = Array.from({ length: most }, (_, n) => ids[Math.floor((n * ids.length) / most)])
  const found: T[] = []
  await inParallel(chosen, readAtOnce, async (id) => {
    const record = id === undefined ? undefined : await read(id)
    if (record !== undefined) found.push(record)
  })
  return found
}

const codeOfLetter = ({ error }: DeadLetter): string => error.code
/** Work that was handed over and not tried yet has failed with nothing. */
const codeOfPiece = ({ history }: Pending): string => history.at(-1)?.code ?? 'NONE'

type Recorded = { action: string; destination?: string | undefined }

/** What is gone or cannot be read is counted in the total, and in nothing else. */
const counted = <T extends Recorded>(
  total: number,
  records: readonly T[],
  codeOf: (record: T) => string,
): Counted => ({
  total,
  read: records.length,
  sampled: records.length < total,
  byCode: tally(records.map(codeOf)),
  byDestination: tally(records.map(({ action, destination }) => destination ?? action)),
})

/** How often each name stands there. */
export function tally(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
