import type { AssetRef } from '../../core/asset'
import { type CallContext, untilAborted } from '../../core/call-context'
import { type BridgeError, toBridgeError, transientError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { ProductRef } from '../../core/product'
import { fullJitter } from '../../http/backoff'
import { diffMetadata } from '../../metadata/diff'
import { skipReason } from '../../metadata/skip'
import { itemsOf } from '../../metadata/values'
import { deletedPropertyOf } from '../../plugin/enrichment'
import { enrichAsset } from '../enrich/enrich-asset'
import { allPages } from './find-assets'
import type { SyncParts } from './sync-products'

/** What becomes of assets whose product is gone from the PIM. */
export type DeletedParts = {
  /**
   * - `keep`: nothing; what an asset says about a product stays right.
   * - `clear`: the link to it is removed, and with the last link what the mapping's rules name.
   * - `mark`: its identifier is written to a property of its own.
   */
  deleted: 'keep' | 'clear' | 'mark'
}

const maxRounds = 6
const backoff = { baseMs: 50, capMs: 2_000 }

/** What became of the assets of deleted products. */
export type DeletedReport = {
  assets: number
  changed: number
  /** Products that the PIM still knows. */
  known: number
}

/**
 * Brings the assets that name deleted products in step. The event is a hint: a product that the PIM knows after all is
 * not gone, or not yet gone from its search, which lags. One asset that fails does not keep the others from it.
 * @throws {BridgeError} of the failures one that may pass, else the first; to be done again as a whole
 */
export async function syncDeleted(
  refs: readonly ProductRef[],
  parts: SyncParts & DeletedParts,
  call: CallContext,
): Promise<DeletedReport> {
  const counts = { assets: 0, changed: 0, known: 0 }
  if (parts.deleted === 'keep') return counts
  const { gone, known } = await stillGone(refs, parts, call)
  counts.known = known
  if (gone.length === 0) return counts
  const query = { property: parts.enrichment.linkProperty, values: gone }
  const failures: BridgeError[] = []
  for (const origin of parts.origins) {
    for (const asset of await allPages(parts.search, origin, query, call)) {
      counts.assets += 1
      try {
        if (await release(asset, new Set(gone), parts, call)) counts.changed += 1
      } catch (thrown) {
        call.signal.throwIfAborted()
        const error = toBridgeError(thrown)
        failures.push(error)
        call.logger.error('an asset of a deleted product failed', { path: asset.path, error: error.toJSON() })
        if (isOutage(error, failures, counts.changed)) throw error
      }
    }
  }
  call.logger.info('assets of deleted products', { products: gone.length, policy: parts.deleted, ...counts })
  const failure = failures.find(({ failureClass }) => failureClass !== 'permanent') ?? failures[0]
  if (failure !== undefined) throw failure
  return counts
}

/** With so many that fail for now, and nothing that worked, the rest would fail, too. */
const outage = 5

function isOutage(
  { failureClass, upstream }: BridgeError,
  failures: readonly BridgeError[],
  changed: number,
): boolean {
  if (failureClass === 'systemic' && upstream !== 'AEM') return true
  const passing = failures.filter((failure) => failure.failureClass === 'transient').length
  return changed === 0 && passing >= outage
}

/** A model has no link of its own, and a product may have come back. */
async function stillGone(
  refs: readonly ProductRef[],
  { pim }: SyncParts,
  call: CallContext,
): Promise<{ gone: readonly string[]; known: number }> {
  const named = refs.filter(({ kind }) => kind !== 'model')
  if (named.length === 0) return { gone: [], known: 0 }
  const products = await untilAborted(pim.getProducts(named, call.signal), call.signal)
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
  for (let round = 1; round <= maxRounds; round++) {
    const asset = await parts.assets.readAsset(ref, call).catch(absent)
    if (asset === undefined || skipReason(asset) !== undefined) return false
    const { linkProperty } = parts.enrichment
    const held = itemsOf(asset.metadata[linkProperty])
    const named = held.filter((item) => typeof item === 'string' && gone.has(item))
    if (named.length === 0) return false
    const left = held.filter((item) => !named.includes(item))
    if (parts.deleted === 'clear' && left.length > 0 && !isEnriched) {
      // What the other products say counts from now on. The link goes last: without it nobody would find the asset again.
      await enrichAsset(ref, parts, call)
      isEnriched = true
      continue
    }
    const desired = parts.deleted === 'mark' ? marked(asset.metadata, named, parts) : cleared(left, parts)
    const changes = diffMetadata(asset.metadata, desired)
    if (changes.length === 0) return false
    if ((await parts.assets.patchMetadata(asset, changes, call)) === 'written') return true
    await parts.clock.sleep(fullJitter(backoff, round, parts.random()), call.signal)
  }
  throw transientError(
    'METADATA_CONFLICT',
    `the asset changed ${maxRounds} times while it was being updated`,
    {
      upstream: 'AEM',
    },
  )
}

function marked(
  metadata: Readonly<Record<string, JsonValue>>,
  named: readonly JsonValue[],
  { enrichment }: SyncParts,
): ReadonlyMap<string, JsonValue> {
  const property = deletedPropertyOf(enrichment)
  const items = [...new Set([...itemsOf(metadata[property]), ...named])]
  return new Map([[property, items]])
}

function cleared(left: readonly JsonValue[], { enrichment }: SyncParts): ReadonlyMap<string, JsonValue> {
  const [first] = left
  if (first !== undefined) return new Map([[enrichment.linkProperty, left.length === 1 ? first : left]])
  // What a rule for every attribute wrote cannot be told from what others did.
  const properties = enrichment.mapping.flatMap((rule) => ('property' in rule ? [rule.property] : []))
  return new Map([enrichment.linkProperty, ...properties].map((property) => [property, null]))
}

/** The index still knew it. */
function absent(thrown: unknown): undefined {
  const error = toBridgeError(thrown)
  if (error.code === 'ASSET_NOT_FOUND') return undefined
  throw thrown
}
