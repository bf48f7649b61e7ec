import type { Clock } from '../core/clock'
import type { BridgeError } from '../core/errors'
import type { Redactor } from '../core/redaction'
import type { Store } from '../store/store'
import { type DeadLetter, deadLetterPrefix } from './dead-letters'
import { eventRecord } from './event-record'
import { type Pending, pendingPrefix } from './pending'

/** A dead letter that is to be written. */
export type NewDeadLetter = Omit<DeadLetter, 'at' | 'event' | 'error'> & {
  error: Pick<BridgeError, 'code' | 'message'>
  event: unknown
}

/**
 * Writes the records of work that failed or is not done yet. Only `src/flows/record-failure.ts` has it: everybody else
 * reads, lists and removes.
 */
export type RecordWriter = {
  /** Writes a dead letter; the same event fails into the same letter. @throws {BridgeError} when the store fails */
  deadLetter(letter: NewDeadLetter, signal: AbortSignal): Promise<void>
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

/** Creates the writer on a store. */
export function createRecordWriter(store: Store, parts: { clock: Clock; redactor: Redactor }): RecordWriter {
  const { clock, redactor } = parts
  return {
    async deadLetter(letter, signal) {
      const record = {
        ...letter,
        at: new Date(clock.now()).toISOString(),
        error: { code: letter.error.code, message: redactor.text(letter.error.message).slice(0, maxMessage) },
        event: eventRecord(letter.event, redactor),
      }
      await store.put(`${deadLetterPrefix}${letter.id}`, JSON.stringify(record), deadLetterSeconds, signal)
    },
    async pending(pending, signal) {
      const history = pending.history
        .slice(-maxHistory)
        .map((one) => ({ ...one, message: redactor.text(one.message).slice(0, maxHistoryMessage) }))
      const record = { ...pending, history, event: eventRecord(pending.event, redactor) }
      await store.put(`${pendingPrefix}${pending.id}`, JSON.stringify(record), pendingSeconds, signal)
    },
  }
}
