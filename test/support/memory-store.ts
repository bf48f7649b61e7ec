import type { Clock } from '../../src/core/clock'
import type { Store } from '../../src/store/store'

/** A store in memory, on a clock; what the tests of the State service prove of that is not proven here. */
export type MemoryStore = Store & {
  /** What is alive now. */
  entries(): Map<string, string>
  /** Asked before each operation: throw to have it fail. */
  before: ((operation: 'get' | 'put' | 'remove' | 'keys', key: string) => void) | undefined
}

export function createMemoryStore(clock: Pick<Clock, 'now'>): MemoryStore {
  const held = new Map<string, { value: string; expires: number }>()
  const alive = (): [string, string][] =>
    [...held].flatMap(([key, { value, expires }]) => (expires > clock.now() ? [[key, value]] : []))
  const store: MemoryStore = {
    before: undefined,
    entries: () => new Map(alive()),
    async get(key, signal) {
      signal.throwIfAborted()
      store.before?.('get', key)
      return store.entries().get(key)
    },
    async put(key, value, ttlSeconds, signal) {
      signal.throwIfAborted()
      store.before?.('put', key)
      held.set(key, { value, expires: clock.now() + ttlSeconds * 1000 })
    },
    async remove(key, signal) {
      signal.throwIfAborted()
      store.before?.('remove', key)
      held.delete(key)
    },
    async *keys(pattern, signal) {
      signal.throwIfAborted()
      store.before?.('keys', pattern)
      const prefix = pattern.replace(/\*$/, '')
      for (const [key] of alive()) if (key.startsWith(prefix)) yield key
    },
  }
  return store
}
