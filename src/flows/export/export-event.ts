import type { AuthorHosts } from '../../aem/author-host'
import type { Asset } from '../../core/asset'
import { toBridgeError, transientError } from '../../core/errors'
import { requireAsset } from '../../events/cloud-event'
import { decodeEvent, eventKey, type Publication, publicationOf } from '../../events/decode'
import { type AssetEvent, timeOf } from '../../events/event'
import { classSkipReason, unusableReason } from '../../metadata/skip'
import { type EventResult, type FlowContext, type FlowResult, type Retry, Unfinished } from '../event-flow'
import { type DeliveryParts, deliver, leftAloneReport, settle } from './deliver-asset'
import type { Delivery, DeliveryEvent } from './delivery-report'
import { isUnpublished } from './export-asset'
import { destinationsOf, isImmediate } from './export-request'
import { removeFrom } from './remove-asset'

export type ExportEventParts = DeliveryParts & { hosts: AuthorHosts }

type Work = { event: AssetEvent; origin: string; delivered: DeliveryEvent }

/**
 * What an event about a publication leads to: the file goes to the destinations that the asset's metadata names, when
 * it asks for that at once; what was unpublished or deleted is kept or removed, as the user decided.
 * @throws {BridgeError} when the event as a whole cannot be done; what fails at one destination is in the result
 */
export async function exportEventWith(
  raw: unknown,
  partsFor: () => ExportEventParts,
  context: FlowContext,
): Promise<FlowResult> {
  const event = decodeEvent(raw)
  const publication = publicationOf(event.type)
  if (publication === undefined) {
    const message = `skipped: nothing to do for ${event.type}`
    return { message, outcome: 'ignored', reason: 'unknown event type' }
  }
  const notNow = classSkipReason(event.assetClass) ?? tierSkipReason(event)
  if (notNow !== undefined) return skipped(notNow)
  requireAsset(event)
  const parts = partsFor()
  const work = { event, origin: parts.hosts.resolve(event.host), delivered: { raw, key: eventKey(raw) } }
  return publication === 'published'
    ? exportPublished(work, parts, context)
    : retract(publication, work, parts, context)
}

/** A preview is not yet for the world. */
const tierSkipReason = ({ tier }: AssetEvent): string | undefined =>
  tier === undefined || tier === 'publish' ? undefined : `published to the tier ${tier.slice(0, 40)} only`

async function exportPublished(
  work: Work,
  parts: ExportEventParts,
  context: FlowContext,
  isDeferrable = true,
): Promise<FlowResult> {
  const { onlyDestination } = context
  const found = await lookAt(work, parts, context)
  if ('withdrawn' in found) return takeBack(found, work, parts, context)
  const { asset } = found
  const reason = unusableReason(asset)
  if (reason !== undefined) return skipped(reason, asset)
  const named = destinationsOf(asset)
  const names = onlyDestination === undefined ? named : named.filter((name) => name === onlyDestination)
  if (names.length === 0) {
    return skipped(
      `exportDestination names no ${onlyDestination === undefined ? 'destination' : `${onlyDestination} any more`}`,
      asset,
    )
  }
  if (onlyDestination === undefined && context.trigger === 'push' && isDeferrable && !isImmediate(asset)) {
    const why = 'exportImmediately is not yes: the next batch run exports it'
    return { ...skipped(why, asset), message: `deferred: ${why}`, outcome: 'deferred' }
  }
  return summary(
    await Promise.all(names.map((name) => deliver(name, asset, work.delivered, parts, context))),
    asset,
  )
}

/** Why an asset that was published must not stay anywhere. */
type Withdrawn = { withdrawn: string; path: string | undefined; asset?: Asset }

/**
 * The asset of a publication; or, where nothing of what was unpublished or deleted may stay, that it is withdrawn.
 * @throws {BridgeError} transient while the author may not know yet
 */
async function lookAt(
  { event, origin }: Work,
  { assets, exports, clock }: ExportEventParts,
  { call }: FlowContext,
): Promise<{ asset: Asset } | Withdrawn> {
  let found: { asset: Asset } | Withdrawn
  try {
    const asset = await assets.readAsset({ origin, id: event.assetId, path: event.path }, call)
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

/** So long the author may take to say that an asset is published, after its event. */
const publishedWithinMs = 10 * 60_000

/**
 * An event that comes late, or whose upload outlasted the withdrawal, must not bring back what was taken away; and it
 * may have: whatever is there goes.
 */
async function takeBack(
  { withdrawn, path, asset }: Withdrawn,
  work: Work,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<FlowResult> {
  const { onlyDestination } = context
  const names = removers(parts).filter((name) => onlyDestination === undefined || name === onlyDestination)
  if (path === undefined || names.length === 0) return skipped(withdrawn, asset)
  context.call.logger.info('a publication came too late: what it left is removed', {
    event: work.delivered.key,
    reason: withdrawn,
  })
  return removeAll(path, names, work, parts, context)
}

async function retract(
  publication: Publication,
  work: Work,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<FlowResult> {
  const { event } = work
  const { onDelete, onUnpublish } = parts.exports
  if ((publication === 'deleted' ? onDelete : onUnpublish) !== 'remove') {
    return skipped(`config/destinations.ts keeps what was ${publication}`)
  }
  const { path } = event
  if (path === undefined) return skipped('the event names no path, so nobody knows what to remove')
  const names = context.onlyDestination === undefined ? removers(parts) : [context.onlyDestination]
  return removeAll(path, names, work, parts, context)
}

/** Removes what stands at the destinations for a path, unless an asset stands there by right. */
async function removeAll(
  path: string,
  names: readonly string[],
  work: Work,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<FlowResult> {
  const { event, delivered } = work
  if (await isBack(work, path, parts, context)) return skipped('a published asset stands at this path again')
  const removals = names.map(async (name) =>
    settle(
      leftAloneReport(name, context) ?? (await removeFrom(name, path, parts, context.call)),
      delivered,
      context,
    ),
  )
  const result = summary(await Promise.all(removals))
  // Published again in this very moment: its own event may have found the file still there.
  if (await isBack(work, path, parts, context)) {
    const { assetId: _, ...byPath } = event
    return exportPublished({ ...work, event: { ...byPath, path, assetId: undefined } }, parts, context, false)
  }
  return result
}

const removers = ({ active, destination }: ExportEventParts): readonly string[] =>
  active().filter((name) => destination(name).can.remove)

/**
 * Whether an asset stands at the path by right: after a withdrawal one that was published later, the same or another;
 * after a publication any that AEM does not call unpublished.
 */
async function isBack(
  { event: { time, type }, origin }: Work,
  path: string,
  { assets }: ExportEventParts,
  { call }: FlowContext,
): Promise<boolean> {
  try {
    const asset = await assets.readAsset({ origin, path }, call)
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

const skipped = (reason: string, asset?: Asset): EventResult => ({
  message: `skipped: ${reason}`,
  outcome: 'skipped',
  reason,
  ...assetData(asset),
})

const assetData = (asset: Asset | undefined) =>
  asset === undefined
    ? {}
    : {
        assetdata: {
          assetName: asset.name,
          assetPath: asset.path,
          assetId: asset.id,
          aemHost: asset.origin,
        },
      }

function summary(deliveries: readonly Delivery[], asset?: Asset): FlowResult {
  const destinations = deliveries.map(({ report }) => report)
  const outcomes = new Set(destinations.map(({ outcome }) => outcome))
  const [outcome = 'done'] = outcomes
  const result: EventResult = {
    message: destinations.map(sentence).join('; ') || 'no destination is set up',
    outcome: outcomes.size > 1 ? 'mixed' : outcome,
    ...assetData(asset),
    destinations,
    bytes: destinations.flatMap(({ files = [] }) => files).reduce((sum, { bytes }) => sum + bytes, 0),
  }
  const [first, ...others] = deliveries.flatMap(({ report, retry }): Retry[] =>
    retry === undefined ? [] : [{ destination: report.destination, error: retry }],
  )
  return first === undefined ? result : new Unfinished(result, [first, ...others])
}

const sentence = ({ destination, outcome, reason }: Delivery['report']): string =>
  `${destination}: ${outcome}${reason ? ` (${reason})` : ''}`
