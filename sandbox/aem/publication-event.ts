import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../json'
import type { AemAsset } from './asset'
import { type EventOverrides, merged } from './event'

/** What happened to an asset on its way to the publish tier. */
export type Publication = 'published' | 'unpublished' | 'deleted'

/**
 * The CloudEvent `aem.assets.asset.published` as Adobe's filter documentation shows it: the host as source, the size
 * as a number, and less about the asset than other events tell. Its twins are made after it; public sources do not
 * show them.
 */
export const publicationEvent = (
  kind: Publication,
  asset: AemAsset,
  options: { now: number; host: string; overrides: EventOverrides },
): JsonObject => {
  const { repositoryMetadata: repository } = asset
  const deliveryId = randomUUID()
  const known = ['aem:assetState', 'repo:name', 'repo:path', 'repo:size'].flatMap((name) =>
    repository[name] === undefined ? [] : [[name, repository[name]]],
  )
  return merged(
    {
      specversion: '1.0',
      id: randomUUID(),
      source: options.host,
      type: `aem.assets.asset.${kind}`,
      datacontenttype: 'application/json',
      time: new Date(options.now).toISOString(),
      event_id: deliveryId,
      eventid: deliveryId,
      data: {
        assetId: asset.id,
        user: { imsUserId: 'ada@example.com', principalId: 'ada@example.com', displayName: 'Ada' },
        ...(kind === 'deleted'
          ? {}
          : { tier: 'publish', assetMetadata: structuredClone(asset.assetMetadata) }),
        repositoryMetadata: Object.fromEntries(known),
      },
    },
    options.overrides,
  )
}
