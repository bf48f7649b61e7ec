import type { Clock } from '../core/clock'
import { BridgeError } from '../core/errors'
import { workId } from '../delivery/dead-letters'
import { nextTry, type Pending } from '../delivery/pending'
import { eventKey } from '../events/decode'
import type { FlowContext } from './event-flow'
import type { Problem, Work } from './perform'

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
  count(isCounted: (problem: Problem, work: Work) => boolean): Promise<number>
  /** Takes a record away: its work is done with. */
  remove(id: string): Promise<void>
}

/** An outage that lasts longer is none: the work itself is to blame. */
const longestOutageMs = 48 * 3_600_000

type Try = { record: Pending; problem: Problem }

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

  return { park, count, remove }

  async function remove(id: string): Promise<void> {
    await pending.remove(id, call.signal)
    parked.delete(id)
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
    tries.set(id, { record, problem })
    parked.set(id, Date.parse(record.since))
    return id
  }

  async function count(isCounted: (problem: Problem, work: Work) => boolean): Promise<number> {
    let letters = 0
    for (const [id, { record, problem }] of tries) {
      const isOld = clock.now() - Date.parse(record.since) > longestOutageMs
      if (!isCounted(problem, record) && !(isOld && problem.failureClass === 'transient')) continue
      const attempts = record.attempts + 1
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
