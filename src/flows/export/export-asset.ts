import type { AssetsClient } from '../../aem/assets-client'
import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, toBridgeError, transientError } from '../../core/errors'
import type { Destination } from '../../plugin/destination'
import type { Exports } from '../../plugin/destinations'
import { type AssetFile, type FileParts, filesOf } from './asset-files'

/** What export needs. */
export type ExportParts = FileParts & {
  assets: AssetsClient
  exports: Exports
  /**
   * The destination of that name.
   * @throws {BridgeError} permanent for a name that nobody configured, systemic for one that is not set up
   */
  destination(name: string): Destination
  /** The destinations that are set up. */
  active(): readonly string[]
}

/** What became of one file at one destination. */
export type FileReport = { key: string; outcome: 'stored' | 'unchanged' | 'removed'; bytes: number }

/** What became of an asset at one destination. */
export type DestinationReport = { destination: string } & (
  | { outcome: 'done'; files: readonly FileReport[] }
  | { outcome: 'failed'; error: BridgeError }
)

const maxRounds = 3

/**
 * Brings one destination in step with an asset: each file is stored unless its version is there already. After an
 * upload the asset is read again; when it has moved meanwhile the newer version follows, so that a slow old one never
 * ends over a fast new one. The report says what failed. A file that has to be stored and is larger than `maxBytes` is
 * not begun.
 * @throws the signal's reason, and nothing else
 */
export async function exportWithin(
  maxBytes: number,
  name: string,
  asset: Asset,
  parts: ExportParts,
  call: CallContext,
): Promise<DestinationReport | 'too-large'> {
  try {
    const files = await converge(parts.destination(name), asset, parts, call, maxBytes)
    return files === 'too-large' ? files : { destination: name, outcome: 'done', files }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { destination: name, outcome: 'failed', error: toBridgeError(thrown) }
  }
}

async function converge(
  destination: Destination,
  start: Asset,
  parts: ExportParts,
  call: CallContext,
  maxBytes: number,
): Promise<readonly FileReport[] | 'too-large'> {
  let asset = start
  let because: BridgeError | undefined
  for (let round = 1; round <= maxRounds; round++) {
    const files = await filesOf(asset, parts, call.signal)
    const result = await storeAll(destination, files, call, maxBytes)
    if (result === 'too-large') return result
    if ('moved' in result) {
      asset = await parts.assets.readAsset(asset, call)
      because = result.moved
    } else {
      if (!result.files.some(({ outcome }) => outcome === 'stored')) return result.files
      const now = await readAgain(asset, parts, call)
      if (isWithdrawn(now, parts.exports)) return takeBack(destination, result.files, call)
      if (now === undefined || isSame(files, await filesOf(now, parts, call.signal))) return result.files
      asset = now
      because = undefined
    }
    call.logger.info('the asset moved on while it was exported; once more', {
      destination: destination.name,
      round,
    })
  }
  const often = `the asset changed ${maxRounds} times while it was exported to ${destination.name}`
  throw because ?? transientError('EXPORT_CONFLICT', often)
}

/** An asset that is gone by now needs no newer version. */
async function readAgain(asset: Asset, parts: ExportParts, call: CallContext): Promise<Asset | undefined> {
  try {
    return await parts.assets.readAsset(asset, call)
  } catch (thrown) {
    if (toBridgeError(thrown).code === 'ASSET_NOT_FOUND') return undefined
    throw thrown
  }
}

/** Unpublished or deleted since, where that means that nothing may stay. */
const isWithdrawn = (asset: Asset | undefined, { onDelete, onUnpublish }: Exports): boolean =>
  asset === undefined ? onDelete === 'remove' : onUnpublish === 'remove' && isUnpublished(asset)

/** What AEM says outright; where it says nothing, the event is to be believed. */
export const isUnpublished = ({ repository }: Asset): boolean => repository.isPublishedToAemPublish === false

async function takeBack(
  destination: Destination,
  files: readonly FileReport[],
  call: CallContext,
): Promise<readonly FileReport[]> {
  for (const { key } of files) await destination.remove?.(key, call.signal)
  return files.map(({ key }) => ({ key, outcome: 'removed', bytes: 0 }))
}

/** A sidecar does not count: metadata may move for ever, and its own events follow. */
function isSame(before: readonly AssetFile[], after: readonly AssetFile[]): boolean {
  const versions = (files: readonly AssetFile[]): string =>
    JSON.stringify(
      files.filter(({ isSidecar }) => !isSidecar).map(({ key, binary }) => [key, binary.version]),
    )
  return versions(before) === versions(after)
}

/** The errors that say that the source or the destination moved: look again. */
const moved = new Set(['AEM_FILE_CHANGED', 'DESTINATION_CHANGED'])

async function storeAll(
  destination: Destination,
  files: readonly AssetFile[],
  call: CallContext,
  maxBytes: number,
): Promise<{ files: readonly FileReport[] } | { moved: BridgeError } | 'too-large'> {
  const reports: FileReport[] = []
  for (const file of files) {
    try {
      const report = await store(destination, file, call, maxBytes)
      if (report === 'too-large') return report
      reports.push(report)
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = toBridgeError(thrown)
      if (!moved.has(error.code)) throw error
      return { moved: error }
    }
  }
  return { files: reports }
}

async function store(
  destination: Destination,
  { key, binary }: AssetFile,
  call: CallContext,
  maxBytes: number,
): Promise<FileReport | 'too-large'> {
  const held = await destination.head?.(key, call.signal, binary)
  if (held !== undefined && held.version === binary.version && (binary.size ?? held.size) === held.size) {
    return { key, outcome: 'unchanged', bytes: 0 }
  }
  if (binary.size !== undefined && binary.size > maxBytes) return 'too-large'
  const stored = await destination.put(key, binary, {
    signal: call.signal,
    ...(held === undefined ? {} : { previous: held }),
  })
  return { key, outcome: 'stored', bytes: stored.size }
}
