const pattern = /^-?(P(?=\d|T\d)(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?)$/

/** An ISO-8601 duration of days, hours, minutes and seconds. */
export type Duration = {
  /** In capitals, without a sign. */
  text: string
  ms: number
}

/** Reads `PT2H` or `P1DT12H`, in either case; undefined for anything else, and for no time at all. */
export function parseDuration(text: string): Duration | undefined {
  const match = pattern.exec(text.trim().toUpperCase())
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match?.slice(2) ?? []).map((it) => Number(it ?? 0))
  const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
  const [, found] = match ?? []
  return found === undefined || ms === 0 ? undefined : { text: found, ms }
}
