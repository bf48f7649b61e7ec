/**
 * Reads a Retry-After header in either form, delay-seconds or HTTP-date (RFC 9110, section 10.2.3).
 * @returns milliseconds from `now`, never negative; undefined when absent or unreadable
 */
export function parseRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const value = header?.trim()
  if (!value) return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000)
  // Date.parse is lenient enough to read "-5" as a year; a date begins with the name of a day.
  if (!/^[A-Za-z]/.test(value)) return undefined
  // The old form of asctime names no zone, and means UTC.
  const date = Date.parse(/GMT|UTC|[+-]\d{4}$/.test(value) ? value : `${value} GMT`)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
