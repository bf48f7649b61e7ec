import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Watches how much memory is really held, garbage left out. */
export type HeapWatch = {
  /** Takes a measure; the garbage is collected first when it might be more than what is allowed. */
  sample(): void
  /** The most that any sample held above the first measure, in bytes. */
  growth(): number
}

/**
 * Starts to watch.
 * @param allowed what may be held, in bytes: as long as garbage and all are less, no time is spent on collecting it
 */
export function createHeapWatch(allowed = 0): HeapWatch {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  const inUse = (): number => {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const held = (): number => {
    // Twice: what a finalizer lets go is free only after the next round.
    if (typeof collect === 'function') for (let round = 0; round < 2; round++) collect()
    return inUse()
  }
  const before = held()
  let most = before
  return {
    sample: () => {
      const now = inUse()
      most = Math.max(most, now - before < allowed ? now : held())
    },
    growth: () => most - before,
  }
}
