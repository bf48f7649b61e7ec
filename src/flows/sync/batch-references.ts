import type { Clock } from '../../core/clock'
import type { ProductRef } from '../../core/product'
import { createBatchWindow } from './batch-window'

/** Batches the product references of many requests into one invocation. */
export type ReferenceBatcher = {
  /**
   * Adds the references to the open batch.
   * @param handOver sends a batch; the one of the first request of the batch is used
   * @returns what `handOver` returned for the batch
   * @throws what `handOver` threw, to each request of the batch
   */
  add(refs: readonly ProductRef[], handOver: HandOver): Promise<string>
}

/** Sends references on without waiting, or fails. Resolves to the name of the receiver. */
export type HandOver = (refs: readonly ProductRef[]) => Promise<string>

type Batch = { refs: Map<string, ProductRef>; handedOver: Promise<string>; close(): void }

/**
 * Creates the batcher of a container. It keeps nothing after a batch has been sent.
 * @param options.windowMs how long the first request of a batch waits for others
 * @param options.maxRefs a batch with this many different references is sent at once
 */
export function createReferenceBatcher(options: {
  clock: Clock
  windowMs: number
  maxRefs: number
}): ReferenceBatcher {
  const { clock, windowMs, maxRefs } = options
  let open: Batch | undefined

  return {
    add(refs, handOver) {
      open ??= openBatch(handOver)
      const batch = open
      for (const ref of refs) keep(batch.refs, ref)
      if (batch.refs.size >= maxRefs) batch.close()
      return batch.handedOver
    },
  }

  /** Keeps the latest change of each product, in whatever order the events arrive. */
  function keep(held: Map<string, ProductRef>, ref: ProductRef): void {
    const key = `${ref.kind} ${ref.value}`
    const before = held.get(key)?.changedAt ?? Number.NEGATIVE_INFINITY
    if (!held.has(key) || (ref.changedAt ?? before) > before) held.set(key, ref)
  }

  function openBatch(handOver: HandOver): Batch {
    const refs = new Map<string, ProductRef>()
    let end = (): void => undefined
    const closed = new Promise<void>((resolve) => {
      end = resolve
    })
    const batch: Batch = {
      refs,
      close() {
        window.close()
        // Requests that arrive from now on belong to the next batch.
        if (open === batch) open = undefined
        end()
      },
      handedOver: closed.then(() => handOver([...refs.values()])),
    }
    const window = createBatchWindow(clock, batch.close)
    window.endAfter(windowMs)
    return batch
  }
}
