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
}

/** What makes an event the same event. CloudEvents 1.0: `source` and `id` together are unique. */
export type EventKey = { source: string; id: string }

/** A moment as events name it, ISO 8601, in milliseconds since the epoch. */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
