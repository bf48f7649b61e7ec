import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import type { Product, ProductRef } from '../../core/product'
import type { PimCommunicator } from '../../plugin/pim'
import { type EnrichParts, enrichAsset } from '../enrich/enrich-asset'
import { inParallel } from '../in-parallel'
import { patiently } from '../patiently'
import { shareQuestions } from './share-questions'

/** What became of the assets of changed products. */
export type SyncedAssets = {
  counts: Record<'updated' | 'unchanged' | 'skipped' | 'failed', number>
  failures: readonly { asset: AssetRef; error: BridgeError }[]
  /** Set when it makes no sense to go on: what was not yet tried counts as failed, and is in no list. */
  stoppedBy: BridgeError | undefined
}

/** Assets on their way at once; how many requests that may be is the business of each system's client. */
const assetsAtOnce = 50
const shareMs = 50
/** So many failures and nothing that worked: it is not for the assets. */
const outage = 5

/**
 * Takes each asset the same way as after its own event. Questions to the PIM of assets that are on their way at the
 * same time are put into one call.
 * @param options.waitsMs before each repetition of what failed transiently
 * @param options.endures AEM's failures are those of single assets, however many there are
 * @param options.changedAt when products changed, by identifier: answers of the PIM from before then do not count
 * @throws the signal's reason, and nothing else
 */
export async function syncAssets(
  assets: readonly AssetRef[],
  parts: EnrichParts,
  call: CallContext,
  options: { waitsMs: readonly number[]; changedAt?: ReadonlyMap<string, number>; endures?: boolean },
): Promise<SyncedAssets> {
  const { waitsMs, changedAt = new Map<string, number>(), endures = false } = options
  const { clock } = parts
  const counts = { updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  const failures: { asset: AssetRef; error: BridgeError }[] = []
  let stoppedBy: BridgeError | undefined
  const sharing = { clock, windowMs: shareMs, maxWaiting: assetsAtOnce, signal: call.signal }
  const pim = shareQuestions(notOlder(parts.pim, changedAt), sharing)

  await inParallel(assets, assetsAtOnce, async (asset) => {
    if (stoppedBy !== undefined) {
      counts.failed += 1
      return
    }
    try {
      const work = () => enrichAsset(asset, { ...parts, pim }, call)
      const { outcome } = await patiently(work, waitsMs, clock, call)
      counts[outcome] += 1
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = toBridgeError(thrown)
      // The index still knew it.
      if (error.code === 'ASSET_NOT_FOUND') {
        counts.skipped += 1
        return
      }
      counts.failed += 1
      failures.push({ asset, error })
      call.logger.error('an asset of a changed product failed', { path: asset.path, error: error.toJSON() })
      if (isOutage(error)) stoppedBy ??= error
    }
  })
  return { counts, failures, stoppedBy }

  /** Whether the others would fail for the same reason. One asset that AEM refuses says nothing about the others. */
  function isOutage({ failureClass, upstream }: BridgeError): boolean {
    if (failureClass === 'systemic' && upstream !== 'AEM') return true
    if (endures && upstream === 'AEM') return false
    const hasWorked = counts.updated + counts.unchanged + counts.skipped > 0
    const passing = failures.filter(({ error }) => error.failureClass !== 'permanent').length
    // Those that are still on their way may work.
    const isEnough = counts.failed === assets.length ? passing >= outage : passing >= assetsAtOnce
    return !hasWorked && isEnough
  }
}

/** Of these products the PIM has told that they changed: older answers do not count. */
function notOlder(pim: PimCommunicator, changedAt: ReadonlyMap<string, number>): PimCommunicator {
  if (changedAt.size === 0) return pim
  const dated = (ref: ProductRef): ProductRef => {
    const at = ref.kind === 'identifier' ? changedAt.get(ref.value) : undefined
    return at === undefined ? ref : { ...ref, changedAt: at }
  }
  return { ...pim, getProducts: (refs, signal) => pim.getProducts(refs.map(dated), signal) }
}

/** When the products changed as the references tell it, by identifier. */
export function changeTimes(
  refs: readonly ProductRef[],
  products: readonly Product[],
): ReadonlyMap<string, number> {
  const times = new Map(
    refs.flatMap(({ value, changedAt }) => (changedAt === undefined ? [] : [[value, changedAt] as const])),
  )
  return new Map(
    products.flatMap(({ identifier, uuid = '' }) => {
      const at = times.get(uuid) ?? times.get(identifier)
      return at === undefined ? [] : [[identifier, at] as const]
    }),
  )
}
