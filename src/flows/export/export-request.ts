import type { Asset } from '../../core/asset'
import { permanentError } from '../../core/errors'
import { itemsOf } from '../../metadata/values'

/** More names are a mistake, and would use up the time of the run. */
const maxDestinations = 16
const maxNameLength = 64

/**
 * The destinations that an asset's metadata names, in lower case; a list, or a text with commas.
 * @throws {BridgeError} permanent, `DESTINATIONS_INVALID`, when it holds something else than names, or too many
 */
export function destinationsOf(asset: Asset): readonly string[] {
  const names = itemsOf(asset.metadata.exportDestination).flatMap((item) => {
    if (typeof item !== 'string') throw invalid('holds something else than names of destinations')
    return item.split(',')
  })
  const wanted = [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))]
  if (wanted.length > maxDestinations)
    throw invalid(`names ${wanted.length} destinations, and ${maxDestinations} at most are served`)
  if (wanted.some((name) => name.length > maxNameLength))
    throw invalid(`holds a name of more than ${maxNameLength} characters`)
  return wanted
}

const invalid = (what: string): Error =>
  permanentError('DESTINATIONS_INVALID', `the property exportDestination ${what}`)

/** Whether the asset is to be exported at once; otherwise the next batch run does it. */
export const isImmediate = (asset: Asset): boolean =>
  itemsOf(asset.metadata.exportImmediately).some((item) => /^(yes|true)$/i.test(String(item).trim()))
