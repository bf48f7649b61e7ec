import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Keeps the heap of this process small for long work: V8 lets it grow to hundreds of megabytes before it looks for what
 * is not needed any more, and an operator's machine, or its container, has others to serve.
 */
export function keepHeapSmall(): void {
  // Read at the end of each collection: how much may come before the next one, in percent of what is left.
  setFlagsFromString('--heap-growing-percent=20')
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  // The first one is what sets the limit.
  if (typeof collect === 'function') collect()
}
