import type { Asset } from '../core/asset'
import { permanentError } from '../core/errors'
import { nonEmptyString } from '../core/json'
import { messageOf } from '../core/shown'
import { trimEndOf } from '../core/trim'
import { skipReason } from './skip'
import { heldValue, itemsOf } from './values'

/** Assets below a folder, of a media type such as `image/png` or `video/*`, or both. */
export type SkipRule = { path: string; mediaType?: string } | { path?: string; mediaType: string }

/** Which assets enrichment leaves alone: one of the rules holds, or the function says so. */
export type SkipRules = readonly SkipRule[] | ((asset: Asset) => boolean)

/** What decides that an asset is left alone, besides its state. */
export type LeaveRules = {
  /** The property by which a person switches enrichment off for an asset. */
  syncProperty: string
  skip: SkipRules
}

const offWords = new Set(['off', 'false', 'no'])

/**
 * Why enrichment must not change an asset now; undefined when it may.
 * @throws {BridgeError} permanent, `MAPPING_FAILED`, when the function `skip` throws
 */
export function leaveReason(asset: Asset, { syncProperty, skip }: LeaveRules): string | undefined {
  const state = skipReason(asset)
  if (state !== undefined) return state
  const isOff = itemsOf(heldValue(asset.metadata, syncProperty)).some((item) =>
    offWords.has(String(item).trim().toLowerCase()),
  )
  if (isOff) return `switched off by ${syncProperty} on the asset`
  if (typeof skip === 'function') {
    return isSkipped(skip, asset) ? 'left out by the function skip in config/enrichment.ts' : undefined
  }
  const rule = skip.find((one) => holds(one, asset))
  return rule === undefined ? undefined : `left out by skip in config/enrichment.ts: ${JSON.stringify(rule)}`
}

function holds({ path, mediaType }: SkipRule, asset: Asset): boolean {
  if (path !== undefined && !`${asset.path}/`.startsWith(`${trimEndOf(path, '/')}/`)) return false
  return mediaType === undefined || isOfType(asset, mediaType.toLowerCase())
}

function isOfType({ repository, metadata }: Asset, pattern: string): boolean {
  const told = nonEmptyString(repository['dc:format']) ?? nonEmptyString(metadata['dc:format']) ?? ''
  const type = told.split(';')[0]?.trim().toLowerCase() ?? ''
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}

function isSkipped(skip: (asset: Asset) => boolean, asset: Asset): boolean {
  try {
    return skip(asset)
  } catch (thrown) {
    const message = `the function skip in config/enrichment.ts failed: ${messageOf(thrown)}`
    throw permanentError('MAPPING_FAILED', message, { cause: thrown })
  }
}
