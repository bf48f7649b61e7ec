import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { PimCommunicator } from '../../plugin/pim'
import { batchQueries } from './batch-queries'

/** One piece of work and the PIM that it asks. */
export type ExpectedWork = {
  pim: PimCommunicator
  /** To be called when the work has ended, or will not ask soon: no batch waits for it any more. */
  end(): void
}

/** How long a batch waits for others when none is expected. */
const windowMs = 50

/**
 * Batches what a known number of pieces of work ask and tell the PIM: a batch is sent when each piece has asked or
 * ended, or when none did so for a while.
 * @param options.count how many pieces of work there are
 * @param options.maxWaiting a batch with this many queries is sent at once: at most as many as run at the same time
 * @param options.patienceMs how long a batch waits for the next query
 * @returns what begins one piece of work
 */
export function batchExpected(
  pim: PimCommunicator,
  options: { clock: Clock; call: CallContext; count: number; maxWaiting: number; patienceMs: number },
): () => ExpectedWork {
  const { clock, call, count, maxWaiting, patienceMs } = options
  let toAsk = count
  let toTell = count
  const batched = batchQueries(pim, {
    clock,
    windowMs,
    maxWaiting,
    call,
    expected: { count: () => toAsk, patienceMs },
    expectedUpdates: { count: () => toTell, patienceMs },
  })

  return () => {
    let hasAsked = false
    const asks = (): void => {
      if (!hasAsked) toAsk -= 1
      hasAsked = true
    }
    let hasTold = false
    const tells = (): void => {
      if (!hasTold) toTell -= 1
      hasTold = true
    }
    const { updateProducts } = batched
    return {
      pim: {
        ...batched,
        getProducts(refs, own) {
          asks()
          return batched.getProducts(refs, own)
        },
        ...(updateProducts && {
          updateProducts(changes, own) {
            tells()
            return updateProducts(changes, own)
          },
        }),
      },
      end() {
        asks()
        tells()
        batched.recheck()
      },
    }
  }
}
