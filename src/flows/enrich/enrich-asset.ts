import type { Asset, AssetRef } from '../../core/asset'
import { type CallContext, untilAborted } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { Product, ProductRef } from '../../core/product'
import { shown } from '../../core/shown'
import { type DesiredMetadata, diffMetadata } from '../../metadata/diff'
import { mapProducts } from '../../metadata/mapping'
import { candidatesOf } from '../../metadata/matching'
import { skipReason } from '../../metadata/skip'
import { itemsOf } from '../../metadata/values'
import { deletedPropertyOf, type Enrichment, isUsedBy } from '../../plugin/enrichment'
import type { PimCommunicator } from '../../plugin/pim'
import { type Enriched, factsOf, type LeftOut, type Skipped } from '../outcome'
import { type Decision, type UpdateParts, updateMetadata } from '../update-metadata'
import { warnOfMapping } from './mapping-warnings'

export type EnrichParts = UpdateParts & {
  pim: PimCommunicator
  enrichment: Pick<Enrichment, 'linkProperty' | 'deletedProperty' | 'matching' | 'mapping'>
}

/** The outcome of enriching one asset. */
export type EnrichOutcome = Enriched | Skipped

/** Looks at a decision before it is carried out, and may take something out of it. */
export type Review = (asset: Asset, decision: Decision<EnrichOutcome>) => Promise<Decision<EnrichOutcome>>

/**
 * Updates one asset's metadata from the PIM: reads the asset, asks the PIM, and writes the difference only over the
 * state that was read. If the asset has changed meanwhile, all three steps are repeated, so that an old product never
 * overwrites a newer one.
 * @throws {BridgeError} what `updateMetadata` and the PIM throw
 */
export async function enrichAsset(
  ref: AssetRef,
  parts: EnrichParts,
  call: CallContext,
  review: Review = async (_, decision) => decision,
): Promise<EnrichOutcome> {
  const outcome = await updateMetadata(
    ref,
    parts,
    {
      keeps: isUsedBy(parts.enrichment),
      decide: async (asset, own) => review(asset, await decide(asset, parts, own)),
    },
    call,
  )
  if ('leftOut' in outcome && outcome.leftOut !== undefined) {
    const { asset, leftOut } = outcome
    call.logger.warn('values of the PIM do not fit and were left out', { path: asset.path, leftOut })
  }
  return outcome
}

/** Hears how a decision comes about, for those who ask why. */
export type Witness = {
  /** What the PIM is asked for so far; and the rule that found products, once one did. The last one counts. */
  onMatch(match: {
    rule: string | undefined
    refs: readonly ProductRef[]
    products: readonly Product[]
  }): void
  /** A property that a rule decides, and the rule. */
  onMapped(property: string, rule: string): void
  onLeftOut(leftOut: LeftOut): void
  /** What the metadata should say; `null` for a property that should not be there. */
  onDesired(desired: DesiredMetadata): void
}

/**
 * Decides what is to be written to an asset in the state in which it was read.
 * @throws {BridgeError} what the PIM throws; permanent, `MATCHER_FAILED` and `MAPPING_FAILED`
 */
export async function decide(
  asset: Asset,
  parts: EnrichParts,
  call: CallContext,
  witness?: Witness,
): Promise<Decision<EnrichOutcome>> {
  const { enrichment } = parts
  const reason = skipReason(asset)
  if (reason !== undefined) return skipped(asset, reason)

  const match = await findProducts(asset, parts, call, witness)
  if ('asked' in match) return skipped(asset, noProduct(match.asked))

  const { products } = match
  witness?.onMatch(match)
  await warnOfMapping(parts, products, call)
  const leftOut: LeftOut[] = []
  const known = parts.pim.knownAttributes?.() ?? []
  const desired = new Map(
    mapProducts(
      enrichment.mapping,
      { products, asset },
      {
        known,
        onSkipped({ property, reason }) {
          leftOut.push({ property, reason: reason.slice(0, 200) })
          witness?.onLeftOut({ property, reason })
        },
        onMapped: (property, rule) => witness?.onMapped(property, rule),
      },
    ),
  )
  desired.set(enrichment.linkProperty, linkValue(asset.metadata[enrichment.linkProperty], match))
  witness?.onMapped(enrichment.linkProperty, 'link property')
  const mark = deletedPropertyOf(enrichment)
  const marked = itemsOf(asset.metadata[mark])
  // A product that the PIM returns is not deleted.
  if (marked.length > 0) {
    desired.set(
      mark,
      marked.filter((item) => !products.some(({ identifier }) => identifier === item)),
    )
    witness?.onMapped(mark, 'deleted property')
  }
  witness?.onDesired(desired)
  const changes = diffMetadata(asset.metadata, desired)
  const told = {
    asset: factsOf(asset),
    products: products.map(({ attributes }) => attributes),
    ...(leftOut.length === 0 ? {} : { leftOut: leftOut.slice(0, maxLeftOut) }),
  }
  if (changes.length === 0) return { changes, result: { kind: 'unchanged', ...told } }
  const properties = changes.map((change) => change.property)
  return { changes, result: { kind: 'updated', properties, ...told } }
}

const skipped = (asset: Asset, reason: string): Decision<EnrichOutcome> => ({
  changes: [],
  result: { kind: 'skipped', reason, asset: factsOf(asset), products: [] },
})

const maxLeftOut = 50
const maxNamed = 5
const maxName = 80

/** Names the candidates that the PIM does not have, so that an operator finds a typo in AEM or in the PIM. */
function noProduct(asked: readonly ProductRef[]): string {
  const names = asked.slice(0, maxNamed).map(({ value }) => shown(value.slice(0, maxName), 2 * maxName))
  if (names.length === 0) return 'no matching rule finds the name of a product on this asset'
  const others = asked.length > maxNamed ? ` and ${asked.length - maxNamed} others` : ''
  return `the PIM knows no product of this asset; it was asked for ${names.join(', ')}${others}`
}

type Match = { rule: string; refs: readonly ProductRef[]; products: readonly Product[] }

/** One rule after the other, so that the usual asset costs one call to the PIM. */
async function findProducts(
  asset: Asset,
  parts: EnrichParts,
  call: CallContext,
  witness: Witness | undefined,
): Promise<Match | { asked: readonly ProductRef[] }> {
  const asked = new Map<string, ProductRef>()
  for (const matcher of parts.enrichment.matching) {
    const refs = candidatesOf(matcher, asset).filter((ref) => !asked.has(`${ref.kind} ${ref.value}`))
    if (refs.length === 0) continue
    for (const ref of refs) asked.set(`${ref.kind} ${ref.value}`, ref)
    // Before the answer: an asset that fails at the PIM tells what was asked.
    witness?.onMatch({ rule: undefined, refs: [...asked.values()], products: [] })
    const products = await askPim(parts.pim, refs, call)
    call.logger.debug('asked the PIM', {
      rule: matcher.name,
      candidates: refs.length,
      products: products.length,
    })
    if (products.length > 0) return { rule: matcher.name, refs, products: inOrderOf(refs, products) }
  }
  return { asked: [...asked.values()] }
}

/** Sorts products by the order of their candidates; products without a candidate come last. */
function inOrderOf(refs: readonly ProductRef[], products: readonly Product[]): readonly Product[] {
  const ranks = new Map([...refs.entries()].reverse().map(([rank, ref]) => [ref.value, rank]))
  const rank = (product: Product): number => ranks.get(product.identifier) ?? refs.length
  return products.toSorted((a, b) => rank(a) - rank(b))
}

/** Ends the wait when the signal aborts, even if the communicator ignores the signal. */
async function askPim(
  pim: PimCommunicator,
  refs: readonly ProductRef[],
  call: CallContext,
): Promise<readonly Product[]> {
  try {
    return await untilAborted(pim.getProducts(refs, call), call.signal)
  } catch (thrown) {
    call.signal.throwIfAborted()
    throw toBridgeError(thrown)
  }
}

/**
 * The identifiers of the products. A link that names more products than the PIM returns stays as it is, so that a
 * temporary gap in the PIM loses no links.
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
