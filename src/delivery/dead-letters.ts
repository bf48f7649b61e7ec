import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { Clock } from '../core/clock'
import type { BridgeError } from '../core/errors'
import { isJsonValue, type JsonValue, parseJson } from '../core/json'
import type { Redactor } from '../core/redaction'
import type { EventKey } from '../events/event'
import type { Store } from '../store/store'
import { eventRecord } from './event-record'
import { idsIn } from './ids'

const Json = v.custom<JsonValue>((value) => isJsonValue(value), 'no JSON value')

const DeadLetterRecord = v.object({
  id: v.string(),
  /** The action whose flow failed; a replay runs the same one. */
  action: v.string(),
  /** ISO 8601. */
  at: v.string(),
  activationId: v.optional(v.string()),
  /** The destination that failed, when the others did not. */
  destination: v.optional(v.string()),
  error: v.object({ code: v.string(), message: v.string() }),
  /** The tries before the last one, of work that was parked. */
  history: v.optional(v.array(v.object({ at: v.string(), code: v.string(), message: v.string() }))),
  /** The event as it came, redacted but for what names its asset; shortened when it is very large. */
  event: Json,
})

/** An event that cannot be processed, kept with the reason until an operator replays or drops it. */
export type DeadLetter = v.InferOutput<typeof DeadLetterRecord>

/** Dead letters in the store: `dead-letter.<id>`, kept for a year. */
export type DeadLetters = {
  /** Writes one; the same event fails into the same letter. */
  write(
    letter: Omit<DeadLetter, 'at' | 'event' | 'error'> & { error: BridgeError; event: unknown },
    signal: AbortSignal,
  ): Promise<void>
  read(id: string, signal: AbortSignal): Promise<DeadLetter | undefined>
  remove(id: string, signal: AbortSignal): Promise<void>
  ids(signal: AbortSignal): AsyncIterable<string>
}

const prefix = 'dead-letter.'
const ttlSeconds = 365 * 24 * 3600
/** An error of a user's own code may say anything. */
const maxMessage = 2_000

/** The id of a piece of work: the same for push and journal, so that both find the same record. */
export function workId(key: EventKey, fallback: unknown, destination = ''): string {
  const identity =
    key.id === '' ? ['content', JSON.stringify(canonical(fallback)) ?? ''] : [key.source, key.id]
  return createHash('sha256')
    .update(JSON.stringify([...identity, destination]))
    .digest('hex')
    .slice(0, 32)
}

/** The same for the same content, in whatever order its members come; what lies very deep does not count. */
function canonical(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > 32) return '...'
  if (Array.isArray(value)) return value.map((item) => canonical(item, depth + 1))
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => [name, canonical(item, depth + 1)])
}

/** Creates the dead letters on a store. */
export function createDeadLetters(store: Store, parts: { clock: Clock; redactor: Redactor }): DeadLetters {
  const { clock, redactor } = parts
  return {
    async write(letter, signal) {
      const record = {
        ...letter,
        at: new Date(clock.now()).toISOString(),
        error: { code: letter.error.code, message: redactor.text(letter.error.message).slice(0, maxMessage) },
        event: eventRecord(letter.event, redactor),
      }
      await store.put(`${prefix}${letter.id}`, JSON.stringify(record), ttlSeconds, signal)
    },
    async read(id, signal) {
      const text = await store.get(`${prefix}${id}`, signal)
      if (text === undefined) return undefined
      const record = v.safeParse(DeadLetterRecord, parseJson(text))
      return record.success ? record.output : undefined
    },
    remove: (id, signal) => store.remove(`${prefix}${id}`, signal),
    ids: (signal) => idsIn(store, prefix, signal),
  }
}
