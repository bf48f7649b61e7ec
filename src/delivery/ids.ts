import type { Store } from '../store/store'

/** The ids of the records whose keys begin with a prefix, each once: a listing that goes on for a while may name one twice. */
export async function* idsIn(store: Store, prefix: string, signal: AbortSignal): AsyncGenerator<string> {
  const seen = new Set<string>()
  for await (const key of store.keys(`${prefix}*`, signal)) {
    if (seen.has(key)) continue
    seen.add(key)
    yield key.slice(prefix.length)
  }
}
