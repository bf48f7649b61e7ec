import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { ProductChange, ProductUpdate } from '../../core/product'
import type { PimCommunicator } from '../../plugin/pim'
import { createBatchWindow } from './batch-window'

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
        else window.endAfter(expected.count() > 0 ? expected.patienceMs : windowMs)
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
      const updates = (await pim.updateProducts?.(changes, call)) ?? []
      let start = 0
      for (const { changes: own, resolve } of together) {
        resolve(updates.slice(start, start + own.length))
        start += own.length
      }
    } catch (thrown) {
      for (const { reject } of together) reject(thrown)
    }
  }
}
