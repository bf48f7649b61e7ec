import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { Asset } from '../../core/asset'
import type { Clock } from '../../core/clock'
import { isJsonValue, isRecord, type JsonValue, parseJson } from '../../core/json'
import { unwrap } from '../../events/unwrap'
import type { MetadataChange } from '../../metadata/diff'
import { sameValue } from '../../metadata/values'
import type { Store } from '../../store/store'

// Another system may hold another value for a property than the PIM does, and write it again whenever this app has
// written. Without an end of it the two would go on for ever. See docs/decisions/0014-fights-end.md.

/** So many times within an hour, and the value is left alone for a day. */
const mostPutBacks = 3
const withinMs = 3_600_000
const leftAloneMs = 24 * 3_600_000

/** All that State ever holds of it: so many keys, and so many values in each. */
const shards = 32
const maxMarks = 200
export const fightPrefix = 'fights.'

/** By the mark of a value of a property of an asset: the last times when it was put back, the oldest first. */
const Marks = v.record(v.string(), v.array(v.number()))

/**
 * The changes that would undo what somebody else has just done to this app's own values. What an event does not tell
 * counts as done by others: a removed property has no mark in it, and what a record keeps of an event names none.
 */
export function putBacks(raw: unknown, changes: readonly MetadataChange[]): readonly MetadataChange[] {
  const { data } = unwrap(raw).envelopes.at(-1) ?? {}
  const metadata = isRecord(data) && isRecord(data.assetMetadata) ? data.assetMetadata : {}
  const updated = metadata['event:updated']
  const olds = isRecord(updated) ? updated : {}
  const created = metadata['event:created']
  const news: readonly unknown[] = Array.isArray(created) ? created : []
  const isSilent = Object.keys(olds).length + news.length === 0
  return changes.filter((change) => {
    const { op, property } = change
    if (isSilent || op === 'add' || news.includes(property)) return true
    if (!Object.hasOwn(olds, property)) return false
    return op === 'remove' || wasHeld(olds[property], change.value)
  })
}

const wasHeld = (old: unknown, value: JsonValue): boolean => isJsonValue(old) && sameValue(old, value)

/** What this container has written within the last hour. */
export type RecentWrites = {
  has(asset: Pick<Asset, 'id'>, change: MetadataChange): boolean
  add(asset: Pick<Asset, 'id'>, change: MetadataChange): void
}

const maxRecent = 5_000
const maxPlainMark = 250

/**
 * Remembers what a container writes. Of an asset that was processed nobody tells what changed before: with AEM's
 * write-back every edit ends in that. So a value that is written twice within an hour is looked at more closely.
 */
export function createRecentWrites(clock: Pick<Clock, 'now'>): RecentWrites {
  const written = new Map<string, number>()
  return {
    has: (asset, change) => clock.now() - (written.get(shortMarkOf(asset, change)) ?? -withinMs) < withinMs,
    add(asset, change) {
      const mark = shortMarkOf(asset, change)
      written.delete(mark)
      written.set(mark, clock.now())
      const [oldest] = written.keys()
      if (written.size > maxRecent && oldest !== undefined) written.delete(oldest)
    },
  }
}

/**
 * Counts that these values of an asset were put back. State is asked only when there is one.
 * @returns those that are to be left alone
 * @throws {BridgeError} when State fails
 */
export async function countPutBacks(
  { id }: Pick<Asset, 'id'>,
  changes: readonly MetadataChange[],
  { store, clock, signal }: { store: Store; clock: Pick<Clock, 'now'>; signal: AbortSignal },
): Promise<ReadonlySet<MetadataChange>> {
  if (changes.length === 0) return new Set()
  const now = clock.now()
  const marks = await marksFor(id, { store, now, signal })
  const left = new Set<MetadataChange>()
  for (const change of changes) {
    const mark = markOf({ id }, change)
    const before = marks.get(mark) ?? []
    const times = isLost(before) ? before : [...before, now].slice(-mostPutBacks)
    // What is newest stands last, and stays longest.
    marks.delete(mark)
    marks.set(mark, times)
    if (isLost(times)) left.add(change)
  }
  const kept = Object.fromEntries([...marks].slice(-maxMarks))
  await store.put(keyOf(id), JSON.stringify(kept), leftAloneMs / 1000, signal)
  return left
}

/**
 * Which of these changes another system has put back so often that an event of that leaves them alone. Nothing is counted.
 * @returns until when, in milliseconds since the epoch
 * @throws {BridgeError} when State fails
 */
export async function leftAlone(
  { id }: Pick<Asset, 'id'>,
  changes: readonly MetadataChange[],
  { store, clock, signal }: { store: Store; clock: Pick<Clock, 'now'>; signal: AbortSignal },
): Promise<ReadonlyMap<MetadataChange, number>> {
  if (changes.length === 0) return new Map()
  const marks = await marksFor(id, { store, now: clock.now(), signal })
  return new Map(
    changes.flatMap((change) => {
      const times = marks.get(markOf({ id }, change)) ?? []
      return isLost(times) ? [[change, (times.at(-1) ?? 0) + leftAloneMs] as const] : []
    }),
  )
}

/** By what the values that a product is told are counted. */
export const disputedProduct = (identifier: string) => ({ id: `PIM ${identifier}` })

const keyOf = (id: string): string => `${fightPrefix}${Number.parseInt(hash([id]).slice(0, 4), 16) % shards}`

/** Those that still count, with others of the same key. */
async function marksFor(
  id: string,
  { store, now, signal }: { store: Store; now: number; signal: AbortSignal },
): Promise<Map<string, readonly number[]>> {
  const read = v.safeParse(Marks, parseJson((await store.get(keyOf(id), signal)) ?? '{}'))
  const known = read.success ? Object.entries(read.output) : []
  return new Map(known.filter(([, times]) => now - (times.at(-1) ?? 0) < memoryOf(times)))
}

const markOf = (asset: Pick<Asset, 'id'>, change: MetadataChange): string => hash(partsOf(asset, change))

/** Of most values as they are, and of long ones a hash: a hash costs more than most values do. */
function shortMarkOf(asset: Pick<Asset, 'id'>, change: MetadataChange): string {
  const parts = partsOf(asset, change)
  const text = JSON.stringify(parts)
  return text.length <= maxPlainMark ? text : hash(parts)
}

const partsOf = ({ id }: Pick<Asset, 'id'>, change: MetadataChange): readonly unknown[] => [
  id,
  change.property,
  'value' in change ? change.value : null,
]

const isLost = (times: readonly number[]): boolean =>
  times.length >= mostPutBacks && (times.at(-1) ?? 0) - (times[0] ?? 0) <= withinMs

const memoryOf = (times: readonly number[]): number => (isLost(times) ? leftAloneMs : withinMs)

const hash = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
