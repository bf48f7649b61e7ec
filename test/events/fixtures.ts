import { BridgeError } from '../../src/core/errors'

/** Processing completed as AEM sends it and I/O Events passes it on; values invented. */
export const processingCompleted = () => ({
  specversion: '1.0',
  id: 'ev-1',
  source: 'acct:aem-p1-e2@adobe.com',
  type: 'aem.assets.asset.processing_completed',
  datacontenttype: 'application/json',
  time: '2030-01-02T03:04:05.123456789Z',
  event_id: 'd-1',
  eventid: 'd-1',
  recipient_client_id: 'c-1',
  recipientclientid: 'c-1',
  data: {
    assetId: 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
    assetMetadata: { 'xcm:machineKeywords': [{ value: 'lamp', confidence: 0.9 }] },
    repositoryMetadata: {
      'repo:repositoryId': 'author-p1-e2.adobeaemcloud.com',
      'repo:assetClass': 'file',
      'repo:assetId': 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
      'repo:name': 'lamp (1).png',
      'repo:path': '/content/dam/shop/lamp (1).png',
      'repo:ancestors': ['urn:aaid:aem:00000000-0000-0000-0000-0000000000aa'],
      'repo:size': '1024',
      'repo:state': 'ACTIVE',
      'repo:createDate': '2030-01-02T03:04:00.000Z',
      'dc:format': 'image/png',
      'dam:sha1': '0a1b',
      'tiff:imageWidth': 10,
      'aem:assetState': 'processed',
    },
  },
})

type Repository = Readonly<Record<string, unknown>>

/** The same with other members of `repositoryMetadata`; undefined leaves one out. */
export function withRepository(changes: Repository, event: Repository = {}, data: Repository = {}) {
  const base = processingCompleted()
  const repositoryMetadata = { ...base.data.repositoryMetadata, ...changes }
  // Through JSON, as it arrives: a member that is undefined is not there.
  return JSON.parse(
    JSON.stringify({ ...base, ...event, data: { ...base.data, ...data, repositoryMetadata } }),
  )
}

/** Whether it is the error of an event that cannot be read, for good. */
export const isMalformed = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.code === 'EVENT_MALFORMED' && thrown.failureClass === 'permanent'
