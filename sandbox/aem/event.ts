import { randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import { type AemAsset, withoutNulls } from './asset'

/** What a test changes in an event: a null leaves the field out; `data` and its groups are merged. */
export type EventOverrides = { [field: string]: JsonValue }

/** The object with these changes; a null leaves a member out. */
export const merged = (base: JsonObject, changes: JsonObject): JsonObject => {
  const result: JsonObject = { ...base }
  for (const [key, value] of Object.entries(changes)) {
    const old = result[key]
    result[key] = isJsonObject(old) && isJsonObject(value) ? merged(old, value) : value
  }
  return withoutNulls(result)
}

/**
 * The CloudEvent `aem.assets.asset.processing_completed` as AEM sends it and as I/O Events passes it on:
 * sizes as strings, the state in lower case, nine fractional digits, the delivery id in both spellings.
 * `user` is absent: the system acts.
 */
export const processingCompleted = (
  asset: AemAsset,
  options: { now: number; recipientClientId: string; overrides?: EventOverrides },
): JsonObject => {
  const { now, recipientClientId, overrides = {} } = options
  const { repositoryMetadata: repository } = asset
  const deliveryId = randomUUID()
  const event: JsonObject = {
    specversion: '1.0',
    id: randomUUID(),
    source: 'acct:aem-p1-e2@adobe.com',
    type: 'aem.assets.asset.processing_completed',
    datacontenttype: 'application/json',
    time: new Date(now).toISOString().replace('Z', '000000Z'),
    event_id: deliveryId,
    eventid: deliveryId,
    recipient_client_id: recipientClientId,
    recipientclientid: recipientClientId,
    data: {
      assetId: asset.id,
      assetMetadata: { 'xcm:machineKeywords': [{ value: 'garden', confidence: 0.9 }] },
      repositoryMetadata: {
        'repo:state': 'ACTIVE',
        ...structuredClone(repository),
        'repo:size': String(repository['repo:size']),
        'aem:assetState': String(repository['aem:assetState']).toLowerCase(),
      },
    },
  }
  return merged(event, overrides)
}
