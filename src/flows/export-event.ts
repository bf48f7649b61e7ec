import type { AuthorHosts } from '../aem/author-host'
import type { Asset } from '../core/asset'
import { toBridgeError, transientError } from '../core/errors'
import { requireAsset } from '../events/cloud-event'
import { decodeEvent, eventKey, type Publication, publicationOf } from '../events/decode'
import { type AssetEvent, timeOf } from '../events/event'
import { classSkipReason, unusableReason } from '../metadata/skip'
import { type DeliveryParts, deliver, leftAloneReport, settle } from './deliver-asset'
import type { Delivery, DeliveryEvent } from './delivery-report'
import { type EventResult, type FlowContext, type FlowResult, type Retry, Unfinished } from './event-flow'
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
  { event, origin, delivered }: Work,
  parts: ExportEventParts,
  context: FlowContext,
  isDeferrable = true,
): Promise<FlowResult> {
  const { onlyDestination } = context
  const asset = await parts.assets.readAsset({ origin, id: event.assetId, path: event.path }, context.call)
  const reason = unusableReason(asset) ?? unpublishedReason(asset, event, parts)
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
    await Promise.all(names.map((name) => deliver(name, asset, delivered, parts, context))),
    asset,
  )
}

/** So long the author may take to say that an asset is published, after its event. */
const publishedWithinMs = 10 * 60_000

/**
 * An event that comes late, or is repeated, must not bring back what was unpublished meanwhile.
 * @throws {BridgeError} transient while the author may not know yet
 */
function unpublishedReason(
  asset: Asset,
  { time }: AssetEvent,
  { exports, clock }: ExportEventParts,
): string | undefined {
  if (exports.onUnpublish !== 'remove' || !isUnpublished(asset)) return undefined
  if (time === undefined || clock.now() - time > publishedWithinMs)
    return 'the asset is not published any more'
  throw transientError(
    'ASSET_NOT_PUBLISHED_YET',
    'AEM does not say yet that the asset is published; asked again later',
  )
}

async function retract(
  publication: Publication,
  work: Work,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<FlowResult> {
  const { event, delivered } = work
  const { onDelete, onUnpublish } = parts.exports
  if ((publication === 'deleted' ? onDelete : onUnpublish) !== 'remove') {
    return skipped(`config/destinations.ts keeps what was ${publication}`)
  }
  const { path } = event
  if (path === undefined) return skipped('the event names no path, so nobody knows what to remove')
  if (await isBack(work, path, parts, context)) return skipped('a published asset stands at this path again')
  const names = context.onlyDestination === undefined ? removers(parts) : [context.onlyDestination]
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
    return exportPublished({ ...work, event: { ...byPath, assetId: undefined } }, parts, context, false)
  }
  return result
}

const removers = ({ active, destination }: ExportEventParts): readonly string[] =>
  active().filter((name) => destination(name).can.remove)

/** Whether what stands at the path now was published after the event: the same asset anew, or another one. */
async function isBack(
  { event: { time }, origin }: Work,
  path: string,
  { assets }: ExportEventParts,
  { call }: FlowContext,
): Promise<boolean> {
  try {
    const { repository } = await assets.readAsset({ origin, path }, call)
    if (repository.isPublishedToAemPublish === false) return false
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
