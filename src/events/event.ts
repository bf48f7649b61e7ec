/** An event about an asset, whichever way it came: only what may be trusted to be there, and nothing of its payload to write. */
export type AssetEvent = {
  /** The same for every delivery of the event, by push and by journal. */
  key: EventKey
  /** CloudEvents type, such as `aem.assets.asset.processing_completed`. */
  type: string
  /** The host it names, as it stands there: not yet checked. Undefined when it names none. */
  host: unknown
  /** `urn:aaid:aem:<uuid>`; undefined when missing or `N/A`. */
  assetId: string | undefined
  /** Repository path, decoded; undefined when missing. */
  path: string | undefined
  /** `file`, `directory`, `contentFragment`...; undefined when missing. */
  assetClass: string | undefined
  /** When it happened, in milliseconds since the epoch; undefined when it does not tell. */
  time: number | undefined
  /** Where an asset was published to: `publish` or `preview`; undefined when it does not tell. */
  tier: string | undefined
  /** Where the asset was before it was moved; undefined when it does not tell. */
  previousPath: string | undefined
}

/** What makes an event the same event. CloudEvents 1.0: `source` and `id` together are unique. */
export type EventKey = { source: string; id: string }

/**
 * A moment as events name it, in milliseconds since the epoch: ISO 8601, with any number of digits behind the second,
 * and with an offset in each of its forms. Java writes one of two digits (`2030-01-02T03:04:05.123-08`), which
 * `Date.parse` refuses. Without an offset it is UTC.
 */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const [, day, clock, fraction = '', sign, hours, minutes = '00'] = isoTime.exec(value.trim()) ?? []
  const offset = sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`
  const text = day === undefined ? value : `${day}T${clock}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`
  const time = Date.parse(text)
  return time >= 0 && time <= latest ? time : undefined
}

/** The end of the year 9999: what is later, or before 1970, ISO 8601 writes in a form that few read. */
const latest = Date.UTC(10_000, 0, 1) - 1

const isoTime = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))? ?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?$/i
