import type { Clock } from '../../../core/clock'

/** What was fetched, by a key, for a while. */
export type Cache<T> = {
  get(key: string): { value: T } | undefined
  set(key: string, value: T): void
  clear(): void
}

const maxKept = 10_000

/** A cache whose entries live for `lifeMs`; when it is full, the oldest entry is dropped. */
export function createCache<T>(clock: Clock, lifeMs: number): Cache<T> {
  const kept = new Map<string, { value: T; until: number }>()
  return {
    get(key) {
      const found = kept.get(key)
      return found !== undefined && clock.now() < found.until ? found : undefined
    },
    set(key, value) {
      kept.delete(key)
      kept.set(key, { value, until: clock.now() + lifeMs })
      for (const oldest of kept.keys()) {
        if (kept.size <= maxKept) break
        kept.delete(oldest)
      }
    },
    clear: () => kept.clear(),
  }
}
