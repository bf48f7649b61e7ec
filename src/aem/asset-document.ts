import * as v from 'valibot'
import type { Asset } from '../core/asset'
import { systemicError, transientError } from '../core/errors'
import { isJsonValue, type JsonValue, nonEmptyString } from '../core/json'
import { type HttpResponse, jsonBody } from '../http/response'

const upstream = 'AEM'
const Json = v.custom<JsonValue>((value) => isJsonValue(value), 'no JSON value')
const Properties = v.record(v.string(), Json)
const MetadataAnswer = v.object({
  assetId: v.optional(v.string()),
  assetMetadata: v.optional(Properties, {}),
  repositoryMetadata: v.optional(Properties, {}),
})

/**
 * Reads the answer to GET metadata.
 * @throws {BridgeError} transient when it is not such an answer; systemic when it has no ETag, since without one no
 * update is safe
 */
export function parseAsset(origin: string, id: string, response: HttpResponse): Asset {
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
  const { assetMetadata: metadata, repositoryMetadata: repository } = answer.output
  const path = nonEmptyString(repository['repo:path']) ?? ''
  const name = nonEmptyString(repository['repo:name']) ?? path.slice(path.lastIndexOf('/') + 1)
  return { origin, id, path, name, metadata, repository, etag }
}

const NodeAnswer = v.object({ 'jcr:uuid': v.pipe(v.string(), v.uuid()) })

/**
 * Reads the asset id from the default JSON rendering of an asset's node.
 * @throws {BridgeError} transient when the answer has none
 */
export function parseAssetId(response: HttpResponse): string {
  const node = v.safeParse(NodeAnswer, jsonBody(upstream, response))
  if (!node.success) {
    throw transientError('AEM_UNEXPECTED_ANSWER', 'AEM answered 200 without the jcr:uuid of the asset', {
      upstream,
    })
  }
  return `urn:aaid:aem:${node.output['jcr:uuid']}`
}
