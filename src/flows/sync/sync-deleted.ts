import type { Asset, AssetRef } from '../../core/asset'
import { type CallContext, untilAborted } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { ProductRef } from '../../core/product'
import { diffMetadata } from '../../metadata/diff'
import { leaveReason } from '../../metadata/left-alone'
import { ownerOf } from '../../metadata/mapping'
import { recordChange, recordOf, settle } from '../../metadata/ownership'
import { itemsOf } from '../../metadata/values'
import { deletedPropertyOf, isUsedBy, leaveRulesOf, settingsOf } from '../../plugin/enrichment'
import { createCircuitBreaker } from '../circuit-breaker'
import { enrichAsset } from '../enrich/enrich-asset'
import type { Synced } from '../outcome'
import { isOutage, observeFailure } from '../systems'
import { type Decision, updateMetadata } from '../update-metadata'
import { allPages } from './find-assets'
import { syncAction } from './recorded-work'
import type { SyncParts } from './sync-products'

/** What happens to assets whose product was deleted in the PIM. */
export type DeletedParts = {
  /**
   * - `keep`: nothing; the asset keeps its metadata.
   * - `clear`: the link to it is removed; with the last link, the properties that the mapping names are removed, too.
   * - `mark`: its identifier is written to a property of its own.
   */
  deleted: 'keep' | 'clear' | 'mark'
}

/**
 * Updates the assets that name deleted products. The event is a hint: a product that the PIM still returns is not
 * deleted, or the search of the PIM lags. A failure of one asset does not stop the others.
 * @throws {BridgeError} of the failures one that may pass, else the first; to be done again as a whole
 */
export async function syncDeleted(
  refs: readonly ProductRef[],
  parts: SyncParts & DeletedParts,
  call: CallContext,
): Promise<Synced> {
  const outcome: Synced = { kind: 'synced', assets: 0, changed: 0, known: 0 }
  if (parts.deleted === 'keep') return outcome
  const { gone, known } = await stillGone(refs, parts, call)
  outcome.known = known
  if (gone.length === 0) return outcome
  const query = { property: parts.enrichment.linkProperty, values: gone }
  const breaker = createCircuitBreaker()
  const failures: BridgeError[] = []
  for (const origin of parts.origins) {
    for (const asset of await allPages(parts.search, origin, query, call)) {
      outcome.assets += 1
      try {
        if (await release(asset, new Set(gone), parts, call)) outcome.changed += 1
        breaker.worked('AEM')
      } catch (thrown) {
        call.signal.throwIfAborted()
        const error = toBridgeError(thrown)
        failures.push(error)
        call.logger.error('an asset of a deleted product failed', { path: asset.path, error: error.toJSON() })
        // One asset that AEM refuses says nothing about the others.
        if (error.failureClass === 'systemic' && error.upstream === 'AEM') continue
        observeFailure(breaker, { action: syncAction }, { failure: error })
        if (isOutage(breaker, { action: syncAction }, { failure: error })) throw error
      }
    }
  }
  const { assets, changed } = outcome
  const policy = parts.deleted
  call.logger.info('assets of deleted products', { products: gone.length, policy, assets, changed, known })
  const failure = failures.find(({ failureClass }) => failureClass !== 'permanent') ?? failures[0]
  if (failure !== undefined) throw failure
  return outcome
}

/** The links to products that the PIM no longer returns. No asset links to a model. */
async function stillGone(
  refs: readonly ProductRef[],
  { pim }: SyncParts,
  call: CallContext,
): Promise<{ gone: readonly string[]; known: number }> {
  const named = refs.filter(({ kind }) => kind !== 'model')
  if (named.length === 0) return { gone: [], known: 0 }
  const products = await untilAborted(pim.getProducts(named, call), call.signal)
  const there = new Set(
    products.flatMap(({ identifier, uuid = '' }) => [identifier, uuid].map((name) => name.toLowerCase())),
  )
  const gone = named.map(({ value }) => value).filter((value) => !there.has(value.toLowerCase()))
  return { gone, known: named.length - gone.length }
}

/** @returns whether something was written */
async function release(
  ref: AssetRef,
  gone: ReadonlySet<string>,
  parts: SyncParts & DeletedParts,
  call: CallContext,
): Promise<boolean> {
  let isEnriched = false
  try {
    return await updateMetadata(ref, parts, { keeps: isUsedBy(parts.enrichment), decide }, call)
  } catch (thrown) {
    // The search index lags: it still held the asset.
    if (toBridgeError(thrown).code === 'ASSET_NOT_FOUND') return false
    throw thrown
  }

  async function decide(asset: Asset, own: CallContext): Promise<Decision<boolean> | undefined> {
    if (leaveReason(asset, leaveRulesOf(parts.enrichment)) !== undefined) return untouched
    const held = itemsOf(asset.metadata[parts.enrichment.linkProperty])
    const named = held.filter((item) => typeof item === 'string' && gone.has(item))
    if (named.length === 0) return untouched
    const left = held.filter((item) => !named.includes(item))
    if (parts.deleted === 'clear' && left.length > 0 && !isEnriched) {
      // The remaining products decide from now on. The link is removed last: without it a retry would not find the
      // asset.
      await enrichAsset(ref, parts, own)
      isEnriched = true
      return undefined
    }
    if (parts.deleted === 'clear' && left.length === 0) return unlinked(asset, parts)
    const desired = parts.deleted === 'mark' ? marked(asset.metadata, named, parts) : relinked(left, parts)
    const changes = diffMetadata(asset.metadata, desired)
    return { changes, result: changes.length > 0 }
  }
}

const untouched: Decision<boolean> = { changes: [], result: false }

function marked(
  metadata: Readonly<Record<string, JsonValue>>,
  named: readonly JsonValue[],
  { enrichment }: SyncParts,
): ReadonlyMap<string, JsonValue> {
  const property = deletedPropertyOf(enrichment)
  const items = [...new Set([...itemsOf(metadata[property]), ...named])]
  return new Map([[property, items]])
}

const relinked = (left: readonly JsonValue[], { enrichment }: SyncParts): ReadonlyMap<string, JsonValue> =>
  new Map([[enrichment.linkProperty, left.length === 1 ? (left[0] ?? null) : left]])

/** Removes the link, and the properties that the mapping names, as far as their owner lets them go. */
function unlinked({ metadata: held }: Asset, { enrichment }: SyncParts): Decision<boolean> {
  const settings = settingsOf(enrichment)
  // A rule for every attribute does not say which properties it wrote, so those stay.
  const rules = settings.mapping.flatMap((rule) => ('property' in rule ? [rule] : []))
  const owners = new Map(rules.map((rule) => [rule.property, ownerOf(rule)]))
  const desired = new Map([settings.linkProperty, ...owners.keys()].map((property) => [property, null]))
  const owned = { held, desired, owners, record: recordOf(held, settings) }
  const changes = diffMetadata(held, settle(owned).settled)
  const record = recordChange(owned, changes, settings, false)
  const isChanged = changes.length > 0
  if (record === undefined) return { changes, result: isChanged }
  const optional = { property: record.property, result: isChanged }
  return { changes: [...changes, record], result: true, optional }
}
