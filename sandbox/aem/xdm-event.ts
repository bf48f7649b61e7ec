import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../json'
import type { AemAsset } from './asset'
import { type EventOverrides, merged } from './event'

/** What the event proxy tells of an asset. */
export type ProxyVerb = 'created' | 'updated' | 'published' | 'unpublished' | 'deleted'

/** How the event proxy is set to deliver: its default since 0.1.0, and what it did before. */
export type ProxyFormat = 'cloud_events_v1' | 'adobe_io'

/** What an XDM event is about. */
export type XdmSubject = {
  path: string
  /** `N/A` for one that AEM did not find. */
  assetId?: string
  /** The author's URL, with a slash at the end as AEM sends it. */
  root: string
  now: number
}

const HOUR_MS = 3_600_000

/** As Java's `SSSX` writes it on a server that stands hours off UTC: an offset of two digits, or Z. */
const javaTime = (now: number, hours = 0): string => {
  const local = new Date(now + hours * HOUR_MS).toISOString().replace('Z', '')
  if (hours === 0) return `${local}Z`
  return `${local}${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}`
}

const xdmType = (verb: ProxyVerb): string => `xdm${verb.charAt(0).toUpperCase()}${verb.slice(1)}`

type Body = XdmSubject & { verb: ProxyVerb; published: string; etag?: unknown; format?: unknown }

const xdmBody = ({ verb, path, root, published, assetId = 'N/A', etag, format }: Body): JsonObject => ({
  '@id': `urn:oeid:aem:${randomUUID()}`,
  '@type': xdmType(verb),
  'xdmEventEnvelope:objectType': 'xdmAsset',
  'activitystreams:published': published,
  'activitystreams:to': { '@type': 'xdmImsOrg', 'xdmImsOrg:id': '0123456789ABCDEF01234567@AdobeOrg' },
  'activitystreams:generator': { '@type': 'xdmContentRepository', 'xdmContentRepository:root': root },
  'activitystreams:actor': { '@type': 'xdmAemUser', 'xdmAemUser:id': 'admin' },
  'activitystreams:object': {
    '@type': 'xdmAsset',
    'xdmAsset:asset_id': assetId,
    'xdmAsset:asset_name': path.slice(path.lastIndexOf('/') + 1),
    'xdmAsset:etag': typeof etag === 'string' ? etag : randomUUID(),
    'xdmAsset:path': path,
    'xdmAsset:format': typeof format === 'string' ? format : 'image/png',
  },
  '@context': {},
})

/** `asset_published` in the older format, as a journal carries it: the XDM body under `event`. */
export const assetPublished = (subject: XdmSubject): JsonObject => ({
  event_id: randomUUID(),
  event: xdmBody({ ...subject, verb: 'published', published: new Date(subject.now).toISOString() }),
})

/** The provider of one event proxy. */
const PROVIDER = 'urn:uuid:5a0b7c3e-1d2f-4a6b-8c9d-0e1f2a3b4c5d'

/**
 * What AEM's event proxy sends (adobe/aio-lib-java, `events_xdm` and `EventProviderConfig`), as I/O Events delivers it:
 * in a CloudEvent whose type is the operator's own event code, or, in the older format, under `event`. A deleted
 * asset has no id any more; the etag is the SHA-1, or by chance. The server stands eight hours west of UTC. Overrides
 * are for the body.
 */
export const xdmEvent = (
  verb: ProxyVerb,
  { id, path, repositoryMetadata: repository }: AemAsset,
  options: { now: number; root: string; overrides: EventOverrides; format: ProxyFormat },
): JsonObject => {
  const { now, root, overrides } = options
  const isOld = options.format === 'adobe_io'
  const body = merged(
    xdmBody({
      verb,
      path,
      root,
      now,
      assetId: verb === 'deleted' ? 'N/A' : id,
      etag: repository['dam:sha1'],
      format: repository['dc:format'],
      published: isOld ? javaTime(now).replace(/\.\d+Z$/, 'Z') : javaTime(now, -8),
    }),
    overrides,
  )
  const deliveryId = randomUUID()
  const delivery = { event_id: deliveryId, eventid: deliveryId }
  if (isOld) return { ...delivery, event: body }
  return {
    ...delivery,
    specversion: '1.0',
    id: randomUUID(),
    source: PROVIDER,
    type: `asset_${verb}`,
    datacontenttype: 'application/json',
    data: body,
  }
}
