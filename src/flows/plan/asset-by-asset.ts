import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { type BridgeError, toBridgeError } from '../../core/errors'
import { withFields } from '../../core/logger'
import { createCircuitBreaker } from '../circuit-breaker'
import type { EnrichParts } from '../enrich/enrich-asset'
import { inParallel } from '../in-parallel'
import { retryTransient } from '../retry-transient'
import { batchQueries } from '../sync/batch-queries'
import { isOutage, observeFailure, pimSystem } from '../systems'

/** Assets in progress at once, as when products change. The client of each system limits its own requests. */
const assetsAtOnce = 50
/** Assets that one call asks the PIM for. */
export const assetsACall = 100
const batchWindowMs = 50
/** Before each repetition of what failed for now. */
const usualWaitsMs = [2_000, 10_000]
/** As the breaker knows the work: what fails without AEM is the PIM's. */
const work = { action: 'generic' }

/** Work on many assets, each by itself, until a system is down. */
export type AssetByAsset = {
  /**
   * Works on assets at the same time. A failure of one does not stop the others; an outage does, and the rest is not
   * tried.
   * @throws the signal's reason; what `act.failed` throws
   */
  each<T extends { ref: AssetRef }>(
    items: readonly T[],
    act: {
      work(item: NoInfer<T>, call: CallContext): Promise<void>
      failed(item: NoInfer<T>, error: BridgeError): Promise<void>
    },
  ): Promise<void>
  /** What an outage stopped it with. */
  stoppedBy(): BridgeError | undefined
}

/** @param options.waitsMs before each repetition of what failed transiently @default 2 and 10 seconds */
export function assetByAsset(
  { clock }: { clock: Clock },
  call: CallContext,
  { waitsMs = usualWaitsMs, atOnce = assetsAtOnce }: { waitsMs?: readonly number[]; atOnce?: number } = {},
): AssetByAsset {
  const breaker = createCircuitBreaker({ atOnce })
  let stopped: BridgeError | undefined
  return {
    stoppedBy: () => stopped,
    each: (items, act) =>
      inParallel(items, atOnce, async (item) => {
        if (stopped !== undefined) return
        const { id: assetId, path } = item.ref
        const own = { ...call, logger: withFields(call.logger, { assetId, path }) }
        try {
          await retryTransient(() => act.work(item, own), waitsMs, clock, own)
          for (const system of ['AEM', pimSystem]) breaker.worked(system)
        } catch (thrown) {
          call.signal.throwIfAborted()
          const error = toBridgeError(thrown)
          call.logger.warn('an asset failed', { assetId, path, error: error.toJSON() })
          observeFailure(breaker, work, { failure: error })
          if (isOutage(breaker, work, { failure: error })) stopped ??= error
          await act.failed(item, error)
        }
      }),
  }
}

/** The same parts, with a PIM that is asked for the assets in progress together. */
export function askingTogether<Parts extends Pick<EnrichParts, 'pim' | 'clock'>>(
  parts: Parts,
  call: CallContext,
): Parts {
  const { clock } = parts
  const batching = { clock, windowMs: batchWindowMs, maxWaiting: assetsACall, call }
  return { ...parts, pim: batchQueries(parts.pim, batching) }
}

/** Gathers what comes one by one. */
export async function* inChunks<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let chunk: T[] = []
  for await (const item of source) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
