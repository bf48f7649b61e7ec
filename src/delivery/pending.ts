import * as v from 'valibot'
import type { Clock } from '../core/clock'
import { parseJson } from '../core/json'
import type { Redactor } from '../core/redaction'
import type { Store } from '../store/store'
import { eventRecord } from './event-record'
import { idsIn } from './ids'

const PendingRecord = v.object({
  id: v.string(),
  /** The action whose flow the event goes through. */
  action: v.string(),
  /** As a dead letter would keep it: redacted but for what names its asset, shortened when it is very large. */
  event: v.unknown(),
  /** The one destination that it is for; undefined for the event as a whole. */
  destination: v.optional(v.string()),
  /** Tries that failed for a reason of their own; an outage does not count. */
  attempts: v.number(),
  /** ISO 8601. */
  since: v.pipe(v.string(), v.isoTimestamp()),
  /** ISO 8601: not before then. */
  nextTry: v.pipe(v.string(), v.isoTimestamp()),
  /** The last failures, oldest first. */
  history: v.optional(v.array(v.object({ at: v.string(), code: v.string(), message: v.string() })), []),
})

/** Work that is accepted and not done. */
export type Pending = v.InferOutput<typeof PendingRecord>

/** Pending work in the store: `pending.<id>`, kept for 14 days from its last try. */
export type PendingWork = {
  write(pending: Pending, signal: AbortSignal): Promise<void>
  read(id: string, signal: AbortSignal): Promise<Pending | undefined>
  remove(id: string, signal: AbortSignal): Promise<void>
  ids(signal: AbortSignal): AsyncIterable<string>
}

const prefix = 'pending.'
const ttlSeconds = 14 * 24 * 3600
const maxHistory = 10
const maxMessage = 500

/** Creates the pending work on a store. */
export function createPendingWork(store: Store, { redactor }: { redactor: Redactor }): PendingWork {
  return {
    async write(pending, signal) {
      const history = pending.history
        .slice(-maxHistory)
        .map((one) => ({ ...one, message: redactor.text(one.message).slice(0, maxMessage) }))
      const record = { ...pending, history, event: eventRecord(pending.event, redactor) }
      await store.put(`${prefix}${pending.id}`, JSON.stringify(record), ttlSeconds, signal)
    },
    async read(id, signal) {
      const text = await store.get(`${prefix}${id}`, signal)
      if (text === undefined) return undefined
      const record = v.safeParse(PendingRecord, parseJson(text))
      return record.success ? record.output : undefined
    },
    remove: (id, signal) => store.remove(`${prefix}${id}`, signal),
    ids: (signal) => idsIn(store, prefix, signal),
  }
}

const firstDelayMs = 10 * 60_000
const maxDelayMs = 60 * 60_000

/** When to try again: from the next alarm on, then at growing distance up to an hour. */
export function nextTry(clock: Clock, attempts: number): string {
  const delay = attempts === 0 ? firstDelayMs / 2 : firstDelayMs * 2 ** (attempts - 1)
  return new Date(clock.now() + Math.min(maxDelayMs, delay)).toISOString()
}

/** A record of work that has not been tried. */
export function newPending(
  work: { id: string; action: string; event: unknown; destination?: string },
  clock: Clock,
): Pending {
  const since = new Date(clock.now()).toISOString()
  return { ...work, attempts: 0, since, nextTry: nextTry(clock, 0), history: [] }
}
