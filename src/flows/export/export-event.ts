import type { AuthorHosts } from '../../aem/author-host'
import { resolveAuthor } from '../../aem/refused-host'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError, transientError } from '../../core/errors'
import { withFields } from '../../core/logger'
import { requireAsset } from '../../events/cloud-event'
import { eventKey, type Publication, publicationOf, publications, readEvent } from '../../events/decode'
import { type AssetEvent, timeOf } from '../../events/event'
import type { MemoryGate } from '../../http/memory-gate'
import { classSkipReason } from '../../metadata/skip'
import type { FlowContext } from '../event-flow'
import { factsOf, type Outcome, type Skipped } from '../outcome'
import type { Work } from '../work'
import { atDestination, type DeliveryParts, deliver } from './deliver-asset'
import { dueAt, isUnpublished } from './due'
import { isImmediate } from './export-request'
import { removeFrom } from './remove-asset'

export type ExportEventParts = DeliveryParts & {
  hosts: AuthorHosts
  /** All assets of this process that are being exported fit into it. */
  memory: MemoryGate
}

/** A decoded event, and its work in the form that records keep. */
type Task = { event: AssetEvent; origin: string; work: Work }

/**
 * Handles an event about a publication. A published asset is exported to the destinations that its metadata names, if
 * the metadata asks for immediate export. For an unpublished or deleted asset the files are kept or removed, by the
 * settings.
 * @throws {BridgeError} when the event as a whole cannot be done; what fails at one destination is in the result
 */
export async function exportEventWith(
  raw: unknown,
  partsFor: () => ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const reading = readEvent(raw, publications)
  if (reading.ignored !== undefined) return { kind: 'ignored', ...reading.ignored }
  const { event, happening: publication } = reading
  const notNow = classSkipReason(event.assetClass) ?? tierSkipReason(event)
  if (notNow !== undefined) return skipped(notNow)
  requireAsset(event)
  const parts = partsFor()
  const { action, onlyDestination: destination } = context
  const work = { action, event: raw, ...(destination === undefined ? {} : { destination }) }
  const task = { event, origin: resolveAuthor(parts.hosts, event.host, context.call), work }
  return publication === 'published'
    ? exportPublished(task, parts, context)
    : retract(publication, task, parts, context)
}

/**
 * Reads the asset of an event when there is memory for it. The memory counts until the answer is read, not while its
 * files are on their way: how many exports there are at once is bounded by the limits of the actions, and an upload that
 * hangs must not hold up the others.
 */
const readAsset = (ref: AssetRef, { assets, memory }: ExportEventParts, call: CallContext): Promise<Asset> =>
  memory.run(ref.origin, call, (own) => assets.readAsset(ref, own))

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
  // An event may name the id only, or the path only.
  const known = { assetId: asset.id, ...(asset.path === '' ? {} : { path: asset.path }) }
  const own = { ...context, call: { ...context.call, logger: withFields(context.call.logger, known) } }
  const due = dueAt(asset, onlyDestination, context.clock.now(), 'published-event')
  if (!due.isDue) {
    if (due.error !== undefined) throw due.error
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

const removers = ({ active, destination }: ExportEventParts): readonly string[] =>
  active().filter((name) => destination(name).remove !== undefined)

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

const skipped = (reason: string, asset?: Asset): Skipped => ({
  kind: 'skipped',
  reason,
  ...(asset === undefined ? {} : { asset: factsOf(asset) }),
})
