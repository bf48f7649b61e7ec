/** What goes wrong with one request. `delayMs` comes first, whatever the kind. */
export type Fault =
  /** Answers this instead; the request takes no effect. `body` is sent as JSON. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown; delayMs?: number }
  /** Waits, then continues normally. */
  | { kind: 'latency'; delayMs: number }
  /** Destroys the socket before anything happened. */
  | { kind: 'reset'; delayMs?: number }
  /** The request takes effect, then the socket is destroyed: a lost answer. */
  | { kind: 'resetAfter'; delayMs?: number }
  /** Never answers. */
  | { kind: 'hang'; delayMs?: number }
  /** The request takes effect; the whole content-length is announced, so much of the body is sent (default: half). */
  | { kind: 'cut'; afterBytes?: number; delayMs?: number }
  /** Sends so much of the body, then nothing more; the connection stays open. */
  | { kind: 'stall'; afterBytes: number; delayMs?: number }
  /** Sends the body no faster than this. */
  | { kind: 'throttle'; bytesPerSecond: number; delayMs?: number }
  /** Announces and sends the beginning only, as if that were all. */
  | { kind: 'truncate'; afterBytes: number; delayMs?: number }
  /** Turns one byte of the body over, the first by default. */
  | { kind: 'garbled'; at?: number; delayMs?: number }
  /** Sends the body compressed, whatever the client accepts. */
  | { kind: 'gzip'; delayMs?: number }
  /** Announces no content-length. */
  | { kind: 'chunked'; delayMs?: number }
  /** A login page with status 200, as a hibernated or signed-out author answers. */
  | { kind: 'html'; delayMs?: number }

/** Which requests are meant: both must match, an absent one matches all. A string path is a prefix. */
export type FaultTarget = { method?: string; path?: string | RegExp }

/** A fault for the next `times` matching requests (default: all). */
export type FaultRule = FaultTarget & { times?: number; fault: Fault }

/** Faults that strike by chance; the same seed and the same requests give the same faults. */
export type RandomFaults = FaultTarget & { seed: number; probability: number; faults: readonly Fault[] }

/** A rule that was added: how often it struck, and the way to end it. */
export type ActiveFault = { hits(): number; remove(): void }

/** The faults of one server. Rules are tried in the order they were added, the first that matches strikes. */
export type Faults = {
  add(rule: FaultRule): ActiveFault
  random(rule: RandomFaults): ActiveFault
  clear(): void
  /** The fault for this request, if any; counts as a hit. Called by the server. */
  take(method: string, path: string): Fault | undefined
}

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const matches = (target: FaultTarget, method: string, path: string): boolean => {
  if (target.method !== undefined && target.method.toUpperCase() !== method) return false
  const { path: wanted } = target
  if (wanted === undefined) return true
  // a client may escape the colons of an asset id or not: both spellings are the same path
  const spellings = [path, decoded(path)]
  return spellings.some((it) => (typeof wanted === 'string' ? it.startsWith(wanted) : it.search(wanted) >= 0))
}

/** An empty list of faults. */
export const createFaults = (): Faults => {
  let active: { target: FaultTarget; draw: () => Fault | undefined; hits: number }[] = []
  const start = (target: FaultTarget, draw: () => Fault | undefined): ActiveFault => {
    const entry = { target, draw, hits: 0 }
    active.push(entry)
    return {
      hits: () => entry.hits,
      remove: () => {
        active = active.filter((it) => it !== entry)
      },
    }
  }
  return {
    add: ({ times = Number.POSITIVE_INFINITY, fault, ...target }) => {
      let left = times
      return start(target, () => {
        if (left <= 0) return undefined
        left -= 1
        return fault
      })
    },
    random: ({ seed, probability, faults, ...target }) => {
      const random = seededRandom(seed)
      return start(target, () => {
        if (random() >= probability) return undefined
        return faults[Math.floor(random() * faults.length)]
      })
    },
    clear: () => {
      active = []
    },
    take: (method, path) => {
      for (const entry of active) {
        if (!matches(entry.target, method, path)) continue
        const fault = entry.draw()
        if (fault === undefined) continue
        entry.hits += 1
        return fault
      }
      return undefined
    },
  }
}
