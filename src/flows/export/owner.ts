import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { ListedObject } from '../../plugin/destination'
import { filesOf, isEndingOfAddition, keysOf } from './asset-files'
import { type Due, dueAt } from './due'
import type { ExportParts } from './export-asset'
import { type ExportEventParts, findAsset } from './export-task'

const damRoot = '/content/dam'

/** What tells whose a file is. */
export type OwnerParts = ExportParts & {
  /** The authors that are asked. */
  origins: readonly string[]
}

/** What tells whether an asset is due. */
export type DueParts = Pick<ExportEventParts, 'assets' | 'memory' | 'clock'> & Pick<OwnerParts, 'origins'>

/** Where the files of a folder are; undefined when their keys do not tell. */
export function prefixOf(folder: string, parts: ExportParts): string | undefined {
  if (folder === damRoot) return ''
  const [key] = isByPath(parts) ? keysOf({ path: `${folder}/x`, name: 'x', metadata: {} }, parts) : []
  return key?.endsWith('/x') ? key.slice(0, -1) : undefined
}

/** Whether keys are the paths below `/content/dam/`. */
function isByPath(parts: ExportParts): boolean {
  const key = (path: string) => keysOf({ path: `${damRoot}/${path}`, name: 'q.png', metadata: {} }, parts)[0]
  try {
    return ['q.png', 'one/q.png', 'one/two/q.png'].every((path) => key(path) === path)
  } catch {
    return false
  }
}

/** The path that gives this key; undefined when keys do not tell. */
export function pathOf(key: string, parts: ExportParts): string | undefined {
  if (!isByPath(parts)) return undefined
  if (isKeyOf(key, key)) return `${damRoot}/${key}`
  for (let dot = key.lastIndexOf('.'); dot > key.lastIndexOf('/') + 1; dot = key.lastIndexOf('.', dot - 1)) {
    const own = key.slice(0, dot)
    if (isKeyOf(own, own) && isEndingOfAddition(key.slice(dot + 1), parts.exports)) return `${damRoot}/${own}`
  }
  return undefined

  function isKeyOf(path: string, wanted: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1)
    return keysOf({ path: `${damRoot}/${path}`, name, metadata: {} }, parts)[0] === wanted
  }
}

/** Whether a file that a destination listed is there too much, and the path of the asset where it is known. */
export type Ownership = { isOrphan: boolean; path: string | null }

/**
 * Whether a file that was put there belongs to an asset that is due now, under this key. Asks AEM, since a list is
 * older than what it is compared with.
 * @param folder a file that may belong to an asset outside is none of the orphans
 * @throws {BridgeError} what AEM fails with, but for an asset that is gone
 */
export async function ownershipOf(
  { key, assetId }: ListedObject,
  { name, folder, now }: { name: string; folder: string; now: number },
  parts: OwnerParts,
  call: CallContext,
): Promise<Ownership> {
  const path = pathOf(key, parts)
  const asset = await ownerOf({ assetId, path }, parts, call)
  const known = asset === undefined || asset.path === '' ? path : asset.path
  const isMeant =
    folder === damRoot || (known ?? '').startsWith(`${folder}/`) || path?.startsWith(`${folder}/`)
  const isOrphan = isMeant === true && !(asset !== undefined && (await isKept(asset)))
  return { isOrphan, path: known ?? null }

  async function isKept(found: Asset): Promise<boolean> {
    if (!mayStay(dueAt(found, name, now, 'state'))) return false
    return (await filesOf(found, parts, call)).some((file) => file.key === key)
  }
}

/** Whether what is held stays: it is due, or it waits, or nobody can tell. */
export const mayStay = (due: Due): boolean =>
  due.isDue || due.kind === 'newer-binary' || due.kind === 'names-invalid'

/**
 * The asset of this id, when what the destination holds of it may stay there; undefined when no author has such a one.
 * @throws {BridgeError} what AEM fails with, but for an asset that is gone
 */
export async function dueAssetAt(
  name: string,
  id: string,
  { origins, clock, ...reading }: DueParts,
  call: CallContext,
): Promise<Asset | undefined> {
  for (const origin of origins) {
    const asset = await findAsset({ origin, id }, reading, call)
    if (asset !== undefined && mayStay(dueAt(asset, name, clock.now(), 'state'))) return asset
  }
  return undefined
}

/** The asset of a file as the first author has it that has it: by its id, or else by the path that the key tells. */
export async function ownerOf(
  { assetId, path }: { assetId?: string | undefined; path?: string | undefined },
  { origins, assets }: OwnerParts,
  call: CallContext,
): Promise<Asset | undefined> {
  if (assetId === undefined && path === undefined) return undefined
  const ref = assetId === undefined ? { path } : { id: assetId }
  for (const origin of origins) {
    try {
      return await assets.readAsset({ origin, ...ref }, call)
    } catch (thrown) {
      if (toBridgeError(thrown).code !== 'ASSET_NOT_FOUND') throw thrown
    }
  }
  return undefined
}
