import { parseJson } from '../json'
import { type Answer, json, problem, type RecordedRequest } from '../server'
import { type AemAsset, etagOf, touch } from './asset'
import { applyPatch, PatchRefused, type PatchRules } from './json-patch'

/** What the metadata endpoint does with a write. */
export type MetadataSettings = PatchRules & {
  /** Client ids whose technical account may write. */
  writers: readonly string[]
  /** What a PATCH without If-Match is answered; public sources leave it open. */
  missingIfMatch: 400 | 428
}

/** The principal of a technical account, as AEM and its events name it. */
export const principalOf = (clientId: string): string => `${clientId}@techacct.adobe.com`

const list = (header: string | undefined): string[] => (header ?? '').split(',').map((it) => it.trim())

/** The asset as `GET .../metadata` shows it. */
const metadataAnswer = (asset: AemAsset): Answer => {
  const { id: assetId, assetMetadata, repositoryMetadata } = asset
  return json(200, { assetId, assetMetadata, repositoryMetadata }, { etag: etagOf(asset) })
}

/** `GET /adobe/assets/{assetId}/metadata`, with If-None-Match (Assets Author API). */
export const getMetadata = (asset: AemAsset, request: RecordedRequest): Answer => {
  const etag = etagOf(asset)
  const known = list(request.headers['if-none-match'])
  if (known.includes(etag) || known.includes('*')) return { status: 304, headers: { etag } }
  return metadataAnswer(asset)
}

/**
 * `PATCH /adobe/assets/{assetId}/metadata` (Assets Author API): JSON Patch, If-Match required, all or
 * nothing. A patch that carries out at least one operation moves the ETag.
 */
export const patchMetadata = (
  asset: AemAsset,
  request: RecordedRequest,
  settings: MetadataSettings,
  now: number,
): Answer => {
  const client = request.headers['x-api-key']
  if (typeof client !== 'string' || !settings.writers.includes(client)) {
    return problem(403, 'The technical account may not write to this asset')
  }
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json-patch+json') {
    return problem(415, 'Content-Type must be application/json-patch+json')
  }
  const condition = request.headers['if-match']
  if (condition === undefined) return problem(settings.missingIfMatch, 'If-Match is required')
  const tags = list(condition)
  if (!tags.includes('*') && !tags.includes(etagOf(asset))) {
    return problem(412, 'The asset has changed: If-Match does not match its ETag')
  }
  try {
    const { metadata, writes } = applyPatch(asset.assetMetadata, parseJson(request.body), settings)
    if (writes > 0) {
      asset.assetMetadata = metadata
      touch(asset, now, principalOf(client))
    }
    return metadataAnswer(asset)
  } catch (error) {
    if (error instanceof PatchRefused) return problem(error.status, error.message)
    throw error
  }
}
