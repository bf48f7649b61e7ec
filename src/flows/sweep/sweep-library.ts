import { type AssetLibrary, isPosition, type LibraryEntry } from '../../aem/library'
import type { CursorKeeper } from '../../journal/cursor'
import type { FlowContext } from '../event-flow'
import type { Work } from '../work'
import { type Found, sweepWork } from './sweep-event'

/** A sweep over the assets of one author. */
export type LibrarySweep = {
  origin: string
  library: AssetLibrary
  cursor: CursorKeeper
  /** Whether assets are enriched, too. */
  isEnriching: boolean
  /** Assets that one run takes at most. @default no limit */
  maxAssets?: number
  /** After this moment no further page is begun, in milliseconds since the epoch. */
  endsAt: number
  /** Takes a page; what is in it is then accounted for. */
  take(work: readonly Work[], assets: number): Promise<void>
}

/** An index lags: what was changed at the end of a sweep may be in it only later. */
const overlapMs = 15 * 60_000
const pageSize = 100
const root = '/content/dam'
const passes = ['modified', 'published'] as const
type Pass = (typeof passes)[number]
/** What somebody has just changed may be put back again and again. */
const kindOf: Readonly<Record<Pass, Found['kind']>> = { modified: 'edited', published: 'processed' }
/** Paths to remember; one that is forgotten is only compared twice. */
const maxSeen = 50_000

/**
 * Puts each asset of an author that has been changed or published since the last sweep through the flows that its events
 * would have taken. Without a cursor it begins with now. What is left when the time is up comes with the next run.
 * @returns the moment up to which everything has been looked at, in milliseconds since the epoch; undefined at first
 * @throws {BridgeError} what AEM and State fail with, and what `take` throws: the next run begins with the same page
 */
export async function sweepRecent(sweep: LibrarySweep, context: FlowContext): Promise<number | undefined> {
  const { call, clock } = context
  const { cursor } = sweep
  const loaded = await cursor.load(call)
  if (loaded?.at === undefined) {
    await cursor.advance({ position: undefined, at: clock.now() }, call)
    await cursor.flush(call)
    return undefined
  }
  const { at, began = clock.now() } = loaded
  const [passNow, after] = placeOf(loaded.position)
  // An asset may be in both passes, and twice in one.
  const seen = new Set<string>()
  for (const pass of passes.slice(passes.indexOf(passNow))) {
    const from = pass === passNow ? after : undefined
    const window = { folder: root, by: pass, since: at - overlapMs, until: began, pageSize } as const
    const isDone = await pageThrough(sweep, window, from, seen, kindOf[pass], context, (position) => ({
      position: `${pass} ${position}`,
      at,
      began,
    }))
    if (isDone) continue
    await cursor.flush(call)
    return at
  }
  await cursor.advance({ position: undefined, at: began }, call)
  await cursor.flush(call)
  return began
}

/**
 * The same for the whole library, a part with each run, once in each period.
 * @param everyMs from the begin of one round to the next
 */
export async function sweepAll(
  sweep: LibrarySweep,
  everyMs: number,
  context: FlowContext,
): Promise<{ isUnderWay: boolean }> {
  const { call, clock } = context
  const { cursor } = sweep
  const loaded = await cursor.load(call)
  const isUnderWay = loaded?.began !== undefined
  if (!isUnderWay && loaded?.at !== undefined && clock.now() - loaded.at < everyMs)
    return { isUnderWay: false }
  const began = loaded?.began ?? clock.now()
  const window = { folder: root, by: 'modified', until: began, pageSize } as const
  const isDone = await pageThrough(
    sweep,
    window,
    loaded?.position,
    new Set(),
    'processed',
    context,
    (position) => ({ position, at: loaded?.at, began }),
  )
  if (isDone) await cursor.advance({ position: undefined, at: began }, call)
  await cursor.flush(call)
  return { isUnderWay: !isDone }
}

/** @returns whether the end was reached */
async function pageThrough(
  sweep: LibrarySweep,
  window: Parameters<AssetLibrary['pages']>[1],
  after: string | undefined,
  seen: Set<string>,
  kind: Found['kind'],
  { call, clock }: FlowContext,
  placeAt: (position: string) => Parameters<CursorKeeper['advance']>[0],
): Promise<boolean> {
  const { origin, library, cursor, endsAt, maxAssets = Number.POSITIVE_INFINITY, take } = sweep
  let taken = 0
  if (clock.now() >= endsAt) return false
  // A place that cannot be read costs a second look at what is before it, not the sweep.
  const from = after === undefined || !isPosition(after) ? window : { ...window, after }
  for await (const { entries, position } of library.pages(origin, from, call)) {
    const fresh = entries.filter(({ ref }) => !seen.has(ref.path))
    for (const { ref } of fresh) seen.add(ref.path)
    await take(
      fresh.flatMap((entry) => workOf(entry, sweep, kind)),
      fresh.length,
    )
    if (seen.size > maxSeen) seen.clear()
    taken += fresh.length
    await cursor.advance(placeAt(position), call)
    if (clock.now() >= endsAt || taken >= maxAssets) return false
  }
  return true
}

/** @param kind for the flow of enrichment: after an edit it counts how often a value was put back */
const workOf = (
  { ref }: LibraryEntry,
  { isEnriching }: LibrarySweep,
  kind: Found['kind'],
): readonly Work[] => [
  ...(isEnriching ? [sweepWork('generic', { ref, kind })] : []),
  sweepWork('export-asset', { ref, kind: 'edited' }),
]

function placeOf(position: string | undefined): readonly [Pass, string | undefined] {
  const pass = passes.find((one) => position?.startsWith(`${one} `)) ?? 'modified'
  return [pass, position?.slice(pass.length + 1)]
}
