import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import type { BridgeError } from '../core/errors'
import type { Redactor } from '../core/redaction'
import type { Store } from '../store/store'
import { type DeadLetter, deadLetterPrefix, openDeadLetters } from './dead-letters'
import { isDropped, readDropped, seenIn } from './dropped'
import { eventRecord } from './event-record'
import type { LetterRoom } from './letter-room'
import { type Pending, pendingPrefix } from './pending'
import { hasSeen, withSeen } from './seen-events'
import { subjectOf } from './subject'

/** A dead letter that is to be written. */
export type NewDeadLetter = Omit<DeadLetter, 'at' | 'event' | 'error' | 'path' | 'count' | 'seen'> & {
  error: Pick<BridgeError, 'code' | 'message'>
  event: unknown
}

/**
 * Writes the records of work that failed or is not done yet. Only `src/flows/record-failure.ts` has it: everybody else
 * reads, lists and removes.
 */
export type RecordWriter = {
  /**
   * Writes a dead letter, or counts one event more in the one that is there, which keeps the newest event by its time.
   * @param how.isReplay an operator asked for it, whatever was dropped before @default false
   * @returns `dropped` when nothing was written, since an operator dropped the letter of this event
   * @throws {BridgeError} when the store fails, or has no room for a new one
   */
  deadLetter(
    letter: NewDeadLetter,
    how: { call: CallContext; isReplay?: boolean },
  ): Promise<'written' | 'dropped'>
  /** Writes pending work over what is there. @throws {BridgeError} when the store fails */
  pending(pending: Pending, signal: AbortSignal): Promise<void>
}

const deadLetterSeconds = 365 * 24 * 3600
/** Far longer than work stays pending, so that what no run sees for weeks is still there for the next one. */
const pendingSeconds = 365 * 24 * 3600
/** An error of a user's own code may say anything. */
const maxMessage = 2_000
const maxHistory = 10
const maxHistoryMessage = 500

const maxPath = 1_000

/** Creates the writer on a store. */
export function createRecordWriter(
  store: Store,
  parts: { clock: Clock; redactor: Redactor; room: LetterRoom },
): RecordWriter {
  const { clock, redactor, room } = parts
  return {
    async deadLetter(letter, { call, isReplay = false }) {
      const { id, event } = letter
      const [before, dropped] = await Promise.all([
        openDeadLetters(store).read(id, call.signal),
        readDropped(store, letter, call.signal),
      ])
      if (dropped !== undefined && !isReplay && isDropped(dropped, event)) return 'dropped'
      if (before === undefined) await room.take({ store, clock, call })
      const record = joined(before, letter)
      await store.put(`${deadLetterPrefix}${id}`, JSON.stringify(record), deadLetterSeconds, call.signal)
      return 'written'
    },
    async pending(pending, signal) {
      const { path } = subjectOf(pending.event)
      const history = pending.history
        .slice(-maxHistory)
        .map((one) => ({ ...one, message: redactor.text(one.message).slice(0, maxHistoryMessage) }))
      const record = {
        ...pending,
        path: shownPath(path),
        history,
        event: eventRecord(pending.event, redactor),
      }
      await store.put(`${pendingPrefix}${pending.id}`, JSON.stringify(record), pendingSeconds, signal)
    },
  }

  /**
   * What a list shows stands first, the event last. Of two that write at once one is not counted, or the older event
   * stays: a flow reads the asset as it is, whichever event names it.
   */
  function joined(before: DeadLetter | undefined, letter: NewDeadLetter): DeadLetter {
    const { id, action, destination, tries = 1, error, activationId, history, event } = letter
    const { path, time = Number.NEGATIVE_INFINITY } = subjectOf(event)
    const now = new Date(clock.now()).toISOString()
    const seen = before === undefined ? '' : seenIn(before)
    const isNewest =
      before === undefined || time >= (subjectOf(before.event).time ?? Number.NEGATIVE_INFINITY)
    return {
      id,
      action,
      at: now,
      destination,
      path: shownPath(path),
      tries,
      count: (before === undefined ? 0 : (before.count ?? 1)) + (hasSeen(seen, event) ? 0 : 1),
      error: { code: error.code, message: redactor.text(error.message).slice(0, maxMessage) },
      activationId,
      history: history ?? before?.history,
      firstFailure: earliest(before?.firstFailure, before?.at, letter.firstFailure, now),
      seen: withSeen(seen, event),
      event: isNewest ? eventRecord(event, redactor) : before.event,
    }
  }

  /** For people: unlike in the event, it is masked. */
  function shownPath(path: string | undefined): string | undefined {
    return path === undefined ? undefined : redactor.text(path).slice(0, maxPath)
  }
}

const earliest = (...times: readonly (string | undefined)[]): string | undefined =>
  times.filter((time) => time !== undefined).sort((one, other) => Date.parse(one) - Date.parse(other))[0]
