import type { Asset } from '../core/asset'
import { nonEmptyString } from '../core/json'

/** The asset class that carries a file. */
const fileClass = 'file'

/** Why an asset of this class is skipped; undefined for a file, or when the class is not given. */
export function classSkipReason(assetClass: string | undefined): string | undefined {
  return assetClass === undefined || assetClass === fileClass ? undefined : `not a file but a ${assetClass}`
}

/**
 * Why an asset must not be changed now; undefined when it may. A field that AEM leaves out does not prevent a change.
 * Source: repositoryMetadata of the Assets Author API.
 */
export function skipReason(asset: Asset): string | undefined {
  const text = textIn(asset)
  const unusable = unusableOf(asset)
  if (unusable !== undefined) return unusable.reason
  const user = text('aem:checkedOutBy')
  if (user !== undefined) return `the asset is checked out by ${user}`
  const state = text('aem:assetState')
  if (state !== undefined && state.toLowerCase() !== 'processed')
    return `the asset is still processing (${state})`
  return undefined
}

/** Why an asset is of no use to anything, as a key for reports. */
export type UnusableKind = 'not-a-file' | 'discarded' | 'infected'

/**
 * Why an asset must neither be changed nor exported; undefined when it may. A check-out, or renditions in progress, do
 * not prevent an export.
 */
export function unusableOf(asset: Asset): { kind: UnusableKind; reason: string } | undefined {
  const text = textIn(asset)
  const notAFile = classSkipReason(text('repo:assetClass'))
  if (notAFile !== undefined) return { kind: 'not-a-file', reason: notAFile }
  if (text('repo:state')?.toUpperCase().startsWith('DISCARDED'))
    return { kind: 'discarded', reason: 'the asset is discarded' }
  if (text('dam:avScanStatus')?.toLowerCase() === 'infected')
    return { kind: 'infected', reason: 'the virus scan found the asset infected' }
  return undefined
}

const textIn =
  (asset: Asset) =>
  (name: string): string | undefined =>
    nonEmptyString(asset.repository[name])
