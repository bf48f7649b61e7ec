import type { Asset } from '../../core/asset'
import { toBridgeError } from '../../core/errors'
import type { Exports } from '../../plugin/destinations'
import type { FlowContext } from '../event-flow'
import { codes, type DestinationOutcome, type FileOutcome, factsOf, type Outcome } from '../outcome'
import { keysOf, renditionsOf } from './asset-files'
import { atDestination, deliver } from './deliver-asset'
import { type Due, dueAt, isUnpublished } from './due'
import { readTooOld } from './export-asset'
import { destinationsOf, isImmediate } from './export-request'
import { aboutAsset, type ExportEventParts, findAsset, removers, skipped, type Task } from './export-task'

/**
 * Brings the destinations in step with an asset that was edited or moved. What AEM says of the asset decides, not the
 * event. An asset that is due is compared with each destination that it names: what differs is stored, sidecars
 * included. One that is due no longer is kept or removed, by the settings. An asset that another flow has just read shows
 * whether there is anything to do; where there is, it is read again.
 * @throws {BridgeError} when the event as a whole cannot be done; what fails at one destination is in the result
 */
export async function exportChanged(
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const { assetId: id, path, previousPath } = task.event
  const ref = { origin: task.origin, id, path }
  const older = previousPath === undefined ? context.reads?.take(ref) : undefined
  if (older !== undefined) {
    try {
      return await bringInStep(older, task, parts, { ...context, isOlder: true })
    } catch (thrown) {
      if (toBridgeError(thrown).code !== codes.readTooOld) throw thrown
    }
  }
  const asset = await findAsset(ref, parts, context.call)
  if (asset === undefined) return skipped('the asset is gone: its deletion tells what becomes of its files')
  return bringInStep(asset, task, parts, context)
}

async function bringInStep(
  asset: Asset,
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const { onlyDestination, trigger, isOlder } = context
  const own = aboutAsset(asset, context)
  const due = dueAt(asset, undefined, context.clock.now(), 'state')
  if (!due.isDue && due.error !== undefined) throw isOlder ? readTooOld() : due.error
  const names = (due.isDue ? due.names : []).filter((name) => isAsked(name, context))
  if (names.length > 0 && onlyDestination === undefined && trigger === 'push' && !isImmediate(asset)) {
    const reason = 'exportImmediately is not yes: the next batch run exports it'
    return { kind: 'deferred', reason, asset: factsOf(asset) }
  }
  const destinations = await Promise.all([
    ...names.map((name) => deliverAndFollow(name, asset, task, parts, own)),
    takeOut(asset, due, task, parts, own),
  ]).then((outcomes) => outcomes.flat())
  if (destinations.length > 0) return { kind: 'exported', asset: factsOf(asset), destinations }
  return skipped(due.isDue ? `exportDestination names no ${onlyDestination} any more` : due.reason, asset)
}

const isAsked = (name: string, { onlyDestination }: FlowContext): boolean =>
  onlyDestination === undefined || name === onlyDestination

/**
 * Removes an asset that is not due from the destinations that hold it, where the settings say so. It is removed by the
 * key that its metadata give now, and only where the destination tells that this app stored it.
 * @returns where something was there, or where it failed
 */
export async function takeOut(
  asset: Asset,
  due: Due,
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<readonly DestinationOutcome[]> {
  if (!isToTakeOut(asset, due, parts)) return []
  const named = namedBy(due)
  const names = removers(parts).filter((name) => isAsked(name, context) && !named?.includes(name))
  const { previousPath } = task.event
  const places = [asset.path, ...(previousPath === undefined ? [] : [previousPath])]
  const outcomes = await Promise.all(
    names.map((name) => {
      const act = () => removeHeld(name, places, asset, parts, context)
      return atDestination(name, task.work, act, context)
    }),
  )
  return outcomes.filter((one) => one.kind !== 'done' || one.files.length > 0)
}

/** The destinations that an asset names; undefined when it is not due for another reason. */
const namedBy = (due: Due): readonly string[] | undefined =>
  due.isDue ? due.names : due.kind === 'not-named' ? [] : undefined

/** Whether the settings have an asset removed from where it should not be. */
const isToTakeOut = (asset: Asset, due: Due, { exports }: ExportEventParts): boolean =>
  namedBy(due) === undefined ? isToGo(asset, due, exports) : exports.onNoLongerNamed === 'remove'

function isToGo(asset: Asset, due: Due, { onExpire, onUnpublish, onDelete }: Exports): boolean {
  if (due.isDue) return false
  if (due.kind === 'expired') return onExpire === 'remove'
  if (due.kind === 'discarded') return onDelete === 'remove'
  return due.kind === 'not-published' && isUnpublished(asset) && onUnpublish === 'remove'
}

async function removeHeld(
  name: string,
  paths: readonly string[],
  asset: Asset,
  parts: ExportEventParts,
  { call, isOlder }: FlowContext,
): Promise<readonly FileOutcome[]> {
  const destination = parts.destination(name)
  const files: FileOutcome[] = []
  const renditions = await renditionsOf(asset, parts, call)
  for (const path of paths) {
    for (const key of keysOf(placedAt(path, asset), parts, renditions)) {
      const held = await destination.head?.(key, call)
      if (held?.version === undefined) continue
      if (isOlder) throw readTooOld()
      await destination.remove?.(key, call)
      files.push({ key, outcome: 'removed', bytes: 0 })
    }
  }
  return files
}

/**
 * Delivers an asset, and then, where files follow a move, removes what stands under the key of the old path. In this
 * order a reader finds the one or the other at any time. Both are repeated when one of them fails.
 */
async function deliverAndFollow(
  name: string,
  asset: Asset,
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<DestinationOutcome> {
  const { work, event } = task
  const { previousPath } = event
  const told = await deliver(name, asset, work, parts, context)
  if (told.kind !== 'done' || previousPath === undefined || previousPath === asset.path) return told
  const { logger } = context.call
  const about = { destination: name, previousPath }
  if (!isFollowed(name, parts.exports)) {
    logger.info('an asset was moved: onMove keeps the files under its old path', about)
    return told
  }
  if (parts.destination(name).remove === undefined) {
    logger.info(
      'an asset was moved: this destination cannot remove, and keeps what it holds of the old path',
      about,
    )
    return told
  }
  const act = () => leaveOldPlace(name, previousPath, asset, task, parts, context)
  const left = await atDestination(name, work, act, context)
  return left.kind === 'done' ? { ...told, files: [...told.files, ...left.files] } : left
}

function isFollowed(name: string, { onMove = 'keep' }: Exports): boolean {
  if (typeof onMove === 'string') return onMove === 'follow'
  return Object.entries(onMove).some(([key, choice]) => key.toLowerCase() === name && choice === 'follow')
}

/** Another asset may have been published to the old path meanwhile: its files stay, or are stored again. */
async function leaveOldPlace(
  name: string,
  path: string,
  asset: Asset,
  { origin, work }: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<readonly FileOutcome[]> {
  const { call } = context
  const heir = async (): Promise<Asset | undefined> => {
    const found = await findAsset({ origin, path }, parts, call)
    const isHeir = found !== undefined && found.id !== asset.id && !isUnpublished(found)
    return isHeir && destinationsOf(found).includes(name) ? found : undefined
  }
  if ((await heir()) !== undefined) {
    call.logger.info('another asset is published at the old path: its file stays', { previousPath: path })
    return []
  }
  const renditions = await renditionsOf(asset, parts, call)
  const now = new Set(keysOf(asset, parts, renditions))
  const files: FileOutcome[] = []
  for (const key of keysOf(placedAt(path, asset), parts, renditions)) {
    if (now.has(key)) continue
    await parts.destination(name).remove?.(key, call)
    files.push({ key, outcome: 'removed', bytes: 0 })
  }
  const late = await heir()
  if (late !== undefined) await deliver(name, late, work, parts, aboutAsset(late, context))
  return files
}

/** The asset as it was at another path: a key may be made from its metadata, too. */
const placedAt = (path: string, asset: Asset): Asset => ({
  ...asset,
  path,
  name: path.slice(path.lastIndexOf('/') + 1),
})
