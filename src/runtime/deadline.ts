/** A blocking activation has 60 seconds, the delivery of the answer included. */
const usualBudgetMs = 50_000
const shareKept = 0.15
const minKeptMs = 300
const maxKeptMs = 5_000

/**
 * When the work of an activation has to end, so that its answer is sent before the platform's time limit.
 * @param now milliseconds since the epoch
 * @param platformDeadline the same; undefined outside I/O Runtime
 * @param budgetMs the time limit of the work, for blocking activations
 */
export function workDeadline(
  now: number,
  platformDeadline: number | undefined,
  budgetMs: number = usualBudgetMs,
): number {
  if (platformDeadline === undefined) return now + usualBudgetMs
  const left = platformDeadline - now
  const kept = Math.min(maxKeptMs, Math.max(minKeptMs, left * shareKept))
  return now + Math.max(0, Math.min(budgetMs, left - kept))
}
