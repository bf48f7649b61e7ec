import type { Asset } from '../../core/asset'
import { type CallContext, untilAborted } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { Product, ProductRef } from '../../core/product'
import { shown } from '../../core/shown'
import { candidatesOf } from '../../metadata/matching'
import type { Enrichment } from '../../plugin/enrichment'
import type { PimCommunicator } from '../../plugin/pim'

/** Hears what the PIM is asked for so far; and the rule that found products, once one did. The last one counts. */
export type MatchWitness = {
  onMatch(match: {
    rule: string | undefined
    refs: readonly ProductRef[]
    products: readonly Product[]
  }): void
}

const maxNamed = 5
const maxName = 80

/** Names the candidates that the PIM does not have, so that an operator finds a typo in AEM or in the PIM. */
export function noProduct(asked: readonly ProductRef[]): string {
  const names = asked.slice(0, maxNamed).map(({ value }) => shown(value.slice(0, maxName), 2 * maxName))
  if (names.length === 0) return 'no matching rule finds the name of a product on this asset'
  const others = asked.length > maxNamed ? ` and ${asked.length - maxNamed} others` : ''
  return `the PIM knows no product of this asset; it was asked for ${names.join(', ')}${others}`
}

/** The products of an asset, the rule that found them, and what the PIM was asked for. */
export type Match = { rule: string; refs: readonly ProductRef[]; products: readonly Product[] }

/** One rule after the other, so that the usual asset costs one call to the PIM. */
export async function findProducts(
  asset: Asset,
  parts: { pim: PimCommunicator; enrichment: Pick<Enrichment, 'matching'> },
  call: CallContext,
  witness: MatchWitness | undefined,
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
export function linkValue(held: JsonValue | undefined, { refs, products }: Match): JsonValue {
  const identifiers = [...new Set(products.map((product) => product.identifier))]
  const linked = new Set(Array.isArray(held) ? held : [held])
  const asked = new Set(refs.map((ref) => ref.value))
  const partOfLink = identifiers.every((identifier) => asked.has(identifier) && linked.has(identifier))
  if (held !== undefined && partOfLink) return held
  const [first] = identifiers
  return first !== undefined && identifiers.length === 1 ? first : identifiers
}
