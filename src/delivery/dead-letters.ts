import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { Clock } from '../core/clock'
import type { BridgeError } from '../core/errors'
import { isJsonValue, type JsonValue, parseJson } from '../core/json'
import type { Redactor } from '../core/redaction'
import type { EventKey } from '../events/event'
import type { Store } from '../store/store'

const Json = v.custom<JsonValue>((value) => isJsonValue(value), 'no JSON value')

const DeadLetterRecord = v.object({
  id: v.string(),
  /** The action whose flow failed; a replay runs the same one. */
  action: v.string(),
  /** ISO 8601. */
  at: v.string(),
  activationId: v.optional(v.string()),
  error: v.object({ code: v.string(), message: v.string() }),
  /** The event as it came, redacted; shortened when it is very large. */
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
/** Far below State's 1 MB, and the many who are kept share a rate of 1 MB a second. */
const maxEventBytes = 200_000

/** The id of a piece of work: the same for push and journal, so that both find the same record. */
export function workId(key: EventKey, fallback: unknown, destination = ''): string {
  const identity = key.id === '' ? ['content', JSON.stringify(fallback) ?? ''] : [key.source, key.id]
  return createHash('sha256')
    .update(JSON.stringify([...identity, destination]))
    .digest('hex')
    .slice(0, 32)
}

/** Creates the dead letters on a store. */
export function createDeadLetters(store: Store, parts: { clock: Clock; redactor: Redactor }): DeadLetters {
  const { clock, redactor } = parts
  return {
    async write(letter, signal) {
      const record = {
        ...letter,
        at: new Date(clock.now()).toISOString(),
        error: { code: letter.error.code, message: redactor.text(letter.error.message) },
        event: bounded(redactor.value(letter.event)),
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
    async *ids(signal) {
      const seen = new Set<string>()
      for await (const key of store.keys(`${prefix}*`, signal)) {
        if (seen.has(key)) continue
        seen.add(key)
        yield key.slice(prefix.length)
      }
    },
  }
}

/** An event that is too large keeps what names its asset. */
function bounded(event: unknown): unknown {
  const text = JSON.stringify(event) ?? 'null'
  if (Buffer.byteLength(text) <= maxEventBytes) return event
  const short = shortened(event, 100)
  return Buffer.byteLength(JSON.stringify(short)) <= maxEventBytes
    ? short
    : { shortened: text.slice(0, 20_000) }
}

function shortened(value: unknown, budget: number, depth = 0): unknown {
  if (typeof value === 'string') return value.length > 500 ? `${value.slice(0, 500)}...` : value
  if (typeof value !== 'object' || value === null) return value
  if (depth > 4) return '...'
  if (Array.isArray(value)) return value.slice(0, 20).map((item) => shortened(item, budget, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, budget)
      .map(([name, item]) => [name.slice(0, 200), shortened(item, 20, depth + 1)]),
  )
}
