import type { Asset } from '../../core/asset'
import { type CallContext, untilAborted } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { toBridgeError } from '../../core/errors'
import type { FactValue, Product, ProductChange, ProductUpdate } from '../../core/product'
import type { MetadataChange } from '../../metadata/diff'
import { differing, factsToTell } from '../../metadata/facts-to-tell'
import type { ToldFact } from '../../metadata/tell-pim'
import { heldValue, itemsOf } from '../../metadata/values'
import { isUsedBy } from '../../plugin/enrichment'
import type { PimCommunicator } from '../../plugin/pim'
import type { Store } from '../../store/store'
import { type Told, toError } from '../outcome'
import { pimSystem } from '../systems'
import type { ExplainedFact } from './explained-fact'
import { countPutBacks, disputedProduct, type RecentWrites } from './fights'
import { knownOf, maySpeakFor, type ProductAssetParts, productAssetsOf } from './product-assets'
import { createSpeakers } from './speaker'

export type WriteBackParts = ProductAssetParts & {
  pim: PimCommunicator
  /** Notices that another system puts back what the PIM is told; without it, nobody does. */
  disputes?: Disputes | undefined
}

/** What the container has told the PIM, and where it is counted how often that was put back. */
export type Disputes = { recent: RecentWrites; store: Store; clock: Pick<Clock, 'now'> }

/** What products are to be told about an asset, in the state in which it was decided on. */
export type Untold = {
  asset: Asset
  products: readonly Product[]
  facts: ReadonlyMap<Product, readonly ToldFact[]>
}

/** Somebody may edit the asset while the PIM is told: then it is told again, so often at most. */
const maxRounds = 3

/**
 * Compares what products are to be told with what the PIM has just said of them.
 * @returns undefined when they have it all
 * @throws {BridgeError} permanent, `MAPPING_FAILED`
 */
export function untoldOf(
  asset: Asset,
  products: readonly Product[],
  { enrichment }: Pick<WriteBackParts, 'enrichment'>,
): Untold | undefined {
  const facts = new Map(
    products.flatMap((product) => {
      const all = factsToTell(asset, enrichment, Object.keys(product.attributes))
      const some = differing(all, product)
      return some.length === 0 ? [] : [[product, some] as const]
    }),
  )
  return facts.size === 0 ? undefined : { asset, products, facts }
}

/**
 * Tells the PIM what products are to have, where the asset speaks for them, and then looks whether the asset still says
 * so.
 * @returns what the PIM was told and did not have
 * @throws {BridgeError} as `updateProducts`; permanent, with the code of the communicator, when it refuses a change
 */
export async function tellPim(
  first: Untold,
  parts: WriteBackParts,
  call: CallContext,
): Promise<readonly Told[]> {
  const { assets, memory, enrichment } = parts
  const told = new Map<string, Set<string>>()
  let untold: Untold | undefined = first
  for (let round = 1; untold !== undefined && round <= maxRounds; round++) {
    const { asset, products } = untold
    const changes = await undisputed(await changesOf(untold, parts, call), parts.disputes, call)
    if (changes.length === 0) break
    const written = await update(changes, parts, call)
    for (const { ref, values } of written) {
      told.set(ref.value, new Set([...(told.get(ref.value) ?? []), ...Object.keys(values)]))
    }
    if (written.length === 0 || round === maxRounds) break
    const now = await memory.run(asset.origin, call, (own) =>
      assets.readAsset(asset, own, isUsedBy(enrichment)),
    )
    const still = products.filter(({ identifier }) => {
      const maySpeak = maySpeakFor(now, identifier, enrichment)
      if (parts.run !== undefined)
        productAssetsOf(parts).note(identifier, now, knownOf(now, maySpeak, enrichment.roles))
      return maySpeak
    })
    untold = untoldOf(
      now,
      still.map((product) => withValues(product, changes)),
      parts,
    )
  }
  return [...told].map(([product, attributes]) => ({ product, attributes: [...attributes] }))
}

/**
 * Lets the other assets of the run know what was written to one: that it names other products, or has another role.
 * @param asset as it was before
 */
export function noteWritten(
  asset: Asset,
  products: readonly Product[],
  properties: readonly string[],
  parts: ProductAssetParts,
): void {
  const { linkProperty, roles, skip } = parts.enrichment
  const isLinked = properties.includes(linkProperty)
  const hasOtherRole = roles?.reads.some((property) => properties.includes(property)) ?? false
  if (parts.run === undefined || !(isLinked || hasOtherRole)) return
  const held = itemsOf(heldValue(asset.metadata, linkProperty)).map(String)
  const linked = isLinked ? products.map(({ identifier }) => identifier) : held
  // What a function reads may have been written as well.
  const isUnknown = hasOtherRole || typeof skip === 'function'
  for (const product of new Set([...held, ...linked])) {
    const known = isUnknown ? undefined : knownOf(asset, linked.includes(product), roles)
    productAssetsOf(parts).note(product, asset, known)
  }
}

/**
 * What the PIM would be told about an asset, fact by fact. Nothing is sent to the PIM.
 * @throws {BridgeError} as the search and AEM do
 */
export async function explainTelling(
  asset: Asset,
  products: readonly Product[],
  parts: WriteBackParts,
  call: CallContext,
): Promise<readonly ExplainedFact[]> {
  const speakers = createSpeakers(asset, parts, call)
  const explained: ExplainedFact[] = []
  for (const product of products) {
    const all = factsToTell(asset, parts.enrichment, Object.keys(product.attributes))
    const different = new Set(differing(all, product))
    for (const fact of all) {
      const { attribute, from, value } = fact
      const held = Object.hasOwn(product.attributes, attribute) ? product.attributes[attribute] : null
      const about = { product: product.identifier, attribute, from, old: held ?? null, new: value }
      if (!different.has(fact)) {
        explained.push({ ...about, action: 'keep', why: 'the PIM has this value already' })
        continue
      }
      const speaker = await speakers.of(product.identifier, fact.as)
      explained.push(
        speaker.isThis
          ? { ...about, action: 'tell', why: 'the PIM has another value, or none' }
          : {
              ...about,
              action: 'keep',
              why: `${speaker.path ?? 'no asset with this role'} speaks for the product`,
              speaker: speaker.path ?? null,
            },
      )
    }
  }
  return explained
}

async function changesOf(
  { asset, facts }: Untold,
  parts: WriteBackParts,
  call: CallContext,
): Promise<readonly ProductChange[]> {
  const speakers = createSpeakers(asset, parts, call)
  const changes: ProductChange[] = []
  for (const [{ identifier }, some] of facts) {
    const values: Record<string, FactValue> = {}
    for (const { attribute, value, as } of some) {
      if ((await speakers.of(identifier, as)).isThis) values[attribute] = value
    }
    if (Object.keys(values).length > 0)
      changes.push({ ref: { kind: 'identifier', value: identifier }, values })
  }
  return changes
}

/**
 * Leaves out what another system has put back three times within an hour. A value is suspect when this container has told
 * it within the hour: the PIM had it then.
 * @throws {BridgeError} when State fails
 */
async function undisputed(
  changes: readonly ProductChange[],
  disputes: Disputes | undefined,
  { logger, signal }: CallContext,
): Promise<readonly ProductChange[]> {
  if (disputes === undefined) return changes
  const left: ProductChange[] = []
  for (const change of changes) {
    const suspects = marksOf(change).filter((mark) => disputes.recent.has(idOf(change), mark))
    const lost = await countPutBacks(idOf(change), suspects, { ...disputes, signal })
    const names = new Set([...lost].map(({ property }) => property))
    if (names.size > 0)
      logger.warn('another system puts back what the PIM is told: it is left alone for a day', {
        product: change.ref.value,
        attributes: [...names],
      })
    const values = Object.fromEntries(Object.entries(change.values).filter(([name]) => !names.has(name)))
    if (Object.keys(values).length > 0) left.push({ ...change, values })
  }
  return left
}

const idOf = ({ ref }: ProductChange) => disputedProduct(ref.value)

/** The values as they are counted. */
const marksOf = ({ values }: ProductChange): readonly MetadataChange[] =>
  Object.entries(values).map(([property, value]) => ({ op: 'replace', property, value }))

/** @returns those that the PIM did not have before */
async function update(
  changes: readonly ProductChange[],
  { pim, disputes }: Pick<WriteBackParts, 'pim' | 'disputes'>,
  call: CallContext,
): Promise<readonly ProductChange[]> {
  let updates: readonly ProductUpdate[]
  try {
    updates = await untilAborted(pim.updateProducts?.(changes, call) ?? Promise.resolve([]), call.signal)
  } catch (thrown) {
    call.signal.throwIfAborted()
    throw toBridgeError(thrown)
  }
  // A communicator of the user's own may forget one: then nobody knows what became of it.
  if (updates.length !== changes.length) {
    throw toBridgeError(new Error(`${pim.name} answers ${updates.length} of ${changes.length} changes`))
  }
  const refused = changes.flatMap(({ ref, values }, index) => {
    const one = updates[index]
    return one?.kind === 'refused' ? [{ ...one, product: ref.value, attributes: Object.keys(values) }] : []
  })
  const written = changes.filter((_, index) => updates[index]?.kind === 'updated')
  // Before anything is thrown: these are told, whatever became of the others.
  for (const one of written) {
    for (const mark of marksOf(one)) disputes?.recent.add(idOf(one), mark)
  }
  if (written.length > 0)
    call.logger.info('the PIM was told', {
      products: written.map(({ ref, values }) => ({ product: ref.value, attributes: Object.keys(values) })),
    })
  const [one] = refused
  if (one === undefined) return written
  const each = refused.map(
    ({ product, attributes, reason }) => `${attributes.join(', ')} of ${product}: ${reason}`,
  )
  throw toError({
    failureClass: 'permanent',
    code: one.code,
    message: `the PIM refused what it was told: ${each.slice(0, maxNamed).join('; ')}`,
    upstream: pimSystem,
  })
}

const maxNamed = 5

/** A product as it is after it was told. */
function withValues(product: Product, changes: readonly ProductChange[]): Product {
  const change = changes.find(({ ref }) => ref.value === product.identifier)
  return change === undefined
    ? product
    : { ...product, attributes: { ...product.attributes, ...change.values } }
}
