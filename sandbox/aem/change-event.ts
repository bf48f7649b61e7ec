import type { JsonObject } from '../json'
import type { AemAsset } from './asset'
import { type EventOverrides, processingCompleted } from './event'

type Options = { now: number; recipientClientId: string; overrides?: EventOverrides }

/**
 * `aem.assets.asset.metadata_updated` as captures show it: the changed properties with their new values, the names of
 * the new ones in a list, the old values of the others in an object, and who did it.
 */
export const metadataUpdated = (asset: AemAsset, options: Options): JsonObject =>
  processingCompleted(asset, {
    ...options,
    overrides: {
      type: 'aem.assets.asset.metadata_updated',
      data: {
        assetMetadata: {
          'xcm:machineKeywords': null,
          'dc:title': 'Lamp',
          'event:created': ['dc:title'],
          'event:updated': { 'dc:description': 'as it was' },
        },
        user: { imsUserId: 'ada@example.com', principalId: 'ada@example.com', displayName: 'Ada' },
      },
      ...options.overrides,
    },
  })

/**
 * A move of an asset. AEM has such events since October 2026; their type and members are not published, so this one
 * is made after `metadata_updated`, which tells the old values of what changed.
 */
export const moved = (asset: AemAsset, from: string, options: Options): JsonObject =>
  processingCompleted(asset, {
    ...options,
    overrides: {
      type: 'aem.assets.asset.moved',
      data: { assetMetadata: null, repositoryMetadata: { 'event:updated': { 'repo:path': from } } },
      ...options.overrides,
    },
  })
