import { maxEnvelopes } from './unwrap'

/** What becomes of a member: kept as it is, or looked into. */
export type Naming = { readonly [name: string]: 'kept' | Naming }

const cloudEventData: Naming = {
  assetId: 'kept',
  tier: 'kept',
  repositoryMetadata: {
    'repo:repositoryId': 'kept',
    'repo:assetId': 'kept',
    'repo:path': 'kept',
    'repo:assetClass': 'kept',
  },
}

const cloudEvent: Naming = {
  id: 'kept',
  eventid: 'kept',
  event_id: 'kept',
  source: 'kept',
  type: 'kept',
  time: 'kept',
}

const xdmEvent: Naming = {
  '@id': 'kept',
  '@type': 'kept',
  'xdmEventEnvelope:objectType': 'kept',
  'activitystreams:published': 'kept',
  'activitystreams:generator': { 'xdmContentRepository:root': 'kept' },
  'activitystreams:object': { '@type': 'kept', 'xdmAsset:asset_id': 'kept', 'xdmAsset:path': 'kept' },
}

/** In either format, the one in the other. */
const bare: Naming = { ...cloudEvent, ...xdmEvent, data: { ...cloudEventData, ...xdmEvent } }

/**
 * The members that the decoders read, in each format and wrapping (`unwrap.ts`): what makes it this event about this
 * asset.
 */
export const naming: Naming = wrapped(maxEnvelopes)

function wrapped(levels: number): Naming {
  return levels <= 1 ? bare : { ...bare, event: wrapped(levels - 1) }
}
