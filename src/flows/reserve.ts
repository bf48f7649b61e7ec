/**
 * What of the time that is left is kept for ending what has begun: the usual amount, and never more than a quarter, so
 * that a short limit of an activation leaves time to begin anything at all.
 * @param leftMs until the end of the activation; less than nothing counts as nothing
 */
export const reserveMs = (usualMs: number, leftMs: number): number =>
  Math.min(usualMs, Math.max(0, leftMs) / 4)
