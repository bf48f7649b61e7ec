import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Watches how much memory is really held, garbage left out. */
export type HeapWatch = {
  /** Collects the garbage and takes a measure. */
  sample(): void
  /** The most that any sample held above the first measure, in bytes. */
  growth(): number
}

/** Starts to watch. */
export function createHeapWatch(): HeapWatch {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  const held = (): number => {
    // Twice: what a finalizer lets go is free only after the next round.
    if (typeof collect === 'function') for (let round = 0; round < 2; round++) collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = held()
  let most = before
  return {
    sample: () => {
      most = Math.max(most, held())
    },
    growth: () => most - before,
  }
}
