import type { Clock } from '../../core/clock'
import type { ProductRef } from '../../core/product'
import { createBatchWindow } from './batch-window'

/** Batches the product references of many requests into one hand-over. */
export type ReferenceBatcher<T> = {
  /**
   * Adds the references to the open batch.
   * @param handOver sends a batch; the one of the first request of the batch is used
   * @returns what `handOver` returned for the batch
   * @throws what `handOver` threw, to each request of the batch
   */
  add(refs: readonly ProductRef[], handOver: HandOver<T>): Promise<T>
}

/** Sends the references of a batch on, or does what they are for. */
type HandOver<T> = (refs: readonly ProductRef[]) => Promise<T>

type Batch<T> = { refs: Map<string, ProductRef>; handedOver: Promise<T>; close(): void }

/**
 * Creates the batcher of a container. It keeps nothing after a batch has been sent.
 * @param options.windowMs how long the first request of a batch waits for others
 * @param options.countsFrom `batch before`: the window is over so long after the batch before was sent, so a request that
 * comes alone does not wait @default 'first request'
 * @param options.maxRefs a batch with this many different references is sent at once; only a single request may have more
 */
export function createReferenceBatcher<T>(options: {
  clock: Clock
  windowMs: number
  countsFrom?: 'first request' | 'batch before'
  maxRefs: number
}): ReferenceBatcher<T> {
  const { clock, windowMs, countsFrom = 'first request', maxRefs } = options
  let open: Batch<T> | undefined
  let sentAt = Number.NEGATIVE_INFINITY

  return {
    add(refs, handOver) {
      if (open !== undefined && open.refs.size + refs.length > maxRefs) open.close()
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

  function openBatch(handOver: HandOver<T>): Batch<T> {
    const refs = new Map<string, ProductRef>()
    let end = (): void => undefined
    const closed = new Promise<void>((resolve) => {
      end = resolve
    })
    const batch: Batch<T> = {
      refs,
      close() {
        window.close()
        // Requests that arrive from now on belong to the next batch.
        if (open === batch) open = undefined
        sentAt = clock.now()
        end()
      },
      handedOver: closed.then(() => handOver([...refs.values()])),
    }
    const window = createBatchWindow(clock, batch.close)
    window.endAfter(
      countsFrom === 'first request'
        ? windowMs
        : Math.min(windowMs, Math.max(0, sentAt + windowMs - clock.now())),
    )
    return batch
  }
}
