import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { CursorKeeper } from '../../journal/cursor'
import type { ListedObject } from '../../plugin/destination'
import type { FlowContext } from '../event-flow'
import { filesOf } from '../export/asset-files'
import { dueAt } from '../export/due'
import { isVersion } from '../export/export-asset'
import { mayStay, type OwnerParts, ownerOf, pathOf } from '../export/owner'
import { inParallel } from '../in-parallel'
import type { Work } from '../work'
import { sweepWork } from './sweep-event'

/** A walk through the lists of the destinations. */
export type DestinationSweep = {
  parts: OwnerParts & { active(): readonly string[] }
  cursor: CursorKeeper
  isEnriching(origin: string): boolean
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
 * Compares one slice of what the destinations list with AEM, where no date tells of it: assets that were moved, withdrawn
 * or deleted. It goes on where the last run stopped, and begins anew after the last destination.
 * @returns how far it is, as the names of the destination and of the last file; undefined after a whole round
 * @throws {BridgeError} what AEM, State and a destination fail with, and what `take` throws: the next run begins with the
 * same page
 */
export async function sweepDestinations(
  sweep: DestinationSweep,
  context: FlowContext,
): Promise<string | undefined> {
  const { parts, cursor, endsAt, maxFiles, take } = sweep
  const { call, clock } = context
  const loaded = await cursor.load(call)
  const began = loaded?.began ?? clock.now()
  let [name, after] = placeOf(loaded?.position)
  let left = maxFiles
  const lists = parts.active().filter((one) => parts.destination(one).list !== undefined)
  const first = lists.indexOf(name ?? '')
  for (const current of lists.slice(Math.max(0, first))) {
    if (current !== name) after = undefined
    name = current
    let page: ListedObject[] = []
    const options = after === undefined ? {} : { after }
    for await (const listed of parts.destination(current).list?.(options, call) ?? []) {
      page.push(listed)
      if (page.length < pageSize) continue
      await takePage(current, page)
      page = []
      if (left <= 0 || clock.now() >= endsAt) return stopAt(current)
    }
    await takePage(current, page)
    if (left <= 0 || clock.now() >= endsAt) return stopAt(current)
  }
  await cursor.advance({ position: undefined, at: began }, call)
  await cursor.flush(call)
  return undefined

  async function takePage(destination: string, page: readonly ListedObject[]): Promise<void> {
    const work: Work[] = []
    await inParallel(page, readsAtOnce, async (listed) => {
      work.push(...(await workFor(listed, destination, sweep, context)))
    })
    await take(work, page.length)
    left -= page.length
    after = page.at(-1)?.key ?? after
    await cursor.advance(placeAt(destination), call)
  }

  async function stopAt(destination: string): Promise<string> {
    await cursor.advance(placeAt(destination), call)
    await cursor.flush(call)
    return `${destination} ${after ?? ''}`
  }

  function placeAt(destination: string): Parameters<CursorKeeper['advance']>[0] {
    return { position: `${destination} ${after ?? ''}`, at: loaded?.at, began }
  }
}

/** A name has no space in it, and a key may have some. */
function placeOf(position = ''): [string | undefined, string | undefined] {
  const space = position.indexOf(' ')
  const after = position.slice(space + 1)
  return space < 0 ? [undefined, undefined] : [position.slice(0, space), after === '' ? undefined : after]
}

/** What is to be done about a listed file; nothing when it is as it should be, or nobody can tell. */
async function workFor(
  listed: ListedObject,
  destination: string,
  { parts, isEnriching }: DestinationSweep,
  { call, clock }: FlowContext,
): Promise<readonly Work[]> {
  const { key, assetId } = listed
  const path = pathOf(key, parts)
  const asset = await ownerOf({ assetId, path }, parts, call)
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
  const file = (await files(asset, parts, call)).find((one) => one.key === key)
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

/** None of an asset that cannot have any: that is told where it is exported. */
async function files(asset: Asset, parts: OwnerParts, call: CallContext): ReturnType<typeof filesOf> {
  try {
    return await filesOf(asset, parts, call)
  } catch (thrown) {
    call.signal.throwIfAborted()
    if (toBridgeError(thrown).failureClass !== 'permanent') throw thrown
    return []
  }
}
