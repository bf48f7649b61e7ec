import type { JsonValue } from './json'

/** Where an asset is: the author that has it, and its id or at least its path. */
export type AssetRef = {
  /** The allow-listed origin of the author, such as `https://author-p1-e2.adobeaemcloud.com`. */
  origin: string
  /** `urn:aaid:aem:<uuid>`. */
  id?: string
  /** Repository path, decoded, below `/content/dam/`. */
  path?: string
}

/** An asset as AEM holds it at one moment. */
export type Asset = {
  origin: string
  id: string
  /** Repository path, decoded; empty when AEM does not tell. */
  path: string
  /** File name with its extension; empty when AEM does not tell. */
  name: string
  /** The metadata properties (`assetMetadata` of the Assets Author API). */
  metadata: Readonly<Record<string, JsonValue>>
  /** What the repository says about the asset (`repositoryMetadata` of the Assets Author API). */
  repository: Readonly<Record<string, JsonValue>>
  /** The metadata's entity tag, for If-Match. It moves with every change of the metadata. */
  etag: string
}
