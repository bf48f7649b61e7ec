import { resolveAuthor } from '../../aem/refused-host'
import type { Asset } from '../../core/asset'
import { toBridgeError, transientError } from '../../core/errors'
import { requireAsset } from '../../events/cloud-event'
import { eventKey, type Publication, publicationOf, publications, readEvent } from '../../events/decode'
import { type AssetEvent, timeOf } from '../../events/event'
import { changes } from '../../events/happening'
import { classSkipReason } from '../../metadata/skip'
import { eachBelow, isFolder } from '../each-below'
import type { EventFlow, FlowContext } from '../event-flow'
import { factsOf, type Outcome } from '../outcome'
import type { Work } from '../work'
import { atDestination, deliver } from './deliver-asset'
import { dueAt, isUnpublished } from './due'
import { exportChanged, takeOut } from './export-changed'
import { isImmediate } from './export-request'
import { aboutAsset, type ExportEventParts, readAsset, removers, skipped, type Task } from './export-task'
import { handOver } from './hand-over'
import { removeFrom } from './remove-asset'

/**
 * Handles an event about a publication, an edit or a move. A published asset is exported to the destinations that its metadata names, if
 * the metadata asks for immediate export. For an unpublished or deleted asset the files are kept or removed, by the
 * settings.
 * @throws {BridgeError} when the event as a whole cannot be done; what fails at one destination is in the result
 */
export async function exportEventWith(
  raw: unknown,
  partsFor: () => ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const reading = readEvent(raw, [...publications, ...changes])
  if (reading.ignored !== undefined) return { kind: 'ignored', ...reading.ignored }
  const { event, happening } = reading
  const isOfMany = isFolder(event) && happening !== 'metadata-updated'
  const notNow = (isOfMany ? undefined : classSkipReason(event.assetClass)) ?? tierSkipReason(event)
  if (notNow !== undefined) return skipped(notNow)
  requireAsset(event)
  const parts = partsFor()
  const { action, onlyDestination: destination } = context
  const work = { action, event: raw, ...(destination === undefined ? {} : { destination }) }
  const task = { event, origin: resolveAuthor(parts.hosts, event.host, context.call), work }
  if (isOfMany) {
    if (happening === 'deleted') return folderGone(event, context)
    const flow: EventFlow = (one, own) => exportEventWith(one, () => parts, own)
    const activations = parts.activations(context)
    const goOn = activations && ((rest: Work) => handOver(rest, activations, context))
    return eachBelow({ raw, event, origin: task.origin }, { library: parts.library, flow, goOn }, context)
  }
  if (happening === 'published') return exportPublished(task, parts, context)
  if (happening === 'moved' || happening === 'metadata-updated') return exportChanged(task, parts, context)
  return retract(happening, task, parts, context)
}

/** AEM lists nothing of a folder that is gone. */
function folderGone({ path }: AssetEvent, { call }: FlowContext): Outcome {
  const reason = 'a folder was deleted: AEM does not tell any more which assets were in it'
  call.logger.warn(reason, { path })
  return skipped(reason)
}

/** Only the publish tier counts, not the preview tier. */
const tierSkipReason = ({ tier }: AssetEvent): string | undefined =>
  tier === undefined || tier === 'publish' ? undefined : `published to the tier ${tier.slice(0, 40)} only`

async function exportPublished(
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
  isDeferrable = true,
): Promise<Outcome> {
  const { onlyDestination } = context
  const found = await lookAt(task, parts, context)
  if ('withdrawn' in found) return takeBack(found, task, parts, context)
  const { asset } = found
  const own = aboutAsset(asset, context)
  const due = dueAt(asset, onlyDestination, context.clock.now(), 'published-event')
  if (!due.isDue) {
    if (due.error !== undefined) throw due.error
    const destinations = due.kind === 'expired' ? await takeOut(asset, due, task, parts, own) : []
    if (destinations.length > 0) return { kind: 'exported', asset: factsOf(asset), destinations }
    const isTakenOut = due.kind === 'not-named' && onlyDestination !== undefined
    return skipped(isTakenOut ? `exportDestination names no ${onlyDestination} any more` : due.reason, asset)
  }
  if (onlyDestination === undefined && context.trigger === 'push' && isDeferrable && !isImmediate(asset)) {
    const reason = 'exportImmediately is not yes: the next batch run exports it'
    return { kind: 'deferred', reason, asset: factsOf(asset) }
  }
  const destinations = await Promise.all(due.names.map((name) => deliver(name, asset, task.work, parts, own)))
  return { kind: 'exported', asset: factsOf(asset), destinations }
}

/** Why the files of an asset must be removed, although it was published. */
type Withdrawn = { withdrawn: string; path: string | undefined; asset?: Asset }

/**
 * The asset of a publication; or that it is withdrawn, where the files of such an asset must be removed.
 * @throws {BridgeError} transient while the author may not know yet
 */
async function lookAt(
  { event, origin }: Task,
  parts: ExportEventParts,
  { call, clock }: FlowContext,
): Promise<{ asset: Asset } | Withdrawn> {
  const { exports } = parts
  let found: { asset: Asset } | Withdrawn
  try {
    const asset = await readAsset({ origin, id: event.assetId, path: event.path }, parts, call)
    if (exports.onUnpublish !== 'remove' || !isUnpublished(asset)) return { asset }
    const path = asset.path === '' ? event.path : asset.path
    found = { withdrawn: 'the asset is not published any more', path, asset }
  } catch (thrown) {
    const isGone = toBridgeError(thrown).code === 'ASSET_NOT_FOUND'
    if (!isGone || exports.onDelete !== 'remove' || event.path === undefined) throw thrown
    found = { withdrawn: 'the asset is gone', path: event.path }
  }
  if (event.time === undefined || clock.now() - event.time > publishedWithinMs) return found
  throw transientError(
    'ASSET_NOT_PUBLISHED_YET',
    'AEM does not say yet that the asset is published; asked again later',
  )
}

/** How long after its event the author may take to report an asset as published. */
const publishedWithinMs = 10 * 60_000

/**
 * A late event, or an upload that outlasts the withdrawal, may store files again that were removed. So they are
 * removed once more.
 */
async function takeBack(
  { withdrawn, path, asset }: Withdrawn,
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const { onlyDestination } = context
  const names = removers(parts).filter((name) => onlyDestination === undefined || name === onlyDestination)
  if (path === undefined || names.length === 0) return skipped(withdrawn, asset)
  context.call.logger.info('a publication came too late: what it left is removed', {
    event: eventKey(task.work.event),
    reason: withdrawn,
  })
  return removeAll(path, names, task, parts, context)
}

async function retract(
  publication: Publication,
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const { event } = task
  const { onDelete, onUnpublish } = parts.exports
  if ((publication === 'deleted' ? onDelete : onUnpublish) !== 'remove') {
    return skipped(`config/destinations.ts keeps what was ${publication}`)
  }
  const { path } = event
  if (path === undefined) return skipped('the event names no path, so the files to remove are unknown')
  const names = context.onlyDestination === undefined ? removers(parts) : [context.onlyDestination]
  return removeAll(path, names, task, parts, context)
}

/** Removes the files of a path from the destinations, unless a published asset owns the path. */
async function removeAll(
  path: string,
  names: readonly string[],
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const { event, work } = task
  if (await isBack(task, path, parts, context)) return skipped('a published asset stands at this path again')
  const removals = names.map((name) =>
    atDestination(name, work, () => removeFrom(name, path, parts, context.call), context),
  )
  const destinations = await Promise.all(removals)
  // The asset may have been published again meanwhile, and its event may have found the file before it was removed.
  if (await isBack(task, path, parts, context)) {
    const { assetId: _, ...byPath } = event
    return exportPublished({ ...task, event: { ...byPath, path, assetId: undefined } }, parts, context, false)
  }
  return { kind: 'exported', destinations }
}

/**
 * Whether a published asset owns the path: after a withdrawal, an asset that was published later; after a
 * publication, any asset that AEM does not report as unpublished.
 */
async function isBack(
  { event: { time, type }, origin }: Task,
  path: string,
  parts: ExportEventParts,
  { call }: FlowContext,
): Promise<boolean> {
  try {
    const asset = await readAsset({ origin, path }, parts, call)
    if (isUnpublished(asset)) return false
    if (publicationOf(type) === 'published') return true
    const { repository } = asset
    const published = timeOf(repository['aem:published']) ?? timeOf(repository['repo:createDate'])
    return published !== undefined && time !== undefined && published > time
  } catch (thrown) {
    if (toBridgeError(thrown).code === 'ASSET_NOT_FOUND') return false
    throw thrown
  }
}
