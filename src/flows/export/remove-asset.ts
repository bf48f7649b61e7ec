import type { CallContext } from '../../core/call-context'
import { permanentError } from '../../core/errors'
import type { FileOutcome } from '../outcome'
import { keysOf } from './asset-files'
import type { ExportParts } from './export-asset'

/**
 * Removes the files of an asset from a destination, by its path alone, since its metadata is gone.
 * @throws {BridgeError} permanent, `DESTINATION_CANNOT_REMOVE`; what the destination throws
 */
export async function removeFrom(
  name: string,
  path: string,
  parts: ExportParts,
  call: CallContext,
): Promise<readonly FileOutcome[]> {
  const destination = parts.destination(name)
  if (!destination.remove) {
    throw permanentError(
      'DESTINATION_CANNOT_REMOVE',
      `${name} cannot remove: take the file away there by hand`,
    )
  }
  const asset = { path, name: path.slice(path.lastIndexOf('/') + 1), metadata: {} }
  const files: FileOutcome[] = []
  for (const key of keysOf(asset, parts)) {
    await destination.remove(key, call)
    files.push({ key, outcome: 'removed', bytes: 0 })
  }
  return files
}
