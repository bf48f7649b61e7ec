import type { AssetsClient } from '../aem/assets-client'
import type { Asset } from '../core/asset'
import type { CallContext } from '../core/call-context'
import { BridgeError } from '../core/errors'
import type { MetadataChange } from '../metadata/diff'

/** What is to be written over the state that was read, and what the caller is told once it is written. */
export type Decision<T> = {
  changes: readonly MetadataChange[]
  result: T
  /** One of the changes that AEM may refuse without harm to the others, and the result without it. */
  optional?: { property: string; result: T }
}

/** Where AEM has refused a property, by client: a folder of an author. A container asks there once. */
const refusedBy = new WeakMap<AssetsClient, Set<string>>()
const maxFolders = 1_000

/**
 * Writes what was decided. A PATCH is written as a whole or not at all: so what may be left out is, where AEM refuses
 * the changes with it, and the others are written without it.
 * @throws {BridgeError} as `patchMetadata`
 */
export async function writeDecision<T>(
  asset: Asset,
  { changes, result, optional }: Decision<T>,
  assets: AssetsClient,
  call: CallContext,
): Promise<{ result: T } | 'conflict'> {
  const write = async (some: typeof changes, end: T): Promise<{ result: T } | 'conflict'> =>
    (await assets.patchMetadata(asset, some, call)) === 'written' ? { result: end } : 'conflict'
  if (optional === undefined) return write(changes, result)
  const { property, result: without } = optional
  const others = changes.filter((change) => change.property !== property)
  const writeOthers = async () => (others.length === 0 ? { result: without } : write(others, without))

  const refused = refusedBy.get(assets) ?? new Set()
  refusedBy.set(assets, refused)
  const place = `${asset.origin} ${asset.path.slice(0, asset.path.lastIndexOf('/'))} ${property}`
  if (refused.has(place)) return writeOthers()
  try {
    return await write(changes, result)
  } catch (thrown) {
    if (!(thrown instanceof BridgeError) || thrown.code !== 'METADATA_REFUSED') throw thrown
    // If the others are at fault, this fails, too.
    const end = await writeOthers()
    if (refused.size === 0) call.logger.warn(refusedWarning, { property, error: thrown.toJSON() })
    if (refused.size < maxFolders) refused.add(place)
    return end
  }
}

const refusedWarning =
  'AEM refuses the property that records what was written, and the rest is written without it: allow it in the metadata schema, see docs/ownership.md'
