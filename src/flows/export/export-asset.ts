import type { AssetsClient } from '../../aem/assets-client'
import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, systemicError, toBridgeError, transientError } from '../../core/errors'
import type { Destination, StoredObject } from '../../plugin/destination'
import type { Exports } from '../../plugin/destinations'
import { codes, type FileOutcome } from '../outcome'
import { type AssetFile, type FileParts, filesOf } from './asset-files'
import { isUnpublished } from './due'

/** What export needs. */
export type ExportParts = FileParts & {
  assets: AssetsClient
  exports: Exports
  /**
   * The destination of that name.
   * @throws {BridgeError} permanent for a name that is not configured, systemic for one that is not set up
   */
  destination(name: string): Destination
  /** The destinations that are set up. */
  active(): readonly string[]
}

/** What is not to be uploaded. */
export type ExportLimits = {
  maxBytes: number
  /** Whether AEM's blob store is known to be down. */
  areFilesDown?: (() => boolean) | undefined
  /** The asset was read some time ago: it may only show that there is nothing to do. */
  isOlder?: boolean | undefined
}

/** Why work on an asset that was read some time ago is begun anew, with what AEM says now. */
export const readTooOld = (): BridgeError =>
  transientError(codes.readTooOld, 'there is something to do, so the asset is read again first')

/** Why a destination takes no file of an asset, as it says itself. Nothing was stored. */
export type Declined = { declined: string }

const maxRounds = 3

/**
 * Synchronises one destination with an asset: stores each file whose version the destination does not hold. After an
 * upload the asset is read again. If it has changed meanwhile, the newer version is stored as well, so that a slow
 * upload of an old version never replaces a newer one. A file larger than `maxBytes` is not uploaded, and none of AEM's
 * is while its files are down.
 * @throws {BridgeError} `READ_TOO_OLD` where something has to be stored and the asset is an older one
 * @throws {BridgeError} what AEM and the destination throw; transient `EXPORT_CONFLICT` when the asset keeps moving
 */
export async function exportWithin(
  limits: ExportLimits,
  name: string,
  start: Asset,
  parts: ExportParts,
  call: CallContext,
): Promise<readonly FileOutcome[] | 'too-large' | Declined> {
  const destination = parts.destination(name)
  let asset = start
  let because: BridgeError | undefined
  for (let round = 1; round <= maxRounds; round++) {
    const files = await filesOf(asset, parts, call)
    const result = await storeAll(destination, files, call, limits)
    if (result === 'too-large' || 'declined' in result) return result
    if ('moved' in result) {
      asset = await parts.assets.readAsset(asset, call)
      because = result.moved
    } else {
      if (!result.files.some(({ outcome }) => outcome === 'stored')) return result.files
      const now = await readAgain(asset, parts, call)
      if (isWithdrawn(now, parts.exports)) return takeBack(destination, result.files, call)
      if (now === undefined || isSame(files, await filesOf(now, parts, call))) return result.files
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

/** The current asset; undefined when it is gone, which needs no newer version. */
async function readAgain(asset: Asset, parts: ExportParts, call: CallContext): Promise<Asset | undefined> {
  try {
    return await parts.assets.readAsset(asset, call)
  } catch (thrown) {
    if (toBridgeError(thrown).code === 'ASSET_NOT_FOUND') return undefined
    throw thrown
  }
}

/** Whether the asset was unpublished or deleted meanwhile, and the settings say that its files must go. */
const isWithdrawn = (asset: Asset | undefined, { onDelete, onUnpublish }: Exports): boolean =>
  asset === undefined ? onDelete === 'remove' : onUnpublish === 'remove' && isUnpublished(asset)

async function takeBack(
  destination: Destination,
  files: readonly FileOutcome[],
  call: CallContext,
): Promise<readonly FileOutcome[]> {
  for (const { key } of files) await destination.remove?.(key, call)
  return files.map(({ key }) => ({ key, outcome: 'removed', bytes: 0 }))
}

/** A sidecar does not count: its metadata may change at any time, and each change brings an event of its own. */
function isSame(before: readonly AssetFile[], after: readonly AssetFile[]): boolean {
  const versions = (files: readonly AssetFile[]): string =>
    JSON.stringify(
      files.filter(({ isSidecar }) => !isSidecar).map(({ key, binary }) => [key, binary.version]),
    )
  return versions(before) === versions(after)
}

/** The errors that say that the source or the destination has changed: read both again. */
const moved = new Set(['AEM_FILE_CHANGED', 'DESTINATION_CHANGED'])

async function storeAll(
  destination: Destination,
  files: readonly AssetFile[],
  call: CallContext,
  limits: ExportLimits,
): Promise<{ files: readonly FileOutcome[] } | { moved: BridgeError } | 'too-large' | Declined> {
  const reports: FileOutcome[] = []
  for (const file of files) {
    try {
      const report = await store(destination, file, call, limits)
      if (report === 'too-large' || 'declined' in report) return report
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
  { key, binary, isSidecar }: AssetFile,
  call: CallContext,
  { maxBytes, areFilesDown, isOlder }: ExportLimits,
): Promise<FileOutcome | 'too-large' | Declined> {
  const held = await destination.head?.(key, call, binary)
  if (held?.declined !== undefined) return { declined: held.declined }
  if (held !== undefined && isVersion(held, binary)) {
    return { key, outcome: 'unchanged', bytes: 0 }
  }
  if (isOlder) throw readTooOld()
  if (binary.size !== undefined && binary.size > maxBytes) return 'too-large'
  if (!isSidecar && areFilesDown?.()) throw filesDown()
  const stored = await destination.put(key, binary, held === undefined ? {} : { previous: held }, call)
  if (stored.declined !== undefined) return { declined: stored.declined }
  return { key, outcome: 'stored', bytes: stored.size, ...(isSidecar ? { isSidecar } : {}) }
}

/** Whether what a destination holds is this version of the file. */
export const isVersion = (held: StoredObject, binary: AssetFile['binary']): boolean =>
  held.version === binary.version && (binary.size ?? held.size) === held.size

const filesDown = (): BridgeError =>
  systemicError(
    codes.systemDown,
    'the blob store of AEM failed repeatedly in this run and is skipped until the next run',
    { upstream: 'AEM' },
  )
