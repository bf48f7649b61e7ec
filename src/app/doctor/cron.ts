import { CronExpressionParser } from 'cron-parser'

/**
 * When a cron expression was due last.
 * @param cron five fields in UTC, or six with the seconds first
 * @param count how many times ago: 2 for the last time but one
 * @returns milliseconds since the epoch; undefined when it never was, or is no cron expression
 */
export function dueBefore(cron: string, now: number, count: number): number | undefined {
  try {
    // The parser looks for times before this one.
    const times = CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: new Date(now + 1) })
    let due: number | undefined
    for (let left = count; left > 0; left--) due = times.prev().getTime()
    return due
  } catch {
    return undefined
  }
}
