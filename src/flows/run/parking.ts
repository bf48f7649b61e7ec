import type { Pending } from '../../delivery/pending'
import type { FlowContext } from '../event-flow'
import type { Outcome, Undone } from '../outcome'
import { isOverdue, recordLastChance, recordOverdue, recordRetry, recordTry } from '../record-failure'
import { idOf, partOf, type Work } from '../work'

/** Keeps work that failed for now, until it succeeds or becomes a dead letter after too many tries. */
export type Parking = {
  /**
   * Records the part of a unit of work that has to be retried. Whether the try counts is decided later, by `count`.
   * @param from the record of the whole unit, if it was parked
   * @returns the id of the record
   * @throws {BridgeError} when State fails, or was what failed: the record is as it was
   */
  park(work: Work, undone: Undone, from?: Pending): Promise<string>
  /**
   * Counts the tries of this run. Work that failed its last try becomes a dead letter, and so does what failed first
   * 14 days ago and is still parked.
   * @param isCounted tells whether a failure was one of the work itself, not an outage
   * @returns how many dead letters were written
   */
  count(isCounted: (work: Pick<Work, 'action'>, undone: Undone) => boolean): Promise<number>
  /** The work is done after all: drops the records of the same event that this run parked, and their tries. */
  forget(work: Work): Promise<void>
  /** Removes the record of work that is accounted for. */
  remove(id: string): Promise<void>
  /**
   * Notes a record that was parked before this run.
   * @returns what became of it when it is not to be tried: what was overdue and had its last try is a dead letter now
   * @throws {BridgeError} when State fails
   */
  know(record: Pending): Promise<Outcome | undefined>
  /**
   * To be called before a try of parked work: that of overdue work is its last.
   * @throws {BridgeError} when State fails
   */
  begin(work: Work): Promise<void>
  /** The parked records that the run knows of: since when, by id. */
  parked: Map<string, number>
}

/** Without the event: a run may park thousands. */
type Try = {
  action: string
  event: string
  undone: Undone
  /** The tries before this run. An overlapping run counts the same try, not another one. */
  attempts: number
}

/**
 * Creates the parking of one run.
 * @param options.maxAttempts tries of a unit of work; then it becomes a dead letter
 */
export function createParking({ maxAttempts }: { maxAttempts: number }, context: FlowContext): Parking {
  const { pending, call } = context
  const parked = new Map<string, number>()
  const tries = new Map<string, Try>()
  const overdue = new Set<string>()

  let lettersBefore = 0

  return { park, count, forget, remove, know, begin, parked }

  async function know(record: Pending): Promise<Outcome | undefined> {
    const isLate = isOverdue(record, context)
    if (isLate && record.lastChance !== undefined) {
      const outcome = await recordOverdue(record, context, true)
      if (outcome.kind === 'dead-letter') lettersBefore += 1
      return outcome
    }
    parked.set(record.id, Date.parse(record.since))
    if (isLate) overdue.add(record.id)
    return undefined
  }

  async function begin({ id }: Work): Promise<void> {
    if (id !== undefined && overdue.has(id)) await recordLastChance(id, context)
  }

  async function remove(id: string): Promise<void> {
    await pending.remove(id, call.signal)
    parked.delete(id)
    tries.delete(id)
  }

  async function forget(work: Work): Promise<void> {
    if (tries.size === 0) return
    const event = eventIdOf(work)
    for (const [id, tried] of tries) {
      const isIt = work.destination === undefined || work.destination === tried.undone.destination
      if (isIt && tried.event === event) await remove(id)
    }
  }

  async function park(work: Work, undone: Undone, from?: Pending): Promise<string> {
    const record = await recordRetry(partOf(work, undone.destination), undone.failure, context, from)
    const { id, action, attempts, since } = record
    tries.set(id, { action, event: eventIdOf(work), undone, attempts })
    parked.set(id, Date.parse(since))
    return id
  }

  async function count(isCounted: (work: Pick<Work, 'action'>, undone: Undone) => boolean): Promise<number> {
    let letters = lettersBefore
    lettersBefore = 0
    for (const [id, { action, undone, attempts }] of tries) {
      if (overdue.has(id) || !isCounted({ action }, undone)) continue
      const record = await pending.read(id, call.signal)
      if (record === undefined) continue
      const counted = { tries: attempts + 1, maxTries: maxAttempts }
      const became = await recordTry(record, undone.failure, counted, context)
      if (became !== 'parked') parked.delete(id)
      if (became === 'dead-letter') letters += 1
      tries.delete(id)
    }
    for (const id of overdue) {
      const record = parked.has(id) ? await pending.read(id, call.signal) : undefined
      if (record === undefined) continue
      if ((await recordOverdue(record, context)).kind === 'dead-letter') letters += 1
      parked.delete(id)
    }
    return letters
  }
}

/** The same for an event as a whole and for its destinations. */
const eventIdOf = ({ action, event }: Work): string => idOf({ action, event })
