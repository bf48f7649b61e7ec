/** How fast a destination gets its events, and how well that goes. Times are ms since the epoch. */
export type Pace = {
  /** Events a second, from 1 to 100. */
  rate(): number
  /** Takes so many as may be sent now, `wanted` at most. */
  take(wanted: number, now: number): number
  /** 200: a little faster. */
  faster(): void
  /** 429: half as fast. */
  slower(): void
  /** Counts the end of an attempt; returns the share of good ones within the hour. */
  count(good: boolean, now: number): { share: number; attempts: number }
  /** Forgets what was counted, as for a subscription that is resumed. */
  forget(): void
}

const HOUR_MS = 3_600_000
const MOST = 100
const LEAST = 1

/**
 * The pace of one subscription (Akeneo, key platform behaviors): it begins at 100 events a second, and follows the
 * answers. How steeply is not public: here by one up, by half down.
 */
export const createPace = (): Pace => {
  let rate = MOST
  let allowance = MOST
  let filledAt = Number.NEGATIVE_INFINITY
  let ends: { at: number; good: boolean }[] = []
  return {
    rate: () => rate,
    take: (wanted, now) => {
      const seconds = Math.max(0, now - filledAt) / 1000
      // nothing is saved up beyond a second's worth
      allowance = Math.min(rate, allowance + Math.min(1, seconds) * rate)
      filledAt = now
      const taken = Math.min(wanted, Math.floor(allowance))
      allowance -= taken
      return taken
    },
    faster: () => {
      rate = Math.min(MOST, rate + 1)
    },
    slower: () => {
      rate = Math.max(LEAST, rate / 2)
    },
    count: (good, now) => {
      ends.push({ at: now, good })
      ends = ends.filter(({ at }) => at > now - HOUR_MS)
      return { share: ends.filter((it) => it.good).length / ends.length, attempts: ends.length }
    },
    forget: () => {
      ends = []
    },
  }
}
