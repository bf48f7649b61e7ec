import { randomUUID } from 'node:crypto'
import type { JsonObject } from './json'

/**
 * Events that a receiver may get and that are for others, in the form that Adobe's documentation of each shows; values
 * invented. By name.
 */
export const foreignEvents = (): Readonly<Record<string, JsonObject>> => ({
  // A CloudEvent without an id, below `event.body`.
  'Marketo user audit': {
    eventid: randomUUID(),
    event: {
      body: {
        specversion: '1.0',
        type: 'com.adobe.platform.marketo.audit.user.email',
        source: 'urn:mlm',
        time: '2030-01-02 03:04:05.678',
        datacontenttype: 'application/json',
        dataschema: 'V2.0',
        data: { componentId: 7, componentType: 'Email', eventAction: 'approve', userId: 'ada@example.com' },
      },
    },
    recipientclientid: 'client-id',
  },
  'Analytics trigger': {
    event_id: randomUUID(),
    event: {
      'com.adobe.mcloud.pipeline.pipelineMessage': {
        header: { sentTime: 1_893_553_445_000, imsOrg: '0123456789ABCDEF01234567@AdobeOrg' },
        'com.adobe.mcloud.protocol.trigger': {
          triggerId: randomUUID(),
          triggerTimestamp: 1_893_553_445_000,
          enrichments: {
            analyticsHitSummary: { dimensions: { eVar3: { type: 'string', data: ['/cart'] } } },
          },
        },
      },
    },
  },
  'published page, CloudEvent': {
    specversion: '1.0',
    id: randomUUID(),
    source: 'urn:uuid:5a0b7c3e-1d2f-4a6b-8c9d-0e1f2a3b4c5d',
    type: 'page_published',
    datacontenttype: 'application/json',
    data: publishedPage(),
  },
  'published page, older format': { event_id: randomUUID(), event: publishedPage() },
  'file of Creative Cloud': {
    event_id: randomUUID(),
    event: {
      '@id': randomUUID(),
      '@type': 'xdmDeleted',
      'xdmEventEnvelope:objectType': 'xdmAsset',
      'activitystreams:published': '2030-01-02T03:04:05.678Z',
      'activitystreams:generator': {
        '@type': 'xdmContentRepository',
        'xdmContentRepository:root': 'https://cc-api-storage.adobe.io/',
      },
      'activitystreams:object': {
        '@type': 'xdmAsset',
        'xdmAsset:asset_id': `urn:aaid:sc:us:${randomUUID()}`,
      },
    },
  },
  'page of AEM Sites': {
    specversion: '1.0',
    id: randomUUID(),
    source: 'acct:aem-p1-e2@adobe.com',
    type: 'aem.sites.page.published',
    datacontenttype: 'application/json',
    time: '2030-01-02T03:04:05.678Z',
    data: { path: '/content/shop/en', tier: 'publish' },
  },
  "event of one's own": { specversion: '1.0', id: 'own-1', source: 'urn:shop', type: 'shop.order', data: 7 },
})

const publishedPage = (): JsonObject => ({
  '@id': randomUUID(),
  '@type': 'xdmPublished',
  'xdmEventEnvelope:objectType': 'xdmComponentizedPage',
  'activitystreams:published': '2030-01-02T03:04:05.678-08',
  'activitystreams:generator': {
    '@type': 'xdmContentRepository',
    'xdmContentRepository:root': 'https://author-p1-e2.adobeaemcloud.com/',
  },
  'activitystreams:object': {
    '@id': 'https://author-p1-e2.adobeaemcloud.com/content/shop/en.html',
    '@type': 'xdmComponentizedPage',
    'xdmComponentizedPage:title': 'Shop',
    'xdmComponentizedPage:path': '/content/shop/en.html',
  },
})
