import { newNames, oldNames } from './move'
import { maxEnvelopes } from './unwrap'

/**
 * What becomes of a member: kept as it is, unless it is a URL that may be a key; kept exactly; or looked into; of a list,
 * each item is.
 */
export type Naming = { readonly [name: string]: 'kept' | 'exact' | Naming }

const paths: Naming = Object.fromEntries([...oldNames, ...newNames].map((name) => [name, 'kept']))
const oldPath: Naming = { 'event:updated': { 'repo:path': 'kept' } }

const cloudEventData: Naming = {
  ...paths,
  ...oldPath,
  assetId: 'kept',
  tier: 'kept',
  // Of work on a folder: where it goes on.
  rest: { after: 'kept', until: 'kept' },
  assetMetadata: oldPath,
  repositoryMetadata: {
    ...paths,
    ...oldPath,
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

/** The work of `pim-sync`, which stands in records in place of an event. A product may have any name, a URL as well. */
const syncWork: Naming = {
  asset: { id: 'kept', path: 'kept' },
  deleted: { kind: 'exact', value: 'exact' },
}

/** In either format, the one in the other. */
const bare: Naming = {
  ...cloudEvent,
  ...xdmEvent,
  ...syncWork,
  data: { ...cloudEventData, ...xdmEvent },
}

/**
 * The members that the decoders read, in each format and wrapping (`unwrap.ts`): what makes it this event about this
 * asset.
 */
export const naming: Naming = wrapped(maxEnvelopes)

function wrapped(levels: number): Naming {
  return levels <= 1 ? bare : { ...bare, event: wrapped(levels - 1) }
}
