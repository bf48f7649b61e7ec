import type { AssetsClient } from '../../aem/assets-client'
import type { Asset, AssetRef } from '../../core/asset'
import { type CallContext, untilAborted } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { systemicError, toBridgeError, transientError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { Product, ProductRef } from '../../core/product'
import { fullJitter } from '../../http/backoff'
import { diffMetadata } from '../../metadata/diff'
import { mapProducts } from '../../metadata/mapping'
import { candidatesOf } from '../../metadata/matching'
import { skipReason } from '../../metadata/skip'
import { itemsOf } from '../../metadata/values'
import { deletedPropertyOf, type Enrichment } from '../../plugin/enrichment'
import type { PimCommunicator } from '../../plugin/pim'

/** How enriching one asset ended. */
export type EnrichResult =
  | { outcome: 'updated'; asset: Asset; products: readonly Product[]; properties: readonly string[] }
  | { outcome: 'unchanged'; asset: Asset; products: readonly Product[] }
  | { outcome: 'skipped'; asset: Asset; reason: string }

export type EnrichParts = {
  assets: AssetsClient
  pim: PimCommunicator
  enrichment: Pick<Enrichment, 'linkProperty' | 'deletedProperty' | 'matching' | 'mapping'>
  clock: Clock
  random: () => number
}

const maxRounds = 6
const backoff = { baseMs: 50, capMs: 2_000 }

/**
 * Brings one asset's metadata in step with the PIM: reads the asset, asks the PIM, writes the difference over
 * exactly the state that was read. When the asset moved meanwhile all three are done again, so that an old product
 * never overwrites a newer one.
 * @throws {BridgeError} transient `METADATA_CONFLICT` when the asset keeps moving; whatever AEM and the PIM throw
 */
export async function enrichAsset(
  ref: AssetRef,
  parts: EnrichParts,
  call: CallContext,
): Promise<EnrichResult> {
  let refusedEtag: string | undefined
  for (let round = 1; round <= maxRounds; round++) {
    const result = await enrichOnce(ref, parts, call, refusedEtag)
    if (result.outcome !== 'conflict') return result
    refusedEtag = result.asset.etag
    if (round === maxRounds) break
    call.logger.info('the asset changed meanwhile; starting over', { round })
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

async function enrichOnce(
  ref: AssetRef,
  parts: EnrichParts,
  call: CallContext,
  refusedEtag: string | undefined,
): Promise<EnrichResult | { outcome: 'conflict'; asset: Asset }> {
  const { assets, enrichment } = parts
  const asset = await assets.readAsset(ref, call)
  if (asset.etag === refusedEtag) throw etagNotAccepted()
  const reason = skipReason(asset)
  if (reason !== undefined) return { outcome: 'skipped', asset, reason }

  const match = await findProducts(asset, parts, call)
  if ('asked' in match) return { outcome: 'skipped', asset, reason: noProduct(match.asked) }

  const { products } = match
  const desired = new Map(mapProducts(enrichment.mapping, { products, asset }))
  desired.set(enrichment.linkProperty, linkValue(asset.metadata[enrichment.linkProperty], match))
  const mark = deletedPropertyOf(enrichment)
  const marked = itemsOf(asset.metadata[mark])
  // Whatever the PIM knows is not gone from it.
  if (marked.length > 0)
    desired.set(
      mark,
      marked.filter((item) => !products.some(({ identifier }) => identifier === item)),
    )
  const changes = diffMetadata(asset.metadata, desired)
  if (changes.length === 0) return { outcome: 'unchanged', asset, products }
  if ((await assets.patchMetadata(asset, changes, call)) === 'conflict') return { outcome: 'conflict', asset }
  return { outcome: 'updated', asset, products, properties: changes.map((change) => change.property) }
}

const etagNotAccepted = (): Error =>
  systemicError(
    'AEM_ETAG_NOT_ACCEPTED',
    'AEM refuses the ETag that it has just given (412): something between this app and AEM changes ETags, by compression for example',
    { upstream: 'AEM', status: 412 },
  )

const maxNamed = 5
const maxName = 80

/** Says what the PIM does not have, so that the operator finds the typo, in AEM or in the PIM. */
function noProduct(asked: readonly ProductRef[]): string {
  const names = asked.slice(0, maxNamed).map(({ value }) => JSON.stringify(value.slice(0, maxName)))
  if (names.length === 0) return 'no matching rule finds the name of a product on this asset'
  const others = asked.length > maxNamed ? ` and ${asked.length - maxNamed} others` : ''
  return `the PIM knows no product of this asset; it was asked for ${names.join(', ')}${others}`
}

type Match = { refs: readonly ProductRef[]; products: readonly Product[] }

/** One rule after the other, so that the usual asset costs one call to the PIM. */
async function findProducts(
  asset: Asset,
  parts: EnrichParts,
  call: CallContext,
): Promise<Match | { asked: readonly ProductRef[] }> {
  const asked = new Map<string, ProductRef>()
  for (const matcher of parts.enrichment.matching) {
    const refs = candidatesOf(matcher, asset).filter((ref) => !asked.has(`${ref.kind} ${ref.value}`))
    if (refs.length === 0) continue
    for (const ref of refs) asked.set(`${ref.kind} ${ref.value}`, ref)
    const products = await askPim(parts.pim, refs, call)
    call.logger.debug('asked the PIM', {
      rule: matcher.name,
      candidates: refs.length,
      products: products.length,
    })
    if (products.length > 0) return { refs, products: inOrderOf(refs, products) }
  }
  return { asked: [...asked.values()] }
}

/** The product of the first candidate comes first, however the PIM sorts; what no candidate names stays behind. */
function inOrderOf(refs: readonly ProductRef[], products: readonly Product[]): readonly Product[] {
  const ranks = new Map([...refs.entries()].reverse().map(([rank, ref]) => [ref.value, rank]))
  const rank = (product: Product): number => ranks.get(product.identifier) ?? refs.length
  return products.toSorted((a, b) => rank(a) - rank(b))
}

/** A communicator that overlooks the signal must not hold up the flow. */
async function askPim(
  pim: PimCommunicator,
  refs: readonly ProductRef[],
  call: CallContext,
): Promise<readonly Product[]> {
  try {
    return await untilAborted(pim.getProducts(refs, call.signal), call.signal)
  } catch (thrown) {
    call.signal.throwIfAborted()
    throw toBridgeError(thrown)
  }
}

/**
 * The identifiers of the products. A link that names more products than the PIM knows today stays as it is: what a
 * PIM has lost for a day is not to be forgotten here.
 */
function linkValue(held: JsonValue | undefined, { refs, products }: Match): JsonValue {
  const identifiers = [...new Set(products.map((product) => product.identifier))]
  const linked = new Set(Array.isArray(held) ? held : [held])
  const asked = new Set(refs.map((ref) => ref.value))
  const partOfLink = identifiers.every((identifier) => asked.has(identifier) && linked.has(identifier))
  if (held !== undefined && partOfLink) return held
  const [first] = identifiers
  return first !== undefined && identifiers.length === 1 ? first : identifiers
}
