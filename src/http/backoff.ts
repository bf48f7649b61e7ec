/** The waits between attempts, in milliseconds. */
export type Backoff = {
  baseMs: number
  capMs: number
  /** No wait is shorter: for a limit that is counted over a known time. @default 0 */
  floorMs?: number
}

/**
 * Exponential backoff with full jitter: a random wait from the floor to the doubled base, up to the cap.
 * @param attempt attempts made so far, from 1
 * @param random a number in [0, 1)
 */
export function fullJitter({ baseMs, capMs, floorMs = 0 }: Backoff, attempt: number, random: number): number {
  const longest = Math.max(floorMs, Math.min(capMs, baseMs * 2 ** (attempt - 1)))
  return Math.round(floorMs + random * (longest - floorMs))
}
