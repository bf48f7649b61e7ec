import type { CallContext } from '../../core/call-context'
import type { Product, ProductRef } from '../../core/product'
import type { PimCommunicator } from '../../plugin/pim'
import { askingBy, askTogether, canBeJoined, type WaitingQuery } from './joint-query'

/**
 * A communicator for the activations of a container. A query is asked at once while fewer than `atOnce` calls are under
 * way. Those that come meanwhile wait for the end of one and become one call: an event that comes alone never waits, and
 * in a burst hundreds of events cost a few calls. It caches nothing.
 * @param options.atOnce calls to the PIM that this communicator makes at the same time
 * @param options.maxRefs in one call; a single query may have more
 */
export function joinQueries(
  pim: PimCommunicator,
  { atOnce, maxRefs }: { atOnce: number; maxRefs: number },
): PimCommunicator {
  let underWay = 0
  let waiting: WaitingQuery[] = []

  return askingBy(pim, getProducts)

  function getProducts(refs: readonly ProductRef[], call: CallContext): Promise<readonly Product[]> {
    if (!canBeJoined(pim, refs)) return pim.getProducts(refs, call)
    return new Promise((resolve, reject) => {
      waiting.push({ refs, call, resolve, reject })
      askWaiting()
    })
  }

  function askWaiting(): void {
    while (underWay < atOnce) {
      const queries = takeWaiting()
      if (queries.length === 0) return
      underWay += 1
      void askTogether(pim, queries).finally(() => {
        underWay -= 1
        askWaiting()
      })
    }
  }

  /** As many as fit into one call. */
  function takeWaiting(): readonly WaitingQuery[] {
    const taken: WaitingQuery[] = []
    let refs = 0
    waiting = waiting.filter((query) => {
      const fits = taken.length === 0 || refs + query.refs.length <= maxRefs
      if (fits) {
        refs += query.refs.length
        taken.push(query)
      }
      return !fits
    })
    return taken
  }
}
