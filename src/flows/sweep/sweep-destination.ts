import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { CursorKeeper } from '../../journal/cursor'
import type { ListedObject } from '../../plugin/destination'
import type { CircuitBreaker } from '../circuit-breaker'
import type { FlowContext } from '../event-flow'
import { filesOf } from '../export/asset-files'
import { dueAt } from '../export/due'
import { isVersion } from '../export/export-asset'
import { mayStay, type OwnerParts, ownerOf, pathOf } from '../export/owner'
import { inParallel } from '../in-parallel'
import { isOutage, observeFailure, systemOf } from '../systems'
import type { Work } from '../work'
import { sweepWork } from './sweep-event'

/** A walk through the list of one destination. */
export type DestinationSweep = {
  /** One that can list. */
  name: string
  parts: OwnerParts
  cursor: CursorKeeper
  isEnriching(origin: string): boolean
  /** Of the whole run. */
  breaker: CircuitBreaker
  /** Files that one run compares at most. */
  maxFiles: number
  /** After this moment no further page is begun, in milliseconds since the epoch. */
  endsAt: number
  /** Takes a page; what is in it is then accounted for. */
  take(work: readonly Work[], files: number): Promise<void>
}

const pageSize = 100
const readsAtOnce = 8

/**
 * Compares one slice of what a destination lists with AEM, where no date tells of it: assets that were moved, withdrawn or
 * deleted. It goes on behind the file where the last run stopped, and begins anew after the last one.
 * @returns the key behind which the next run goes on; undefined after a whole round, or when no time is left
 * A file whose asset alone AEM refuses to read is left to the next round.
 * @throws {BridgeError} what an AEM that is down, State and the destination fail with, and what `take` throws: the next
 * run begins with the same page
 */
export async function sweepDestination(
  sweep: DestinationSweep,
  context: FlowContext,
): Promise<string | undefined> {
  const { name, parts, cursor, endsAt, maxFiles, take } = sweep
  const { call, clock } = context
  if (clock.now() >= endsAt) return undefined
  const loaded = await cursor.load(call)
  const began = loaded?.began ?? clock.now()
  let after = loaded?.position
  let left = maxFiles
  let page: ListedObject[] = []
  for await (const listed of parts.destination(name).list?.(after === undefined ? {} : { after }, call) ??
    []) {
    page.push(listed)
    if (page.length < pageSize) continue
    await takePage()
    if (left > 0 && clock.now() < endsAt) continue
    await cursor.flush(call)
    return after
  }
  await takePage()
  await cursor.advance({ position: undefined, at: began }, call)
  await cursor.flush(call)
  return undefined

  async function takePage(): Promise<void> {
    const work: Work[] = []
    await inParallel(page, readsAtOnce, async (listed) => {
      work.push(...(await unlessRefused(listed, sweep, context)))
    })
    await take(work, page.length)
    left -= page.length
    after = page.at(-1)?.key ?? after
    page = []
    await cursor.advance({ position: after, at: loaded?.at, began }, call)
  }
}

/** As the breaker knows the work. */
const comparing = { action: 'export-asset' }

/**
 * What is to be done about a listed file. Nothing where AEM refuses its asset and works otherwise, as with a folder that
 * the account may not read: such a file must not hold up those behind it.
 */
async function unlessRefused(
  listed: ListedObject,
  sweep: DestinationSweep,
  context: FlowContext,
): Promise<readonly Work[]> {
  const { breaker, name: destination } = sweep
  const { call } = context
  try {
    const work = await workFor(listed, sweep, context)
    breaker.worked('AEM')
    return work
  } catch (thrown) {
    call.signal.throwIfAborted()
    const error = toBridgeError(thrown)
    observeFailure(breaker, comparing, { failure: error })
    const isDown =
      error.failureClass === 'transient' && breaker.isDown(systemOf(comparing, { failure: error }))
    if (isDown || isOutage(breaker, comparing, { failure: error })) throw error
    call.logger.warn('a file could not be compared with its asset: it is left to the next round', {
      destination,
      key: listed.key,
      error: error.toJSON(),
    })
    return []
  }
}

/** What is to be done about a listed file; nothing when it is as it should be, or nobody can tell. */
async function workFor(
  listed: ListedObject,
  { name: destination, parts, isEnriching }: DestinationSweep,
  { call, clock }: FlowContext,
): Promise<readonly Work[]> {
  const { key, assetId } = listed
  const path = pathOf(key, parts)
  const asset = await unlessPermanent(ownerOf({ assetId, path }, parts, call), call)
  if (asset === null) return []
  if (asset === undefined) {
    const [origin] = parts.origins
    if (path === undefined || origin === undefined) return []
    // Another asset may stand there by now.
    if (assetId !== undefined && (await ownerOf({ path }, parts, call)) !== undefined) return []
    return [sweepWork('export-asset', { ref: { origin, path }, kind: 'deleted' }, destination)]
  }
  const ref = { origin: asset.origin, id: asset.id, ...(asset.path === '' ? {} : { path: asset.path }) }
  const due = dueAt(asset, destination, clock.now(), 'state')
  if (!due.isDue) {
    return mayStay(due) ? [] : [sweepWork('export-asset', { ref, kind: 'edited' }, destination)]
  }
  const file = ((await unlessPermanent(filesOf(asset, parts, call), call)) ?? []).find(
    (one) => one.key === key,
  )
  if (file !== undefined) {
    if (isVersion(listed, file.binary)) return []
    return [sweepWork('export-asset', { ref, kind: 'edited' }, destination)]
  }
  const hasMoved = path !== undefined && asset.path !== '' && path !== asset.path
  if (!hasMoved) return []
  const moved = { ref, kind: 'moved', previousPath: path } as const
  return [
    ...(isEnriching(asset.origin) ? [sweepWork('generic', moved)] : []),
    sweepWork('export-asset', moved, destination),
  ]
}

/** Null for what fails for good: that is told where the asset is exported, and must not hold up the other files. */
async function unlessPermanent<T>(work: Promise<T>, call: CallContext): Promise<T | null> {
  try {
    return await work
  } catch (thrown) {
    call.signal.throwIfAborted()
    if (toBridgeError(thrown).failureClass !== 'permanent') throw thrown
    return null
  }
}
