/** What an event of this app's own tells. */
export type MadeEvent = {
  /** Unique with `source`, and the same each time the same work is found. */
  id: string
  source: unknown
  /** Of AEM's, such as `aem.assets.asset.moved`. */
  type: string
  /** The host of the author. */
  host?: unknown
  /** Milliseconds since the epoch. */
  time?: number | undefined
  assetId?: string | undefined
  path: string | undefined
  assetClass?: string | undefined
  /** Where the asset was before it was moved. */
  previousPath?: string | undefined
  tier?: string | undefined
  /** Further members of `data`. */
  more?: Readonly<Record<string, unknown>>
}

/** An event in the form of AEM's, for work that no event told of. `decodeCloudEvent` reads it like any other. */
export const madeEvent = (about: MadeEvent): unknown => {
  const { id, source, type, host, time, assetId, path, assetClass = 'file', previousPath, tier, more } = about
  return {
    id,
    source,
    type,
    ...(time === undefined ? {} : { time: new Date(time).toISOString() }),
    data: {
      ...(assetId === undefined ? {} : { assetId }),
      ...(tier === undefined ? {} : { tier }),
      ...(previousPath === undefined ? {} : { previousPath }),
      ...more,
      repositoryMetadata: {
        ...(typeof host === 'string' ? { 'repo:repositoryId': host } : {}),
        'repo:path': path,
        'repo:assetClass': assetClass,
      },
    },
  }
}
