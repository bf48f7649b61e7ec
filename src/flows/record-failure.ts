import { type BridgeError, systemicError, toBridgeError } from '../core/errors'
import { decide } from '../core/status-table'
import { createLetterRoom } from '../delivery/letter-room'
import { nextTry, type Pending } from '../delivery/pending'
import { createRecordWriter, type NewDeadLetter, type RecordWriter } from '../delivery/record-writer'
import { letterId } from '../delivery/subject'
import { eventKey } from '../events/decode'
import { perInputs } from '../inputs/raw-inputs'
import type { FlowContext } from './event-flow'
import { codes, type Dropped, type Failed, type Failure, toError, toFailure } from './outcome'
import { idOf, type Work } from './work'

// The only writer of `dead-letter.<id>` and `pending.<id>`. A permanent failure becomes a dead letter. Other failures
// are retried: by the sender where it delivers again, else from the `pending` record. After too many tries that
// record becomes a dead letter, too.

type RecordContext = Pick<
  FlowContext,
  'inputs' | 'store' | 'clock' | 'redactor' | 'call' | 'pending' | 'activationId' | 'isReplay'
>

/**
 * Decides between a retry and a dead letter for work that failed. A dead letter is written before this returns. If it
 * cannot be written, the outcome is a retry with the systemic failure `DEAD_LETTER_NOT_WRITTEN` of State. An event whose
 * letter was dropped is skipped.
 * @throws the signal's reason, and nothing else
 */
export async function recordFailure(
  error: BridgeError,
  work: Work,
  context: RecordContext,
): Promise<Failed | Dropped> {
  const { redactor, call } = context
  const failure = toFailure(error, redactor)
  if (decide(error.failureClass).action === 'retry') return { kind: 'retry', failure }
  const letter = letterOf(work, error)
  try {
    if ((await writeDeadLetter(letter, context)) === 'dropped') return dropped(work, context)
    return { kind: 'dead-letter', failure, deadLetter: letter.id }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { kind: 'retry', failure: toFailure(toBridgeError(thrown), redactor) }
  }
}

/**
 * Parks work that failed for now and that no sender delivers again.
 * @param from the record that the work is a part of: the part is as old as the whole
 * @throws {BridgeError} when State fails, or was what failed: the run has to stop where it stands, and no record is
 * written
 */
export async function recordRetry(
  work: Work,
  failure: Failure,
  context: RecordContext,
  from?: Pending,
): Promise<Pending> {
  const { clock, call, pending } = context
  const { code, failureClass, message, notBefore, upstream } = failure
  if (upstream === 'STATE') throw toError(failure)
  const held = await pending.read(idOf(work), call.signal)
  const at = new Date(clock.now()).toISOString()
  const record: Pending = {
    ...newRecord(work, held, context),
    since: (held ?? from)?.since ?? at,
    firstFailure:
      [held, from]
        .filter((one) => one !== undefined)
        .filter(hasFailed)
        .map(firstFailureOf)[0] ?? at,
    refused: code === codes.systemDown ? held?.refused : failureClass === 'systemic',
    history: [...(held?.history ?? []), { at, code, message }],
    ...(notBefore === undefined ? {} : { nextTry: new Date(notBefore).toISOString() }),
  }
  await writerOf(context).pending(record, call.signal)
  return record
}

/**
 * Counts a try of parked work whose failure is its own. After the last try it becomes a dead letter.
 * @param tries how many it was, this one included
 * @throws {BridgeError} when State fails: the record is as it was
 */
export async function recordTry(
  record: Pending,
  failure: Failure,
  { tries, maxTries }: { tries: number; maxTries: number },
  context: RecordContext,
): Promise<'parked' | 'dead-letter' | 'dropped'> {
  const { clock, call } = context
  if (tries < maxTries) {
    // This failure is in the history already.
    const failures = Math.max(tries, record.history.length - 1)
    const again = { ...record, attempts: tries, nextTry: nextTry(clock, failures) }
    await writerOf(context).pending(again, call.signal)
    return 'parked'
  }
  const message = `given up after ${maxTries} tries: ${failure.message}`
  return giveUp(record, { code: failure.code, message, tries }, context)
}

/** Work that has failed for so long becomes a dead letter, though none of its tries may have counted. */
const longestPendingMs = 14 * 24 * 3_600_000

/** Whether the first failure of parked work was so long ago that it must not stay parked any longer. */
export const isOverdue = (record: Pending, { clock }: Pick<RecordContext, 'clock'>): boolean =>
  clock.now() - Date.parse(firstFailureOf(record)) >= longestPendingMs

/**
 * Notes that overdue work is tried once more. Work that ends its activation, by its memory or its time, is found with
 * this mark by the next run.
 * @throws {BridgeError} when State fails: the record is as it was
 */
export async function recordLastChance(id: string, context: RecordContext): Promise<void> {
  const { clock, call, pending } = context
  const record = await pending.read(id, call.signal)
  if (record === undefined) return
  const lastChance = new Date(clock.now()).toISOString()
  await writerOf(context).pending({ ...record, lastChance }, call.signal)
}

/**
 * Makes a dead letter of parked work that is overdue.
 * @param isFound its last try has begun before, and nobody heard of it again
 * @throws {BridgeError} when State fails: the record is as it was
 */
export async function recordOverdue(
  record: Pending,
  context: RecordContext,
  isFound = false,
): Promise<Failed | Dropped> {
  const { attempts, history, lastChance = '' } = record
  const last = history.findLast(({ code }) => code !== codes.systemDown) ?? history.at(-1)
  const { code = codes.systemDown, message = 'its destination was down whenever it was its turn' } =
    last ?? {}
  const since = `given up 14 days after its first failure at ${firstFailureOf(record)}`
  const ended = isFound ? `; its last try, begun at ${lastChance}, ended its activation` : ''
  const error = {
    code,
    message: `${since}${ended}, ${attempts} of its tries counted: ${message}`,
    tries: attempts,
  }
  if ((await giveUp(record, error, context)) === 'dropped') return dropped(record, context)
  const shown = context.redactor.text(error.message)
  const failure: Failure = { failureClass: 'permanent', code, message: shown }
  return { kind: 'dead-letter', failure, deadLetter: letterOf(record, error).id }
}

async function giveUp(
  record: Pending,
  { code, message, tries }: { code: string; message: string; tries: number },
  context: RecordContext,
): Promise<'dead-letter' | 'dropped'> {
  const { id, history } = record
  const firstFailure = firstFailureOf(record)
  const letter = { ...letterOf(record, { code, message }), firstFailure, tries, history }
  const written = await writeDeadLetter(letter, context)
  await context.pending.remove(id, context.call.signal)
  return written === 'dropped' ? written : 'dead-letter'
}

const hasFailed = ({ firstFailure, history }: Pending): boolean =>
  firstFailure !== undefined || history.length > 0

const firstFailureOf = ({ firstFailure, since }: Pending): string => firstFailure ?? since

/**
 * Writes the `pending` record before work is handed over, so that no acknowledged work depends on one activation.
 * @returns the id of the record
 * @throws {BridgeError} when State fails: the work is not on record then
 */
export async function recordHandOver(work: Work, context: RecordContext): Promise<string> {
  const { call, pending } = context
  const held = await pending.read(idOf(work), call.signal)
  const record = { ...newRecord(work, held, context), nextTry: nextTry(context.clock, 0) }
  await writerOf(context).pending(record, call.signal)
  return record.id
}

/** The version before gave a record 14 days from its last writing, which a skipped one does not have. */
const renewAfterMs = 3 * 24 * 3_600_000

/**
 * Gives a record of the version before the longer lifetime, and the time of its first failure.
 * @throws {BridgeError} when State fails
 */
export async function renewRecord(record: Pending, context: RecordContext): Promise<void> {
  const { firstFailure, history, nextTry: due } = record
  if (firstFailure !== undefined) return
  // Without a failure it may be with a worker, which removes the record.
  if (history.length === 0 && context.clock.now() - Date.parse(due) < renewAfterMs) return
  await writerOf(context).pending({ ...record, firstFailure: firstFailureOf(record) }, context.call.signal)
}

/** Shared by all activations of a container, which write into one State. */
const roomOf = perInputs(() => createLetterRoom())

const writerOf = (context: RecordContext): RecordWriter =>
  createRecordWriter(context.store, { ...context, room: roomOf(context) })

function newRecord(work: Work, held: Pending | undefined, { clock }: RecordContext): Pending {
  const { action, event, destination } = work
  const attempts = held?.attempts ?? 0
  return {
    id: idOf(work),
    action,
    event,
    destination,
    attempts,
    since: held?.since ?? new Date(clock.now()).toISOString(),
    firstFailure: held?.firstFailure,
    refused: held?.refused,
    lastChance: held?.lastChance,
    nextTry: nextTry(clock, Math.max(attempts, held?.history.length ?? 0)),
    history: [],
  }
}

const letterOf = ({ action, event, destination }: Work, error: NewDeadLetter['error']): NewDeadLetter => ({
  id: letterId({ action, event, destination }, error.code),
  action,
  event,
  destination,
  error,
})

function dropped({ event, destination }: Work, { call }: RecordContext): Dropped {
  const reason = 'its dead letter was dropped; a newer event of the asset is not skipped'
  call.logger.info('an event is skipped', {
    event: eventKey(event),
    ...(destination === undefined ? {} : { destination }),
    reason,
  })
  return { kind: 'skipped', reason }
}

/** @throws {BridgeError} systemic, of State, `DEAD_LETTER_NOT_WRITTEN` */
async function writeDeadLetter(
  letter: NewDeadLetter,
  context: RecordContext,
): Promise<'written' | 'dropped'> {
  const { call, activationId, isReplay = false } = context
  try {
    return await writerOf(context).deadLetter({ ...letter, activationId }, { call, isReplay })
  } catch (thrown) {
    call.signal.throwIfAborted()
    const failed = toBridgeError(thrown)
    const { event, destination, error } = letter
    call.logger.error('a dead letter could not be written', {
      event: eventKey(event),
      ...(destination === undefined ? {} : { destination }),
      error: failed.toJSON(),
    })
    throw systemicError(
      'DEAD_LETTER_NOT_WRITTEN',
      `${error.message} (and the dead letter could not be written: ${failed.code}: ${failed.message})`,
      { upstream: 'STATE' },
    )
  }
}
