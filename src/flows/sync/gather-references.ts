import type { Clock } from '../../core/clock'
import type { ProductRef } from '../../core/product'

/** Puts what many requests bring within a moment into one hand-over. */
export type Gatherer = {
  /**
   * Hands the references over with those of other requests.
   * @param handOver how; of the requests of one hand-over, the first one's is used
   * @returns what became of the hand-over, once that is decided
   * @throws what `handOver` threw, to each request whose references were in it
   */
  add(refs: readonly ProductRef[], handOver: HandOver): Promise<string>
}

/** Hands references over at once, or fails; resolves to the name of what has taken them. */
export type HandOver = (refs: readonly ProductRef[]) => Promise<string>

type Batch = { refs: Map<string, ProductRef>; handedOver: Promise<string>; close(): void }

/**
 * Creates the gatherer of a container. Nothing is kept once a hand-over is decided.
 * @param options.windowMs how long the first request of a hand-over waits for others
 * @param options.maxRefs so many different references are handed over without waiting any longer
 */
export function createGatherer(options: { clock: Clock; windowMs: number; maxRefs: number }): Gatherer {
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

  /** Of several events about one product the latest change counts, in whatever order they come. */
  function keep(held: Map<string, ProductRef>, ref: ProductRef): void {
    const key = `${ref.kind} ${ref.value}`
    const before = held.get(key)?.changedAt ?? Number.NEGATIVE_INFINITY
    if (!held.has(key) || (ref.changedAt ?? before) > before) held.set(key, ref)
  }

  function openBatch(handOver: HandOver): Batch {
    const refs = new Map<string, ProductRef>()
    const waiting = new AbortController()
    // Ended early or not, what counts is that it has ended.
    const closed = clock.sleep(windowMs, waiting.signal).catch(() => undefined)
    const batch: Batch = {
      refs,
      close() {
        // Whoever comes now belongs to the next one.
        if (open === batch) open = undefined
        waiting.abort()
      },
      handedOver: closed.then(() => {
        batch.close()
        return handOver([...refs.values()])
      }),
    }
    return batch
  }
}
