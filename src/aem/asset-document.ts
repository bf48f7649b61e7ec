import * as v from 'valibot'
import type { Asset } from '../core/asset'
import { permanentError, systemicError, transientError } from '../core/errors'
import { isJsonValue, isRecord, type JsonValue, nonEmptyString } from '../core/json'
import { type HttpResponse, jsonBody } from '../http/response'

const upstream = 'AEM'
type Properties = Readonly<Record<string, JsonValue>>
const Properties = v.custom<Properties>((value) => isRecord(value) && isJsonValue(value), 'no JSON object')
const MetadataAnswer = v.pipe(
  v.object({ assetMetadata: v.optional(Properties), repositoryMetadata: v.optional(Properties) }),
  // Otherwise any JSON would pass as an asset without metadata, and all properties would be written.
  v.check(({ assetMetadata, repositoryMetadata }) => Boolean(assetMetadata ?? repositoryMetadata)),
)

/**
 * Reads the answer to GET metadata.
 * @param keeps the metadata properties to hold
 * @throws {BridgeError} transient when it is not such an answer; systemic when it has no ETag, since without one no
 * update is safe
 */
export function parseAsset(
  origin: string,
  id: string,
  response: HttpResponse,
  keeps: (property: string) => boolean,
): Asset {
  const answer = v.safeParse(MetadataAnswer, jsonBody(upstream, response))
  if (!answer.success) {
    throw transientError('AEM_UNEXPECTED_ANSWER', 'AEM answered 200 without the metadata of an asset', {
      upstream,
    })
  }
  const etag = response.headers.get('etag')
  if (!etag) {
    throw systemicError(
      'AEM_WITHOUT_ETAG',
      'AEM sent metadata without an ETag, so it cannot be updated safely: check what stands between this app and AEM',
      { upstream },
    )
  }
  const { assetMetadata = {}, repositoryMetadata: repository = {} } = answer.output
  const metadata = Object.fromEntries(Object.entries(assetMetadata).filter(([property]) => keeps(property)))
  const path = nonEmptyString(repository['repo:path']) ?? ''
  const name = nonEmptyString(repository['repo:name']) ?? path.slice(path.lastIndexOf('/') + 1)
  return { origin, id, path, name, metadata, repository, etag }
}

const NodeAnswer = v.object({
  'jcr:uuid': v.optional(v.pipe(v.string(), v.uuid())),
  'jcr:primaryType': v.optional(v.string()),
})

/**
 * Reads the asset id from the default JSON rendering of an asset's node.
 * @throws {BridgeError} permanent when a folder or something else stands there; transient when the answer has no id
 */
export function parseAssetId(response: HttpResponse): string {
  const node = v.safeParse(NodeAnswer, jsonBody(upstream, response))
  const { 'jcr:uuid': uuid, 'jcr:primaryType': type } = node.success ? node.output : {}
  if (type !== undefined && type !== 'dam:Asset') {
    throw permanentError(
      'ASSET_NOT_FOUND',
      `what AEM has at this path is no asset but a ${type.slice(0, 80)}`,
      {
        upstream,
      },
    )
  }
  if (uuid === undefined) {
    throw transientError('AEM_UNEXPECTED_ANSWER', 'AEM answered 200 without the jcr:uuid of the asset', {
      upstream,
    })
  }
  return `urn:aaid:aem:${uuid}`
}

/** Reads the names of the files in a renditions folder from its JSON rendering (Sling, depth 1). */
export function parseRenditionNames(response: HttpResponse): readonly string[] {
  const folder = jsonBody(upstream, response)
  return isRecord(folder) ? Object.keys(folder).filter((name) => isRecord(folder[name])) : []
}
