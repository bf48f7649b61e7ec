/** The waits between attempts, in milliseconds. */
export type Backoff = { baseMs: number; capMs: number }

/**
 * Exponential backoff with full jitter: a random wait from 0 to the doubled base, up to the cap.
 * @param attempt attempts made so far, from 1
 * @param random a number in [0, 1)
 */
export function fullJitter({ baseMs, capMs }: Backoff, attempt: number, random: number): number {
  return Math.round(random * Math.min(capMs, baseMs * 2 ** (attempt - 1)))
}
