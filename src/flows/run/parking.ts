import type { Clock } from '../../core/clock'
import { BridgeError } from '../../core/errors'
import { workId } from '../../delivery/dead-letters'
import { nextTry, type Pending } from '../../delivery/pending'
import { eventKey } from '../../events/decode'
import type { FlowContext } from '../event-flow'
import type { Problem, Work } from '../perform'

/** Keeps what fails for now, until it works or has failed often enough to be a dead letter. */
export type Parking = {
  /**
   * Writes down that a piece of work has to be done again. Whether the try counts is told later, by `count`.
   * @returns the id of the record
   * @throws {BridgeError} when State fails: the work is not on record then
   */
  park(work: Work, problem: Problem): Promise<string>
  /**
   * Counts the tries of this run. The work that failed for the last time becomes a dead letter.
   * @param isCounted tells whether a failure was one of the work itself, not an outage
   * @returns how many dead letters were written
   */
  count(isCounted: (problem: Problem, work: Pick<Work, 'action'>) => boolean): Promise<number>
  /** The work came out after all: what this run parked of the same event does not count, and its records go. */
  forget(work: Work): Promise<void>
  /** Takes a record away: its work is done with. */
  remove(id: string): Promise<void>
}

/** An outage that lasts longer is none: the work itself is to blame. */
const longestOutageMs = 48 * 3_600_000

/** Without the event: a run may park thousands. */
type Try = {
  action: string
  event: string
  destination: string | undefined
  problem: Problem
  /** Those before: what an overlapping run counts is the same try. */
  attempts: number
}

/** Creates the parking of one run. */
export function createParking(
  parts: {
    clock: Clock
    maxAttempts: number
    /** Kept in step: since when each record is there, by id. */
    parked?: Map<string, number>
  },
  context: Pick<FlowContext, 'pending' | 'deadLetters' | 'activationId' | 'call'>,
): Parking {
  const { clock, maxAttempts, parked = new Map<string, number>() } = parts
  const { pending, deadLetters, call } = context
  const tries = new Map<string, Try>()

  return { park, count, forget, remove }

  async function remove(id: string): Promise<void> {
    await pending.remove(id, call.signal)
    parked.delete(id)
    tries.delete(id)
  }

  async function forget(work: Work): Promise<void> {
    if (tries.size === 0) return
    const event = nameOf(work)
    for (const [id, tried] of tries) {
      const isIt = work.destination === undefined || work.destination === tried.destination
      if (isIt && tried.event === event) await remove(id)
    }
  }

  async function park(work: Work, problem: Problem): Promise<string> {
    const id = idFor(work, problem)
    const now = new Date(clock.now()).toISOString()
    const held = await pending.read(id, call.signal)
    const record: Pending = {
      id,
      action: work.action,
      event: work.event,
      destination: problem.destination,
      attempts: held?.attempts ?? 0,
      since: held?.since ?? now,
      nextTry:
        problem.notBefore === undefined
          ? nextTry(clock, held?.attempts ?? 0)
          : new Date(problem.notBefore).toISOString(),
      history: [...(held?.history ?? []), { at: now, code: problem.code, message: problem.message }],
    }
    await pending.write(record, call.signal)
    const { action, attempts, destination } = record
    tries.set(id, { action, event: nameOf(work), destination, problem, attempts })
    parked.set(id, Date.parse(record.since))
    return id
  }

  async function count(
    isCounted: (problem: Problem, work: Pick<Work, 'action'>) => boolean,
  ): Promise<number> {
    let letters = 0
    for (const [id, { action, problem, attempts: before }] of tries) {
      if (!isCounted(problem, { action }) && !isEndless(id, problem)) continue
      const record = await pending.read(id, call.signal)
      if (record === undefined) continue
      const attempts = before + 1
      if (attempts < maxAttempts) {
        await pending.write({ ...record, attempts, nextTry: nextTry(clock, attempts) }, call.signal)
      } else {
        await giveUp(record, problem)
        letters += 1
      }
      tries.delete(id)
    }
    return letters
  }

  function isEndless(id: string, { failureClass, notBefore }: Problem): boolean {
    const since = parked.get(id)
    if (failureClass !== 'transient' || notBefore !== undefined || since === undefined) return false
    return clock.now() - since > longestOutageMs
  }

  async function giveUp(
    { id, action, event, destination, history }: Pending,
    problem: Problem,
  ): Promise<void> {
    const { activationId } = context
    const error = new BridgeError(
      'permanent',
      problem.code,
      `given up after ${maxAttempts} tries: ${problem.message}`,
    )
    await deadLetters.write({ id, action, activationId, destination, error, event, history }, call.signal)
    await remove(id)
  }
}

/** The event of a record is masked and may be shortened: its id cannot always be made anew. */
function idFor({ id, event, destination }: Work, problem: Problem): string {
  if (id !== undefined && destination === problem.destination) return id
  return workId(eventKey(event), event, problem.destination)
}

/** The same for an event as a whole and for its destinations. */
const nameOf = ({ event }: Work): string => workId(eventKey(event), event, undefined)
