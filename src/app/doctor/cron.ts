const minuteMs = 60_000
/** The 29th of February aside, no expression waits longer. */
const longestMinutes = 366 * 24 * 60

type Field = { holds(value: number): boolean; isAll: boolean }

/**
 * When a cron expression was due last.
 * @param cron five fields in UTC, or six with the seconds first
 * @param count how many times ago: 2 for the last time but one
 * @returns milliseconds since the epoch; undefined when it was not due within a year, or holds names such as MON
 */
export function dueBefore(cron: string, now: number, count: number): number | undefined {
  const fields = cron.split(' ').slice(-5).map(fieldOf)
  const [minute, hour, day, month, weekday] = fields
  if (!minute || !hour || !day || !month || !weekday) return undefined
  let left = count
  const last = Math.floor(now / minuteMs)
  for (let at = last; at > last - longestMinutes; at--) {
    const date = new Date(at * minuteMs)
    if (!minute.holds(date.getUTCMinutes()) || !hour.holds(date.getUTCHours())) continue
    if (!month.holds(date.getUTCMonth() + 1)) continue
    const [ofMonth, ofWeek] = [day.holds(date.getUTCDate()), weekday.holds(date.getUTCDay())]
    // As cron has it: with both given, either is enough.
    const isDay = day.isAll || weekday.isAll ? ofMonth && ofWeek : ofMonth || ofWeek
    if (!isDay) continue
    left -= 1
    if (left === 0) return at * minuteMs
  }
  return undefined
}

function fieldOf(text: string): Field | undefined {
  const ranges = text.split(',').map((part) => {
    const [, all, from, to, step] = /^(?:(\*)|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? []
    if (all === undefined && from === undefined) return undefined
    const first = Number(from ?? 0)
    const end = all !== undefined || (to === undefined && step !== undefined) ? 59 : Number(to ?? from)
    return { first, end, step: Number(step ?? 1) }
  })
  if (ranges.some((range) => range === undefined || range.step === 0)) return undefined
  const holds = (value: number): boolean =>
    ranges.some(
      (range) =>
        range !== undefined &&
        value >= range.first &&
        value <= range.end &&
        (value - range.first) % range.step === 0,
    )
  // Sunday is 0 and 7.
  return {
    holds: (value) => holds(value) || (value === 0 && text.split(',').includes('7')),
    isAll: text === '*',
  }
}
