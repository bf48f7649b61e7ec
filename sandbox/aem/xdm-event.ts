import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../json'

/** What an XDM event is about. */
export type XdmSubject = {
  path: string
  /** `N/A` for one that AEM did not find. */
  assetId?: string
  /** The author's URL, with a slash at the end as AEM sends it. */
  root: string
  now: number
}

/**
 * `asset_published` as AEM's event proxy sends it, and as a delivery and a journal carry it: the XDM body under
 * `event`.
 */
export const assetPublished = ({ path, root, now, assetId = 'N/A' }: XdmSubject): JsonObject => ({
  event_id: randomUUID(),
  event: {
    '@id': `urn:oeid:aem:${randomUUID()}`,
    '@type': 'xdmPublished',
    'xdmEventEnvelope:objectType': 'xdmAsset',
    'activitystreams:published': new Date(now).toISOString(),
    'activitystreams:to': {
      '@type': 'xdmImsOrg',
      'xdmImsOrg:id': '0123456789ABCDEF01234567@AdobeOrg',
    },
    'activitystreams:generator': { '@type': 'xdmContentRepository', 'xdmContentRepository:root': root },
    'activitystreams:actor': { '@type': 'xdmAemUser', 'xdmAemUser:id': 'admin' },
    'activitystreams:object': {
      '@type': 'xdmAsset',
      'xdmAsset:asset_id': assetId,
      'xdmAsset:asset_name': path.slice(path.lastIndexOf('/') + 1),
      'xdmAsset:etag': randomUUID(),
      'xdmAsset:path': path,
      'xdmAsset:format': 'image/png',
    },
    '@context': {},
  },
})
