import type { CallContext } from '../../core/call-context'
import { permanentError, toBridgeError } from '../../core/errors'
import { keysOf } from './asset-files'
import type { DestinationReport, ExportParts, FileReport } from './export-asset'

/** Removes what an asset left at a destination; by its path alone, for its metadata is gone. Throws the signal's reason only. */
export async function removeFrom(
  name: string,
  path: string,
  parts: ExportParts,
  call: CallContext,
): Promise<DestinationReport> {
  try {
    const destination = parts.destination(name)
    if (!destination.remove) {
      throw permanentError(
        'DESTINATION_CANNOT_REMOVE',
        `${name} cannot remove: take the file away there by hand`,
      )
    }
    const files: FileReport[] = []
    for (const key of keysOf({ path, name: path.slice(path.lastIndexOf('/') + 1), metadata: {} }, parts)) {
      await destination.remove(key, call.signal)
      files.push({ key, outcome: 'removed', bytes: 0 })
    }
    return { destination: name, outcome: 'done', files }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { destination: name, outcome: 'failed', error: toBridgeError(thrown) }
  }
}
