import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import { withFields } from '../../core/logger'
import type { Product, ProductRef } from '../../core/product'
import type { PimCommunicator } from '../../plugin/pim'
import { createCircuitBreaker } from '../circuit-breaker'
import { type EnrichParts, enrichAsset } from '../enrich/enrich-asset'
import { inParallel } from '../in-parallel'
import { retryTransient } from '../retry-transient'
import { isOutage, observeFailure, pimSystem } from '../systems'
import { batchExpected } from './batch-expected'
import { syncAction } from './recorded-work'

/** The outcomes for the assets of changed products. */
export type SyncedAssets = {
  counts: Record<'updated' | 'unchanged' | 'skipped' | 'failed', number>
  failures: readonly { asset: AssetRef; error: BridgeError }[]
  /** Set when an outage stopped the work: assets that were not tried count as failed, and are in no list. */
  stoppedBy: BridgeError | undefined
}

/**
 * Assets in progress at once: more than the products of a pack have, as a rule, so that one call to the PIM brings all of
 * them. The client of each system limits its own requests.
 */
const assetsAtOnce = 200
/** Failures of a system in a row that may be of assets in progress at once, before it counts as down. */
const outageAfter = 50
/** A batch waits for assets that are being read as long as one arrives this often. */
const patienceMs = 500

/**
 * Enriches each asset in the same way as after its own event. Queries to the PIM for assets that are in progress at the
 * same time are batched into one call.
 * @param options.waitsMs before each repetition of what failed transiently
 * @param options.continuesOnAemFailure a failure of AEM counts for its asset only and never stops the others
 * @param options.changedAt when products changed, by identifier: answers of the PIM from before then do not count
 * @throws the signal's reason, and nothing else
 */
export async function syncAssets(
  assets: readonly AssetRef[],
  parts: EnrichParts,
  call: CallContext,
  options: {
    waitsMs: readonly number[]
    changedAt?: ReadonlyMap<string, number>
    continuesOnAemFailure?: boolean
  },
): Promise<SyncedAssets> {
  const { waitsMs, changedAt = new Map<string, number>(), continuesOnAemFailure = false } = options
  const { clock } = parts
  const counts = { updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  const failures: { asset: AssetRef; error: BridgeError }[] = []
  let stoppedBy: BridgeError | undefined
  const breaker = createCircuitBreaker({ atOnce: Math.min(outageAfter, assets.length) })
  const run = parts.run ?? {}
  const begin = batchExpected(notOlder(parts.pim, changedAt), {
    clock,
    call,
    count: assets.length,
    maxWaiting: assetsAtOnce,
    patienceMs,
  })

  await inParallel(assets, assetsAtOnce, async (asset) => {
    const { pim, end } = begin()
    if (stoppedBy !== undefined) {
      counts.failed += 1
      end()
      return
    }
    try {
      const { id: assetId, path } = asset
      const own = { ...call, logger: withFields(call.logger, { assetId, path }) }
      // What waits for its next try keeps nobody waiting.
      const work = () => enrichAsset(asset, { ...parts, pim, run }, own).finally(end)
      const outcome = await retryTransient(work, waitsMs, clock, own)
      counts[outcome.kind] += 1
      for (const system of ['AEM', pimSystem]) breaker.worked(system)
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = toBridgeError(thrown)
      // The search index lags: it still held the asset.
      if (error.code === 'ASSET_NOT_FOUND') {
        counts.skipped += 1
        breaker.worked('AEM')
        return
      }
      counts.failed += 1
      failures.push({ asset, error })
      call.logger.error('an asset of a changed product failed', {
        assetId: asset.id,
        path: asset.path,
        error: error.toJSON(),
      })
      if (continuesOnAemFailure && error.upstream === 'AEM') return
      const work = { action: syncAction }
      observeFailure(breaker, work, { failure: error })
      if (isOutage(breaker, work, { failure: error })) stoppedBy ??= error
    }
  })
  return { counts, failures, stoppedBy }
}

/** The PIM has reported changes of these products: older answers do not count. */
function notOlder(pim: PimCommunicator, changedAt: ReadonlyMap<string, number>): PimCommunicator {
  if (changedAt.size === 0) return pim
  const dated = (ref: ProductRef): ProductRef => {
    const at = ref.kind === 'identifier' ? changedAt.get(ref.value) : undefined
    return at === undefined ? ref : { ...ref, changedAt: at }
  }
  return {
    ...pim,
    getProducts: (refs, call) => pim.getProducts(refs.map(dated), call),
    ...(pim.updateProducts && { updateProducts: pim.updateProducts.bind(pim) }),
  }
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
