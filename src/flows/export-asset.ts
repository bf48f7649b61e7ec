import type { AssetsClient } from '../aem/assets-client'
import type { Asset, AssetRef } from '../core/asset'
import type { CallContext } from '../core/call-context'
import { type BridgeError, permanentError, toBridgeError, transientError } from '../core/errors'
import type { Destination } from '../destinations/destination'
import type { Exports } from '../exports'
import { itemsOf } from '../metadata/values'
import { type AssetFile, type FileParts, filesOf, keysOf } from './asset-files'

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
export type DestinationReport =
  | { destination: string; outcome: 'done'; files: readonly FileReport[] }
  | { destination: string; outcome: 'failed'; error: BridgeError }

const maxRounds = 3

/** The destinations that an asset's metadata names; a list, or a text with commas. */
export function destinationsOf(asset: Asset): readonly string[] {
  const names = itemsOf(asset.metadata['exportDestination']).flatMap((item) =>
    typeof item === 'string' ? item.split(',') : [],
  )
  return [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))]
}

/** Whether the asset is to be exported at once; otherwise the next batch run does it. */
export function isImmediate(asset: Asset): boolean {
  return itemsOf(asset.metadata['exportImmediately']).some((item) =>
    /^(yes|true)$/i.test(String(item).trim()),
  )
}

/** Why an asset must not leave AEM; undefined when it may. */
export function exportSkipReason({ repository }: Asset): string | undefined {
  const assetClass = repository['repo:assetClass']
  if (assetClass !== undefined && assetClass !== 'file') return `not a file but a ${String(assetClass)}`
  if (
    String(repository['repo:state'] ?? '')
      .toUpperCase()
      .startsWith('DISCARDED')
  )
    return 'the asset is discarded'
  if (String(repository['dam:avScanStatus'] ?? '').toLowerCase() === 'infected')
    return 'the virus scan found the asset infected'
  return undefined
}

/**
 * Brings one destination in step with an asset: each file is stored unless its version is there already. After an
 * upload the asset is read again; when it has moved meanwhile the newer version follows, so that a slow old one never
 * ends over a fast new one. Never throws: the report says what failed.
 */
export async function exportTo(
  name: string,
  asset: Asset,
  parts: ExportParts,
  call: CallContext,
): Promise<DestinationReport> {
  try {
    const destination = parts.destination(name)
    return { destination: name, outcome: 'done', files: await converge(destination, asset, parts, call) }
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
): Promise<readonly FileReport[]> {
  let asset = start
  for (let round = 1; round <= maxRounds; round++) {
    const files = await filesOf(asset, parts, call.signal)
    const result = await storeAll(destination, files, call)
    const [original] = files
    if (result !== 'moved') {
      if (!result.some(({ outcome }) => outcome === 'stored')) return result
      const now = await readAgain(asset, parts, call)
      if (now === undefined) return result
      const [newest] = await filesOf(now, parts, call.signal)
      if (newest?.binary.version === original?.binary.version && newest?.key === original?.key) return result
      asset = now
    } else {
      asset = await parts.assets.readAsset(asset, call)
    }
    call.logger.info('the asset moved on while it was exported; once more', {
      destination: destination.name,
      round,
    })
  }
  throw transientError(
    'EXPORT_CONFLICT',
    `the asset changed ${maxRounds} times while it was exported to ${destination.name}`,
  )
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

/** The errors that say that the source or the destination moved: look again. */
const moved = new Set(['AEM_FILE_CHANGED', 'DESTINATION_CHANGED'])

async function storeAll(
  destination: Destination,
  files: readonly AssetFile[],
  call: CallContext,
): Promise<readonly FileReport[] | 'moved'> {
  const reports: FileReport[] = []
  for (const file of files) {
    try {
      reports.push(await store(destination, file, call))
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = toBridgeError(thrown)
      if (!moved.has(error.code)) throw error
      return 'moved'
    }
  }
  return reports
}

async function store(
  destination: Destination,
  { key, binary }: AssetFile,
  call: CallContext,
): Promise<FileReport> {
  const held = await destination.head?.(key, call.signal)
  if (held !== undefined && held.version === binary.version && (binary.size ?? held.size) === held.size) {
    return { key, outcome: 'unchanged', bytes: 0 }
  }
  const stored = await destination.put(key, binary, {
    signal: call.signal,
    ...(held === undefined ? {} : { previous: held }),
  })
  return { key, outcome: 'stored', bytes: stored.size }
}

/** Removes what an asset left at a destination; by its path alone, for its metadata is gone. Never throws. */
export async function removeFrom(
  name: string,
  ref: AssetRef,
  parts: ExportParts,
  call: CallContext,
): Promise<DestinationReport> {
  try {
    const destination = parts.destination(name)
    if (!destination.remove || ref.path === undefined) {
      throw permanentError('CANNOT_REMOVE', `${name} cannot remove, or the event names no path`)
    }
    const fileName = ref.path.slice(ref.path.lastIndexOf('/') + 1)
    const files: FileReport[] = []
    for (const key of keysOf({ path: ref.path, name: fileName, metadata: {} }, parts.exports)) {
      await destination.remove(key, call.signal)
      files.push({ key, outcome: 'removed', bytes: 0 })
    }
    return { destination: name, outcome: 'done', files }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { destination: name, outcome: 'failed', error: toBridgeError(thrown) }
  }
}
