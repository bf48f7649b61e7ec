import type { Asset, AssetRef } from '../core/asset'
import { type CallContext, untilAborted } from '../core/call-context'
import type { Clock } from '../core/clock'
import { permanentError, transientError } from '../core/errors'
import { shown } from '../core/shown'
import type { HttpClient, HttpRequest } from '../http/http-client'
import { type HttpResponse, isOk, refusePage } from '../http/response'
import { type RetryRules, retry } from '../http/retry'
import type { Tokens } from '../http/tokens'
import { isApplied, type MetadataChange } from '../metadata/diff'
import { parseAsset, parseAssetId, parseRenditionNames } from './asset-document'
import { checkAssetPath, encodeAssetPath } from './asset-path'
import { type AuthorRequests, type AuthorRequestsOptions, createAuthorRequests } from './author-requests'
import { aemProblem, isNotAtPath, notAtPath, problemDetail } from './errors'
import { createPatchPathStyles, type PatchPathMode, type PatchPathStyle, patchPath } from './patch-paths'

/** How the Assets Author API is talked to. */
export type AssetsClientOptions = AuthorRequestsOptions & { patchPaths: PatchPathMode }

/** Tells whether a metadata property is needed. */
export type KeepsProperty = (property: string) => boolean

/** The part of the Assets Author API that the app uses. */
export type AssetsClient = {
  /**
   * Reads an asset's metadata; an asset without an id is found by its path first, and stands at exactly that path.
   * @param keeps the metadata properties to hold; the others are dropped as the answer is parsed @default all
   * @throws {BridgeError} permanent `ASSET_NOT_FOUND`; systemic when the credential is refused; transient otherwise
   */
  readAsset(ref: AssetRef, call: CallContext, keeps?: KeepsProperty): Promise<Asset>
  /**
   * Writes changes over exactly the state that `asset` was read in, all or none.
   * @returns `conflict` when the asset moved meanwhile: read it again and start over
   * @throws {BridgeError} permanent `METADATA_REFUSED` when AEM takes none of the path styles for these changes
   */
  patchMetadata(
    asset: Asset,
    changes: readonly MetadataChange[],
    call: CallContext,
  ): Promise<'written' | 'conflict'>
  /** The names of an asset's renditions, the original among them; none when AEM lists none. */
  renditionNames(asset: Asset, call: CallContext): Promise<readonly string[]>
}

/** The status of a change that AEM will make later. */
const accepted = 202
const pendingWaitsMs = [1_000, 1_000, 1_000]

const assetIdPattern = /^urn(:[A-Za-z0-9._-]+){2,}$/

/** Creates the client of a container. */
export function createAssetsClient(
  options: AssetsClientOptions,
  parts: { http: HttpClient; tokens: Tokens; clock: Clock; author?: AuthorRequests },
): AssetsClient {
  const { tokens, http, clock } = parts
  const styles = createPatchPathStyles(options.patchPaths)
  /** Of an author and a style: ends, without an error, when the first write has been read back. */
  const proofs = new Map<string, Promise<void>>()
  const { send } = parts.author ?? createAuthorRequests(options, { http, tokens, clock })

  return { readAsset, patchMetadata, renditionNames }

  async function renditionNames(asset: Asset, call: CallContext): Promise<readonly string[]> {
    const path = encodeAssetPath(checkAssetPath(asset.path))
    const url = `${asset.origin}${path}/jcr:content/renditions.1.json`
    const response = await send(asset.origin, { method: 'GET', url }, call)
    if (isNotAtPath(response)) return []
    if (response.status !== 200) throw aemProblem('read', response)
    return parseRenditionNames(response)
  }

  async function readAsset(
    ref: AssetRef,
    call: CallContext,
    keeps: KeepsProperty = () => true,
  ): Promise<Asset> {
    const id = ref.id ?? (await findAssetId(ref, call))
    const request: HttpRequest = {
      method: 'GET',
      url: metadataUrl(ref.origin, id),
      // What compresses on the way may change the ETag (`W/"1"`, `"1-gzip"`), and then If-Match never matches.
      headers: { 'accept-encoding': 'identity' },
    }
    const response = await send(ref.origin, request, call)
    if (response.status !== 200) throw aemProblem('read', response)
    const asset = parseAsset(ref.origin, id, response, keeps)
    if (ref.id === undefined) checkIsAt(ref.path, asset)
    return asset
  }

  async function findAssetId(ref: AssetRef, call: CallContext): Promise<string> {
    if (ref.path === undefined)
      throw permanentError('ASSET_UNKNOWN', 'the event names neither an asset id nor a path')
    const url = `${ref.origin}${encodeAssetPath(checkAssetPath(ref.path))}.json`
    const response = await send(ref.origin, { method: 'GET', url }, call)
    if (isNotAtPath(response)) throw notAtPath(response.status)
    if (response.status !== 200) throw aemProblem('read', response)
    return parseAssetId(response)
  }

  /** Where nothing stands at a path, Sling may give what has a shorter name: `lamp` for `lamp.2`. */
  function checkIsAt(path: string | undefined, asset: Asset): void {
    if (asset.path !== '' && asset.path !== path) throw notAtPath()
  }

  async function patchMetadata(
    asset: Asset,
    changes: readonly MetadataChange[],
    call: CallContext,
  ): Promise<'written' | 'conflict'> {
    let refusal: HttpResponse | undefined
    let held = asset
    for (const style of styles.candidates(asset.origin)) {
      const response = await send(asset.origin, patchRequest(held, changes, style), call)
      if (isOk(response)) {
        refusePage('AEM', response)
        if (await isProven(asset.origin, style, call)) return 'written'
        const { now, isWritten } = await prove(held, changes, style, response, call)
        if (isWritten) return 'written'
        call.logger.warn('AEM accepted a change but did not write it; trying another path style', { style })
        styles.demote(asset.origin, style)
        held = now
        continue
      }
      if (response.status === 412) return 'conflict'
      if (response.status !== 400 && response.status !== 422) throw aemProblem('update', response)
      call.logger.debug('AEM refused a path style', { style, detail: problemDetail(response) })
      refusal ??= response
    }
    throw notTaken(changes, refusal)
  }

  /** Many writes at once may come before the first is read back: they wait for that, and are not read back as well. */
  async function isProven(origin: string, style: PatchPathStyle, call: CallContext): Promise<boolean> {
    if (!styles.needsProof(origin, style)) return true
    await untilAborted(proofs.get(`${origin} ${style}`) ?? Promise.resolve(), call.signal)
    return !styles.needsProof(origin, style)
  }

  function prove(
    before: Asset,
    changes: readonly MetadataChange[],
    style: PatchPathStyle,
    response: HttpResponse,
    call: CallContext,
  ): Promise<{ now: Asset; isWritten: boolean }> {
    const proof = readBack(before, changes, response, call).then((now) => {
      const written = changes.filter((change) => isApplied(change, before.metadata, now.metadata))
      const isWritten = written.length > 0
      if (isWritten) {
        styles.remember(before.origin, style)
        warnOfDropped(changes, written, call)
      }
      return { now, isWritten }
    })
    const ended = proof.then(
      () => undefined,
      () => undefined,
    )
    proofs.set(`${before.origin} ${style}`, ended)
    return proof
  }

  /**
   * Adobe's sources disagree on the path style, so the first success on each author is proven by a read. What AEM
   * took for later (202) is given a moment to arrive.
   */
  async function readBack(
    before: Asset,
    changes: readonly MetadataChange[],
    { status }: HttpResponse,
    call: CallContext,
  ): Promise<Asset> {
    const rules: RetryRules = {
      clock,
      waitsMs: pendingWaitsMs,
      mayPass: ({ code }) => code === 'METADATA_PENDING',
    }
    const names = new Set(changes.map(({ property }) => property))
    return retry(rules, call, async () => {
      const now = await readAsset(before, call, (property) => names.has(property))
      const isThere = changes.some((change) => isApplied(change, before.metadata, now.metadata))
      if (isThere || status !== accepted) return now
      const message = 'AEM took the change for later (202), and it is not there yet'
      throw transientError('METADATA_PENDING', message, { upstream: 'AEM', status })
    })
  }

  function warnOfDropped(
    changes: readonly MetadataChange[],
    written: readonly MetadataChange[],
    call: CallContext,
  ): void {
    const dropped = changes.filter((change) => !written.includes(change)).map(({ property }) => property)
    if (dropped.length === 0) return
    call.logger.warn('AEM dropped some of the properties: does the metadata schema allow them?', { dropped })
  }

  function notTaken(changes: readonly MetadataChange[], refusal: HttpResponse | undefined): Error {
    const names = changes.map((change) => change.property).join(', ')
    const what = refusal
      ? `refused the change of ${names}: ${problemDetail(refusal)}`
      : `accepted the change of ${names} but did not write it, in no way of naming the properties`
    return permanentError(
      'METADATA_REFUSED',
      `AEM ${what}. Check that the folder's metadata schema allows these properties, and their types in ` +
        'config/enrichment.ts',
      { upstream: 'AEM', ...(refusal ? { status: refusal.status } : {}) },
    )
  }

  function patchRequest(
    asset: Asset,
    changes: readonly MetadataChange[],
    style: PatchPathStyle,
  ): HttpRequest {
    const operations = changes.map((change) => ({
      op: change.op,
      path: patchPath(style, change.property),
      ...(change.op === 'remove' ? {} : { value: change.value }),
    }))
    return {
      method: 'PATCH',
      url: metadataUrl(asset.origin, asset.id),
      headers: { 'content-type': 'application/json-patch+json', 'if-match': asset.etag },
      body: JSON.stringify(operations),
    }
  }

  function metadataUrl(origin: string, id: string): string {
    if (!assetIdPattern.test(id)) {
      throw permanentError('ASSET_ID_INVALID', `${shown(id, 100)} is not an asset id (urn:aaid:aem:...)`)
    }
    return `${origin}/adobe/assets/${id}/metadata`
  }
}
