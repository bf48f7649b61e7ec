import { Cron } from 'croner'

/**
 * When a cron expression was due last.
 * @param cron five fields in UTC, or six with the seconds first
 * @param count how many times ago: 2 for the last time but one
 * @returns milliseconds since the epoch; undefined when it never was, or is no cron expression
 */
export function dueBefore(cron: string, now: number, count: number): number | undefined {
  try {
    // `5/20` is what I/O Runtime takes, too. The library looks for times before this one.
    const times = new Cron(cron, { timezone: 'UTC', sloppyRanges: true })
    return times.previousRuns(count, new Date(now + 1))[count - 1]?.getTime()
  } catch {
    return undefined
  }
}
