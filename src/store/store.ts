/** What the app remembers: small values under short keys, each with a life. */
export type Store = {
  /** The value; undefined when there is none or its life has ended. */
  get(key: string, signal: AbortSignal): Promise<string | undefined>
  /**
   * Writes a value over whatever is there. There is no atomic update: what is written must not depend on what was read.
   * @param key 1 to 1024 of `[a-zA-Z0-9-_.]`
   * @param value at most 1 MB
   * @param ttlSeconds from 1 to 31,536,000 (a year)
   */
  put(key: string, value: string, ttlSeconds: number, signal: AbortSignal): Promise<void>
  /** Removes a value; nothing happens when there is none. */
  remove(key: string, signal: AbortSignal): Promise<void>
  /** The keys that match a pattern with `*`. Eventually consistent: a key may be missing, twice, or gone already. */
  keys(pattern: string, signal: AbortSignal): AsyncIterable<string>
  /** How much is stored. Absent where the store does not tell. */
  used?(signal: AbortSignal): Promise<StoreUse>
}

/** What a store holds; `bytes` are those of keys and values. */
export type StoreUse = { keys: number; bytes: number }
