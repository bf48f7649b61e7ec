import * as v from 'valibot'
import type { Clock } from '../core/clock'
import { parseJson } from '../core/json'
import type { Store } from '../store/store'
import type { DeadLetter } from './dead-letters'
import { idsIn } from './ids'
import { hasSeen, joinedSeen, type SeenEvents, withSeen } from './seen-events'
import { droppedId, type RecordedWork, subjectOf } from './subject'

const DroppedRecord = v.object({
  /** ISO 8601: when it was dropped. */
  at: v.string(),
  /** Of the newest event of the letter, in milliseconds since the epoch. */
  time: v.optional(v.number()),
  /** The keys of its events, as the letter has them. */
  seen: v.string(),
})

/** The mark that a dropped dead letter leaves, so that none of its events becomes a letter again. */
export type Dropped = v.InferOutput<typeof DroppedRecord>

/** A journal tells of an event for seven days, and the batch may be a while behind it. */
const droppedSeconds = 8 * 24 * 3600
/** A letter is a kilobyte, and its mark less than that: they must never fill State by themselves. */
const maxDropped = 10_000

const prefix = 'dropped.'

/** The mark for this action, asset and destination; undefined when there is none. @throws {BridgeError} when the store fails */
export async function readDropped(
  store: Store,
  work: RecordedWork,
  signal: AbortSignal,
): Promise<Dropped | undefined> {
  const text = await store.get(`${prefix}${droppedId(work)}`, signal)
  const record = v.safeParse(DroppedRecord, parseJson(text ?? ''))
  return record.success ? record.output : undefined
}

/** Whether an event was dropped: it is one of the letter's, or older than the newest of them. */
export function isDropped({ seen, time }: Dropped, event: unknown): boolean {
  const its = subjectOf(event).time
  return hasSeen(seen, event) || (its !== undefined && time !== undefined && its < time)
}

/** Leaves marks: `dropped.<id>`, for eight days. Made for one command; it counts the marks once. */
export type Dropping = {
  /**
   * Leaves the mark of a letter.
   * @returns false when there are too many marks: the letter may come back by the same event
   * @throws {BridgeError} when the store fails
   */
  mark(letter: DeadLetter, signal: AbortSignal): Promise<boolean>
}

export function createDropping({ store, clock }: { store: Store; clock: Clock }): Dropping {
  let others: number | undefined
  return {
    async mark(letter, signal) {
      const now = clock.now()
      // No journal has the events of a letter any more that is older than a mark would become.
      if (now - Date.parse(letter.at) > droppedSeconds * 1000) return true
      const before = await readDropped(store, letter, signal)
      if (before === undefined) {
        others ??= await counted(store, signal)
        if (others >= maxDropped) return false
        others += 1
      }
      const record: Dropped = {
        at: new Date(now).toISOString(),
        time: later(before?.time, timeOf(letter)),
        seen: joinedSeen(before?.seen ?? '', seenIn(letter)),
      }
      await store.put(`${prefix}${droppedId(letter)}`, JSON.stringify(record), droppedSeconds, signal)
      return true
    },
  }
}

/** The marks of all events of a letter; letters of versions before have one event each. */
export const seenIn = ({ seen = '', event }: Pick<DeadLetter, 'seen' | 'event'>): SeenEvents =>
  withSeen(seen, event)

/** A clock that runs ahead, or an event that lies, must not silence for long what happens later. */
const mostAheadMs = 24 * 3600_000

const timeOf = ({ event, at }: DeadLetter): number | undefined => {
  const { time } = subjectOf(event)
  return time === undefined ? undefined : Math.min(time, Date.parse(at) + mostAheadMs)
}

const later = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)

async function counted(store: Store, signal: AbortSignal): Promise<number> {
  let count = 0
  for await (const _ of idsIn(store, prefix, signal)) count += 1
  return count
}
