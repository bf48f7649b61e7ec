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

const XDM_TYPES = { published: 'xdmPublished', unpublished: 'xdmUnpublished', deleted: 'xdmDeleted' }

/**
 * What AEM's event proxy sends (adobe/aio-lib-java, `events_xdm`), as I/O Events delivers it. A deleted asset has
 * no id any more; the etag is the SHA-1, or by chance. Overrides are for the body.
 */
export const xdmEvent = (
  kind: Publication,
  asset: AemAsset,
  options: { now: number; root: string; overrides: EventOverrides },
): JsonObject => {
  const { repositoryMetadata: repository } = asset
  const deliveryId = randomUUID()
  const body: JsonObject = {
    '@id': randomUUID(),
    '@type': XDM_TYPES[kind],
    'xdmEventEnvelope:objectType': 'xdmAsset',
    'activitystreams:published': new Date(options.now).toISOString().replace(/\.\d+Z$/, 'Z'),
    'activitystreams:to': { 'xdmImsOrg:id': '0123456789ABCDEF01234567@AdobeOrg', '@type': 'xdmImsOrg' },
    'activitystreams:generator': {
      'xdmContentRepository:root': options.root,
      '@type': 'xdmContentRepository',
    },
    'activitystreams:actor': { 'xdmAemUser:id': 'ada@example.com', '@type': 'xdmAemUser' },
    'activitystreams:object': {
      '@type': 'xdmAsset',
      'xdmAsset:asset_id': kind === 'deleted' ? 'N/A' : asset.id,
      'xdmAsset:asset_name': repository['repo:name'] ?? '',
      'xdmAsset:etag': repository['dam:sha1'] ?? randomUUID(),
      'xdmAsset:path': asset.path,
      'xdmAsset:format': repository['dc:format'] ?? '',
    },
    '@context': {},
  }
  return { event_id: deliveryId, eventid: deliveryId, event: merged(body, options.overrides) }
}
