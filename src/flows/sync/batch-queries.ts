import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { Product, ProductRef } from '../../core/product'
import type { PimCommunicator } from '../../plugin/pim'
import type { UpdateBatcher } from './batch-updates'
import { createBatchWindow, mostPatience } from './batch-window'

type Waiting = {
  refs: readonly ProductRef[]
  resolve(products: readonly Product[]): void
  reject(reason: unknown): void
}

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
  let waiting: Waiting[] = []

  // By their names: those of a class of the user's are not its own, and a copy would lack them.
  return {
    name: pim.name,
    getProducts,
    recheck: () => {
      if (waiting.length > 0 && expected.count() === 0) window.endAfter(windowMs)
      void updates?.then((batcher) => batcher.recheck())
    },
    ...(pim.updateProducts && { updateProducts: async (changes) => (await updater()).add(changes) }),
    check: (own) => pim.check(own),
    ...(pim.unknownAttributes && { unknownAttributes: pim.unknownAttributes.bind(pim) }),
    ...(pim.knownAttributes && { knownAttributes: pim.knownAttributes.bind(pim) }),
  }

  /** Most runs tell the PIM nothing: they do not load it. */
  function updater(): Promise<UpdateBatcher> {
    updates ??= import('./batch-updates').then(({ batchUpdates }) =>
      batchUpdates(pim, { clock, windowMs, call, expected: expectedUpdates }),
    )
    return updates
  }

  function getProducts(refs: readonly ProductRef[], own: CallContext): Promise<readonly Product[]> {
    // Only by its identifier can a product be matched to the query that asked for it.
    if (pim.isAskedForEach || refs.some(({ kind }) => kind !== 'identifier'))
      return pim.getProducts(refs, own)
    return new Promise((resolve, reject) => {
      waiting.push({ refs, resolve, reject })
      if (waiting.length >= maxWaiting) void askNow()
      else if (expected.count() > 0) window.endAfter(expected.patienceMs, mostPatience * expected.patienceMs)
      else if (waiting.length === 1 || expected.patienceMs > 0) window.endAfter(windowMs)
    })
  }

  async function askNow(): Promise<void> {
    window.close()
    const together = waiting
    waiting = []
    if (together.length === 0) return
    try {
      const answers = together.length > 1 ? await askTogether(together) : undefined
      if (answers !== undefined) {
        together.forEach(({ resolve }, index) => {
          resolve(answers[index] ?? [])
        })
        return
      }
    } catch (thrown) {
      for (const { reject } of together) reject(thrown)
      return
    }
    for (const { refs, resolve, reject } of together) pim.getProducts(refs, call).then(resolve, reject)
  }

  /** Undefined when the PIM answers with identifiers that no query named: then each query is sent alone. */
  async function askTogether(
    together: readonly Waiting[],
  ): Promise<readonly (readonly Product[])[] | undefined> {
    const refs = new Map(together.flatMap((one) => one.refs.map((ref) => [ref.value, ref] as const)))
    const products = await pim.getProducts([...refs.values()], call)
    // PIMs find `lamp-7` under `LAMP-7`, too.
    const folded = new Set([...refs.keys()].map(fold))
    if (!products.every(({ identifier }) => folded.has(fold(identifier)))) return undefined
    return together.map((one) => {
      const asked = new Set(one.refs.map(({ value }) => value))
      const foldedOfOne = new Set([...asked].map(fold))
      return products.filter(
        ({ identifier }) =>
          asked.has(identifier) || (!refs.has(identifier) && foldedOfOne.has(fold(identifier))),
      )
    })
  }
}

const none = { count: () => 0, patienceMs: 0 }

const fold = (text: string): string => text.toLowerCase()
