import type { AuthorHosts } from '../../aem/author-host'
import type { AssetLibrary } from '../../aem/library'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import { withFields } from '../../core/logger'
import type { AssetEvent } from '../../events/event'
import type { MemoryGate } from '../../http/memory-gate'
import type { FlowContext } from '../event-flow'
import { factsOf, type Skipped } from '../outcome'
import type { Work } from '../work'
import type { DeliveryParts } from './deliver-asset'

export type ExportEventParts = DeliveryParts & {
  hosts: AuthorHosts
  /** All assets of this process that are being exported fit into it. */
  memory: MemoryGate
  /** What is below a folder. */
  library: AssetLibrary
}

/** A decoded event, and its work in the form that records keep. */
export type Task = { event: AssetEvent; origin: string; work: Work }

/**
 * Reads the asset of an event when there is memory for it. The memory counts until the answer is read, not while its
 * files are on their way: how many exports there are at once is bounded by the limits of the actions, and an upload that
 * hangs must not hold up the others.
 */
export const readAsset = (
  ref: AssetRef,
  { assets, memory }: Pick<ExportEventParts, 'assets' | 'memory'>,
  call: CallContext,
): Promise<Asset> => memory.run(ref.origin, call, (own) => assets.readAsset(ref, own))

/** The same; undefined when AEM has no such asset. */
export async function findAsset(
  ref: AssetRef,
  parts: Pick<ExportEventParts, 'assets' | 'memory'>,
  call: CallContext,
): Promise<Asset | undefined> {
  try {
    return await readAsset(ref, parts, call)
  } catch (thrown) {
    if (toBridgeError(thrown).code === 'ASSET_NOT_FOUND') return undefined
    throw thrown
  }
}

/** The context of work on this asset: an event may name the id only, or the path only. */
export function aboutAsset<Context extends Pick<FlowContext, 'call'>>(
  asset: Asset,
  context: Context,
): Context {
  const known = { assetId: asset.id, ...(asset.path === '' ? {} : { path: asset.path }) }
  return { ...context, call: { ...context.call, logger: withFields(context.call.logger, known) } }
}

/** The destinations that are set up and can remove a file. */
export const removers = ({ active, destination }: ExportEventParts): readonly string[] =>
  active().filter((name) => destination(name).remove !== undefined)

export const skipped = (reason: string, asset?: Asset): Skipped => ({
  kind: 'skipped',
  reason,
  ...(asset === undefined ? {} : { asset: factsOf(asset) }),
})
