import type { CallContext } from '../../core/call-context'
import { type Clock, systemRandom } from '../../core/clock'
import type { BridgeError } from '../../core/errors'
import type { ProductChange, ProductUpdate } from '../../core/product'
import { retry } from '../../http/retry'

/** What became of a change in one round. `again`: it may have been made or not, or can be made later. */
export type RoundResult = ProductUpdate | { kind: 'again'; error: BridgeError }

/** A change that the PIM does not take. @param reason which attribute it is about, and why */
export const refusedUpdate = (code: string, reason: string): ProductUpdate => ({
  kind: 'refused',
  code,
  reason,
})

const backoff = { baseMs: 500, capMs: 8_000 }
const attempts = 5

/**
 * Makes changes in rounds: each reads the products, compares, and writes what differs. What could not be written, or
 * whose answer was lost, is read again before it is written again, for somebody may have changed it meanwhile.
 * @param round gets the changes that are still open, and says what became of each, in their order
 * @throws {BridgeError} of the last round; what `round` throws, unless it may pass
 */
export async function inRounds(
  changes: readonly ProductChange[],
  call: CallContext,
  clock: Clock,
  round: (open: readonly ProductChange[]) => Promise<readonly RoundResult[]>,
): Promise<readonly ProductUpdate[]> {
  const results = new Map<number, RoundResult>()
  const isOpen = (index: number): boolean => (results.get(index)?.kind ?? 'again') === 'again'
  let failed: BridgeError | undefined
  // What the round itself throws was tried often enough by the HTTP client.
  const rules = {
    clock,
    random: systemRandom,
    attempts,
    backoff,
    mayPass: (error: BridgeError) => error === failed,
  }
  return retry(rules, call, async () => {
    const open = [...changes.keys()].filter(isOpen)
    const found = await round(changes.filter((_, index) => isOpen(index)))
    for (const [at, index] of open.entries()) {
      const result = found[at]
      if (result === undefined) continue
      // It was written by the round before, whose answer was lost.
      const isOurs = result.kind === 'unchanged' && results.has(index)
      results.set(index, isOurs ? { kind: 'updated' } : result)
    }
    return [...changes.keys()].map((index) => {
      const result = results.get(index)
      if (result === undefined) throw new Error('a round says nothing of a change')
      if (result.kind === 'again') {
        failed = result.error
        throw failed
      }
      return result
    })
  })
}
