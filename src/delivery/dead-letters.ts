import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { isRecord, parseJson } from '../core/json'
import { eventKey } from '../events/decode'
import type { EventKey } from '../events/event'
import { reducedEvent } from '../events/reduce'
import type { Store } from '../store/store'
import { idsIn } from './ids'
import { identityOf } from './masked-name'

const DeadLetterRecord = v.object({
  id: v.string(),
  /** The action whose flow failed; a replay runs the same one. */
  action: v.string(),
  /** ISO 8601: the last time. */
  at: v.string(),
  /** Of the asset, for lists; masked. What is done is decided by the event. Versions before wrote none. */
  path: v.optional(v.string()),
  /** How many events failed this way, approximately. The same event counts once. */
  count: v.optional(v.number()),
  /** The marks of those events, the last ones; see `seen-events.ts`. */
  seen: v.optional(v.string()),
  activationId: v.optional(v.string()),
  /** The destination that failed, when the others did not. */
  destination: v.optional(v.string()),
  error: v.object({ code: v.string(), message: v.string() }),
  /** The tries before the last one, of work that was parked. */
  history: v.optional(v.array(v.object({ at: v.string(), code: v.string(), message: v.string() }))),
  /** When it failed first, ISO 8601, and how many tries of parked work counted. */
  firstFailure: v.optional(v.string()),
  tries: v.optional(v.number()),
  /** What is read of the newest event; see `event-record.ts`. */
  event: v.unknown(),
})

/** Work that cannot be done on an asset, kept with the reason until an operator replays or drops it. */
export type DeadLetter = v.InferOutput<typeof DeadLetterRecord>

/** Dead letters in the store: `dead-letter.<id>`, kept for a year. `record-writer.ts` writes them. */
export type DeadLetters = {
  read(id: string, signal: AbortSignal): Promise<DeadLetter | undefined>
  remove(id: string, signal: AbortSignal): Promise<void>
  ids(signal: AbortSignal): AsyncIterable<string>
}

export const deadLetterPrefix = 'dead-letter.'

/** The id of the work for an event, at one destination or as a whole. */
export function eventWorkId(event: unknown, destination?: string): string {
  if (destination !== undefined || !isRecord(event)) return workIdOf(event, destination)
  const known = workIds.get(event) ?? workIdOf(event)
  workIds.set(event, known)
  return known
}

/** An event without a key is hashed as a whole, which takes its time: once is enough for all who ask. */
const workIds = new WeakMap<object, string>()

function workIdOf(event: unknown, destination?: string): string {
  const key = eventKey(event)
  // What a record keeps of an event has to give the same id as the event.
  return workId(key, key.id === '' ? reducedEvent(event) : event, destination)
}

/** The id of a piece of work: the same for push and journal, so that both find the same record. */
export function workId(key: EventKey, fallback: unknown, destination = ''): string {
  const identity =
    key.id === ''
      ? ['content', JSON.stringify(canonical(fallback)) ?? '']
      : [identityOf(key.source), identityOf(key.id)]
  return createHash('sha256')
    .update(JSON.stringify([...identity, destination]))
    .digest('hex')
    .slice(0, 32)
}

/** The same for the same content, in whatever order its members come; what lies very deep does not count. */
function canonical(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return identityOf(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth > 32) return '...'
  if (Array.isArray(value)) return value.map((item) => canonical(item, depth + 1))
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => [name, canonical(item, depth + 1)])
}

/** Opens the dead letters of a store. */
export const openDeadLetters = (store: Store): DeadLetters => ({
  async read(id, signal) {
    const text = await store.get(`${deadLetterPrefix}${id}`, signal)
    if (text === undefined) return undefined
    const record = v.safeParse(DeadLetterRecord, parseJson(text))
    return record.success ? record.output : undefined
  },
  remove: (id, signal) => store.remove(`${deadLetterPrefix}${id}`, signal),
  ids: (signal) => idsIn(store, deadLetterPrefix, signal),
})
