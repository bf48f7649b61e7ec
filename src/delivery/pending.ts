import * as v from 'valibot'
import type { Clock } from '../core/clock'
import { parseJson } from '../core/json'
import type { Store } from '../store/store'
import { idsIn } from './ids'

const PendingRecord = v.object({
  id: v.string(),
  /** The action whose flow the event goes through. */
  action: v.string(),
  /** As a dead letter would keep it; see `event-record.ts`. */
  event: v.unknown(),
  /** The one destination that it is for; undefined for the event as a whole. */
  destination: v.optional(v.string()),
  /** Of the asset, for lists; masked. Versions before wrote none. */
  path: v.optional(v.string()),
  /** Tries that failed for a reason of their own; an outage does not count. */
  attempts: v.number(),
  /** ISO 8601. */
  since: v.pipe(v.string(), v.isoTimestamp()),
  /** ISO 8601: when it failed first. Records of earlier versions have none: `since` stands for it. */
  firstFailure: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** The last try met a systemic failure of the destination or the PIM. */
  refused: v.optional(v.boolean()),
  /** ISO 8601: when the last try of overdue work began. Whoever finds it makes a dead letter, and does not try again. */
  lastChance: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** ISO 8601: not before then. */
  nextTry: v.pipe(v.string(), v.isoTimestamp()),
  /** The last failures, oldest first. */
  history: v.optional(v.array(v.object({ at: v.string(), code: v.string(), message: v.string() })), []),
})

/** Work that is accepted and not done. */
export type Pending = v.InferOutput<typeof PendingRecord>

/**
 * Pending work in the store: `pending.<id>`. It becomes a dead letter long before its lifetime ends. `record-writer.ts`
 * writes it.
 */
export type PendingWork = {
  read(id: string, signal: AbortSignal): Promise<Pending | undefined>
  remove(id: string, signal: AbortSignal): Promise<void>
  ids(signal: AbortSignal): AsyncIterable<string>
}

export const pendingPrefix = 'pending.'

/** Opens the pending work of a store. */
export const openPendingWork = (store: Store): PendingWork => ({
  async read(id, signal) {
    const text = await store.get(`${pendingPrefix}${id}`, signal)
    if (text === undefined) return undefined
    const record = v.safeParse(PendingRecord, parseJson(text))
    return record.success ? record.output : undefined
  },
  remove: (id, signal) => store.remove(`${pendingPrefix}${id}`, signal),
  ids: (signal) => idsIn(store, pendingPrefix, signal),
})

const firstDelayMs = 10 * 60_000
const maxDelayMs = 60 * 60_000

/**
 * When to try again: from the next alarm on, then at growing distance up to an hour.
 * @param failures so many in a row before, whether they count as tries of the work or not
 */
export function nextTry(clock: Clock, failures: number): string {
  const delay = failures === 0 ? firstDelayMs / 2 : firstDelayMs * 2 ** (failures - 1)
  return new Date(clock.now() + Math.min(maxDelayMs, delay)).toISOString()
}
