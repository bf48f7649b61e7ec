/**
 * What becomes of a member: kept as it is unless it is a URL that may be a key; kept exactly; or looked into, as an object or
 * as a list of objects.
 */
export type Naming = { readonly [name: string]: 'kept' | 'exact' | Naming | readonly [Naming] }

const cloudEvent: Naming = {
  id: 'kept',
  eventid: 'kept',
  event_id: 'kept',
  source: 'kept',
  type: 'kept',
  time: 'kept',
  data: {
    assetId: 'kept',
    tier: 'kept',
    repositoryMetadata: {
      'repo:repositoryId': 'kept',
      'repo:assetId': 'kept',
      'repo:path': 'kept',
      'repo:assetClass': 'kept',
    },
  },
}

const xdmEvent: Naming = {
  '@id': 'kept',
  '@type': 'kept',
  'activitystreams:published': 'kept',
  'activitystreams:generator': { 'xdmContentRepository:root': 'kept' },
  'activitystreams:object': { '@type': 'kept', 'xdmAsset:asset_id': 'kept', 'xdmAsset:path': 'kept' },
}

const bare: Naming = { ...cloudEvent, ...xdmEvent }

/** Recorded work about changed and deleted products. A product may have any name, one that looks like a secret as well. */
const syncRecord: Naming = {
  asset: { id: 'kept', path: 'kept' },
  deleted: [{ kind: 'exact', value: 'exact' }],
}

/**
 * The members that are read when an event is processed, in each format, bare or under `event`: what makes it this event
 * about this asset.
 */
export const naming: Naming = { ...bare, event: bare, ...syncRecord }
