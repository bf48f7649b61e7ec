import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { ProductChange, ProductUpdate } from '../../core/product'
import type { PimCommunicator } from '../../plugin/pim'
import { createBatchWindow, mostPatience } from './batch-window'

type Waiting = {
  changes: readonly ProductChange[]
  resolve(updates: readonly ProductUpdate[]): void
  reject(reason: unknown): void
}

/** Batches changes of products. */
export type UpdateBatcher = {
  /** @throws what the call for the whole batch throws */
  add(changes: readonly ProductChange[]): Promise<readonly ProductUpdate[]>
  /** To be called when `expected` has fallen without a change. */
  recheck(): void
}

/** Products that one call changes, as Akeneo takes them. */
const maxChanges = 100

/**
 * Batches changes of products: what several assets tell the PIM becomes one call.
 * @param options.windowMs a batch is sent when none came for so long, or when it is full
 * @param options.expected how many are still to come. A batch waits for them for as long as one comes every `patienceMs`
 */
export function batchUpdates(
  pim: PimCommunicator,
  options: {
    clock: Clock
    windowMs: number
    call: CallContext
    expected: { count(): number; patienceMs: number }
  },
): UpdateBatcher {
  const { clock, windowMs, call, expected } = options
  const window = createBatchWindow(clock, () => void send())
  let waiting: Waiting[] = []

  return {
    add: (changes) =>
      new Promise((resolve, reject) => {
        waiting.push({ changes, resolve, reject })
        const count = waiting.reduce((sum, one) => sum + one.changes.length, 0)
        if (count >= maxChanges) void send()
        else if (expected.count() > 0)
          window.endAfter(expected.patienceMs, mostPatience * expected.patienceMs)
        else window.endAfter(windowMs)
      }),
    recheck() {
      if (waiting.length > 0 && expected.count() === 0) window.endAfter(windowMs)
    },
  }

  async function send(): Promise<void> {
    window.close()
    const together = waiting
    waiting = []
    try {
      const changes = together.flatMap((one) => one.changes)
      const { ends, failed } = await eachByItself(changes, await update(changes))
      let start = 0
      for (const { changes: own, resolve, reject } of together) {
        const end = start + own.length
        const failure = [...failed].find(([index]) => index >= start && index < end)
        if (failure === undefined) resolve(ends.slice(start, end))
        else reject(failure[1])
        start = end
      }
    } catch (thrown) {
      for (const { reject } of together) reject(thrown)
    }
  }

  async function update(changes: readonly ProductChange[]): Promise<readonly ProductUpdate[]> {
    return (await pim.updateProducts?.(changes, call)) ?? []
  }

  /**
   * A PIM takes what several assets say of one product as one, and refuses all of it for one value. So changes that were
   * refused together are sent again, one of each product in a call: as many calls as the product with the most has.
   * @returns what became of each in the end, and what the calls threw in which others were sent again, by their places
   */
  async function eachByItself(
    changes: readonly ProductChange[],
    updates: readonly ProductUpdate[],
  ): Promise<{ ends: readonly ProductUpdate[]; failed: ReadonlyMap<number, unknown> }> {
    const ends = [...updates]
    const failed = new Map<number, unknown>()
    const rounds: number[][] = []
    for (const indexes of refusedTogether(changes, updates)) {
      for (const [turn, index] of indexes.entries()) {
        rounds[turn] ??= []
        rounds[turn].push(index)
      }
    }
    for (const indexes of rounds) {
      try {
        const again = await update(indexes.flatMap((index) => changes[index] ?? []))
        for (const [at, index] of indexes.entries()) {
          const end = again[at]
          if (end !== undefined) ends[index] = end
        }
      } catch (thrown) {
        // Those that the first call has taken are done all the same.
        for (const index of indexes) failed.set(index, thrown)
      }
    }
    return { ends, failed }
  }
}

/** The places of changes that were refused, for each product of which several were. */
function refusedTogether(
  changes: readonly ProductChange[],
  updates: readonly ProductUpdate[],
): readonly (readonly number[])[] {
  const byProduct = new Map<string, number[]>()
  for (const [index, { ref }] of changes.entries()) {
    if (updates[index]?.kind !== 'refused') continue
    const key = `${ref.kind} ${ref.value.toLowerCase()}`
    byProduct.set(key, [...(byProduct.get(key) ?? []), index])
  }
  return [...byProduct.values()].filter(({ length }) => length > 1)
}
