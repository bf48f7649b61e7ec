import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { Product, ProductRef } from '../../core/product'
import type { PimCommunicator } from '../../plugin/pim'
import type { UpdateBatcher } from './batch-updates'
import { createBatchWindow, mostPatience } from './batch-window'
import { askingBy, askTogether, canBeJoined, type WaitingQuery } from './joint-query'

/** A communicator that batches, and hears when a query that was expected will not come. */
export type BatchingPim = PimCommunicator & {
  /** To be called when `expected` has fallen without a query. */
  recheck(): void
}

/**
 * A communicator that batches queries: all queries of a window become one call to the PIM. It caches nothing: an answer
 * is never older than its query, so an asset that was read before the query is not written with an older product.
 * @param options.windowMs how long the first query of a batch waits for others
 * @param options.maxWaiting a batch with this many queries is sent at once
 * @param options.expected how many first queries are still to come. A batch waits for them for as long as one comes
 * every `patienceMs` @default none
 * @param options.expectedUpdates the same for changes that the PIM is told, which are batched as well @default none
 */
export function batchQueries(
  pim: PimCommunicator,
  options: {
    clock: Clock
    windowMs: number
    maxWaiting: number
    call: CallContext
    expected?: { count(): number; patienceMs: number }
    expectedUpdates?: { count(): number; patienceMs: number }
  },
): BatchingPim {
  const { clock, windowMs, maxWaiting, call, expected = none, expectedUpdates = none } = options
  let updates: Promise<UpdateBatcher> | undefined
  const window = createBatchWindow(clock, () => void askNow())
  let waiting: WaitingQuery[] = []

  return {
    ...askingBy(pim, getProducts),
    recheck: () => {
      if (waiting.length > 0 && expected.count() === 0) window.endAfter(windowMs)
      void updates?.then((batcher) => batcher.recheck())
    },
    ...(pim.updateProducts && { updateProducts: async (changes) => (await updater()).add(changes) }),
  }

  /** Most runs tell the PIM nothing: they do not load it. */
  function updater(): Promise<UpdateBatcher> {
    updates ??= import('./batch-updates').then(({ batchUpdates }) =>
      batchUpdates(pim, { clock, windowMs, call, expected: expectedUpdates }),
    )
    return updates
  }

  function getProducts(refs: readonly ProductRef[], own: CallContext): Promise<readonly Product[]> {
    if (!canBeJoined(pim, refs)) return pim.getProducts(refs, own)
    return new Promise((resolve, reject) => {
      waiting.push({ refs, call: own, resolve, reject })
      if (waiting.length >= maxWaiting) void askNow()
      else if (expected.count() > 0) window.endAfter(expected.patienceMs, mostPatience * expected.patienceMs)
      else if (waiting.length === 1 || expected.patienceMs > 0) window.endAfter(windowMs)
    })
  }

  async function askNow(): Promise<void> {
    window.close()
    const together = waiting
    waiting = []
    await askTogether(pim, together)
  }
}

const none = { count: () => 0, patienceMs: 0 }
