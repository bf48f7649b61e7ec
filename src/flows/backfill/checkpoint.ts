import * as v from 'valibot'
import { parseJson } from '../../core/json'
import type { Store } from '../../store/store'
import { backfillKinds } from './task'

const count = v.pipe(v.number(), v.integer())
/** An asset that failed for now: it is done once more. */
const Again = v.object({ id: v.optional(v.string()), path: v.optional(v.string()), code: v.string() })

const CheckpointRecord = v.object({
  version: v.literal(1),
  task: v.object({
    kind: v.picklist(backfillKinds),
    origin: v.string(),
    folder: v.string(),
    types: v.array(v.string()),
    since: v.optional(v.string()),
    isDryRun: v.boolean(),
    isRecordOnly: v.optional(v.boolean()),
  }),
  /** The changes of the library that count, in milliseconds since the epoch. */
  since: v.optional(v.number()),
  until: v.number(),
  /** The last page that is accounted for; undefined before the first one. */
  position: v.optional(v.string()),
  /** All pages are accounted for: what is left are the assets of `again`. */
  isRead: v.boolean(),
  /** From 0 to 1. */
  progress: v.number(),
  tally: v.object({
    checked: count,
    written: count,
    unchanged: count,
    failed: count,
    skipped: v.record(v.string(), count),
    pim: v.optional(v.object({ tell: count, keep: count })),
  }),
  again: v.array(Again),
  /** How long its runs have worked. */
  ms: v.number(),
  /** ISO 8601. */
  startedAt: v.string(),
  updatedAt: v.string(),
})

/** How far a backfill is: one record a task, however many assets there are. */
export type Checkpoint = v.InferOutput<typeof CheckpointRecord>
export type Again = Checkpoint['again'][number]

/** The checkpoints of the backfills that are not finished. */
export type Checkpoints = {
  /** Undefined when there is none, or none that this version can read. */
  load(id: string, signal: AbortSignal): Promise<Checkpoint | undefined>
  save(id: string, checkpoint: Checkpoint, signal: AbortSignal): Promise<void>
  remove(id: string, signal: AbortSignal): Promise<void>
  /** The ids of all that are there. */
  ids(signal: AbortSignal): Promise<readonly string[]>
}

const prefix = 'backfill.'
/** Nobody goes on with an older one. */
const ttlSeconds = 90 * 24 * 3600

/** Opens the checkpoints in a store, `backfill.<id>`. */
export function openCheckpoints(store: Store): Checkpoints {
  const keyOf = (id: string): string => `${prefix}${id}`
  return {
    async load(id, signal) {
      const record = v.safeParse(CheckpointRecord, parseJson((await store.get(keyOf(id), signal)) ?? ''))
      return record.success ? record.output : undefined
    },
    save: (id, checkpoint, signal) => store.put(keyOf(id), JSON.stringify(checkpoint), ttlSeconds, signal),
    remove: (id, signal) => store.remove(keyOf(id), signal),
    async ids(signal) {
      const ids = new Set<string>()
      for await (const key of store.keys(`${prefix}*`, signal)) ids.add(key.slice(prefix.length))
      return [...ids].sort()
    },
  }
}
