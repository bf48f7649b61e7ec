import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { extname } from 'node:path/posix'
import type { NewContent } from '../content'
import { isJsonObject, type JsonObject, type JsonValue } from '../json'

/** An asset as the stand-in holds it: the two groups of the Assets Author API, and where it is. */
export type AemAsset = {
  /** `urn:aaid:aem:<uuid>`. */
  id: string
  /** The `jcr:uuid`. */
  uuid: string
  /** The repository path, not encoded. */
  path: string
  assetMetadata: JsonObject
  repositoryMetadata: JsonObject
}

/**
 * What a test says about an asset; all else is made up. A null in `repositoryMetadata` leaves that field out
 * (`dam:sha1`), another value stands there even if it is wrong (`repo:size`).
 */
export type NewAsset = {
  path: string
  assetMetadata?: JsonObject
  repositoryMetadata?: JsonObject
  /** @default 200 KiB of its own */
  content?: NewContent
  /** By name, such as `cq5dam.web.1280.1280.jpeg`; `original` is always there. */
  renditions?: Record<string, NewContent>
}

/** The default size of an asset, in bytes. */
export const USUAL_SIZE = 204_800

const FORMATS: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.tif': 'image/tiff',
  '.pdf': 'application/pdf',
  '.mp4': 'video/mp4',
  '.html': 'text/html',
  '.svg': 'image/svg+xml',
  '.zip': 'application/zip',
}

/** The media type of a file name. */
export const formatOf = (name: string): string =>
  FORMATS[extname(name).toLowerCase()] ?? 'application/octet-stream'

const iso = (now: number): string => new Date(now).toISOString()

const version = (): string => `oak:1.0::ci:${randomBytes(16).toString('hex')}`

/** The object without its null members. */
export const withoutNulls = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, it]) => it !== null))

/** What AEM says about a new, processed asset. */
export const usualRepository = (path: string, host: string, now: number, uuid: string): JsonObject => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const format = formatOf(name)
  const date = iso(now)
  return {
    'repo:repositoryId': host,
    'repo:assetClass': 'file',
    'repo:assetId': `urn:aaid:aem:${uuid}`,
    'repo:name': name,
    'repo:path': path,
    'repo:size': USUAL_SIZE,
    'repo:createDate': date,
    'repo:createdBy': 'ada@example.com',
    'repo:modifyDate': date,
    'repo:modifiedBy': 'ada@example.com',
    'dc:format': format,
    'aem:assetState': 'Processed',
    ...(format.startsWith('image/') ? { 'tiff:imageWidth': 1600, 'tiff:imageLength': 1200 } : {}),
  }
}

/** A new, processed asset with the repository metadata that AEM gives; size and SHA-1 are known when it has its file. */
export const createAsset = (input: NewAsset, host: string, now: number): AemAsset => {
  const { path } = input
  const uuid = randomUUID()
  const usual: JsonObject = {
    ...usualRepository(path, host, now, uuid),
    'repo:ancestors': [`urn:aaid:aem:${randomUUID()}`],
    'repo:version': version(),
  }
  return {
    id: `urn:aaid:aem:${uuid}`,
    uuid,
    path,
    assetMetadata: structuredClone(input.assetMetadata ?? {}),
    repositoryMetadata: withoutNulls({ ...usual, ...structuredClone(input.repositoryMetadata ?? {}) }),
  }
}

/**
 * Records a change of the asset by a user: a new version and date, so the ETag moves even if the content does
 * not.
 */
export const touch = (asset: AemAsset, now: number, by: string): void => {
  asset.repositoryMetadata['repo:version'] = version()
  asset.repositoryMetadata['repo:modifyDate'] = iso(now)
  asset.repositoryMetadata['repo:modifiedBy'] = by
}

const sorted = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([key, it]): [string, JsonValue] => [key, sorted(it)])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The strong ETag (RFC 9110): a hash of the path and of all metadata as serialised. */
export const etagOf = (asset: AemAsset): string => {
  const { path, assetMetadata, repositoryMetadata } = asset
  const text = JSON.stringify([path, sorted(assetMetadata), sorted(repositoryMetadata)])
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`
}
