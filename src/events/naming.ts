/**
 * What becomes of a member: kept as it is, unless it is a URL that may be a key; kept exactly; or looked into; of a list,
 * each item is.
 */
export type Naming = { readonly [name: string]: 'kept' | 'exact' | Naming }

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

/** The work of `pim-sync`, which stands in records in place of an event. A product may have any name, a URL as well. */
const syncWork: Naming = {
  asset: { id: 'kept', path: 'kept' },
  deleted: { kind: 'exact', value: 'exact' },
}

const bare: Naming = { ...cloudEvent, ...xdmEvent, ...syncWork }

/** The members that the decoders read, in each format, bare or under `event`: what makes it this event about this asset. */
export const naming: Naming = { ...bare, event: bare }
