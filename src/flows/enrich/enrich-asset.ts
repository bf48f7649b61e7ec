import type { AssetSearch } from '../../aem/asset-search'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { JsonValue } from '../../core/json'
import { diffMetadata, type MetadataChange } from '../../metadata/diff'
import { leaveReason } from '../../metadata/left-alone'
import { mapProducts, type Owner } from '../../metadata/mapping'
import { hasRecord, type OwnedMetadata, recordChange, recordOf, settle } from '../../metadata/ownership'
import { itemsOf } from '../../metadata/values'
import { type EnrichmentRules, isUsedBy, settingsOf } from '../../plugin/enrichment'
import type { PimCommunicator } from '../../plugin/pim'
import { type Enriched, factsOf, type LeftOut, type Skipped } from '../outcome'
import { type Decision, type UpdateParts, updateMetadata } from '../update-metadata'
import { findProducts, linkValue, type Match, type MatchWitness, noProduct } from './find-products'
import { warnOfMapping } from './mapping-warnings'
import type { Run } from './product-assets'
import { type OnProducts, thenTell } from './then-tell'
import type { Disputes } from './write-back'

export type EnrichParts = UpdateParts & {
  pim: PimCommunicator
  enrichment: EnrichmentRules
  /** Finds the other assets of a product, where one of them speaks for it. */
  siblings?: { search: AssetSearch; origins: readonly string[] } | undefined
  /** What the assets of one run share; without it, each finds out by itself. */
  run?: Run | undefined
  /** Notices that another system puts back what the PIM is told. */
  disputes?: Disputes | undefined
}

/** The outcome of enriching one asset. */
export type EnrichOutcome = Enriched | Skipped

/** Looks at what is to be written to an asset, before it is, and names the properties that are to be left alone. */
export type Review = (asset: Asset, changes: readonly MetadataChange[]) => Promise<ReadonlySet<string>>

/**
 * Updates one asset's metadata from the PIM, and tells the PIM what AEM owns: reads the asset, asks the PIM, and writes
 * the difference only over the state that was read. If the asset has changed meanwhile, all three steps are repeated, so
 * that an old product never overwrites a newer one.
 * @throws {BridgeError} what `updateMetadata`, the PIM and `tellPim` throw
 */
export async function enrichAsset(
  ref: AssetRef,
  parts: EnrichParts,
  call: CallContext,
  review?: Review,
): Promise<EnrichOutcome> {
  const outcome = await thenTell(parts, call, (onProducts) =>
    updateMetadata(
      ref,
      parts,
      {
        keeps: isUsedBy(parts.enrichment),
        decide: (asset, own) => decide(asset, parts, own, { review, onProducts }),
      },
      call,
    ),
  )
  if ('leftOut' in outcome && outcome.leftOut !== undefined) {
    const { asset, leftOut } = outcome
    call.logger.warn('values of the PIM do not fit and were left out', { path: asset.path, leftOut })
  }
  return outcome
}

/** Hears how a decision comes about, for those who ask why. */
export type Witness = MatchWitness & {
  /** A property that a rule decides, and the rule. */
  onMapped(property: string, rule: string): void
  onLeftOut(leftOut: LeftOut): void
  /** What is known about the fields, and what the metadata should say; `null` for a property that should not be there. */
  onSettled(owned: OwnedMetadata, settled: ReturnType<typeof settle>): void
}

/** What may be asked of a decision besides. */
export type DecideOptions = {
  witness?: Witness
  /** Looks at what is to be written, and names the properties that are to be left alone. */
  review?: Review | undefined
  /** Hears of the asset and its products, once it is decided what is written. */
  onProducts?: OnProducts | undefined
  /** Nothing is written but a record of the values of an asset in step, for the rules with the owner `edited`. */
  isRecordOnly?: boolean | undefined
}

/**
 * Decides what is to be written to an asset in the state in which it was read.
 * @throws {BridgeError} what the PIM throws; permanent, `MATCHER_FAILED` and `MAPPING_FAILED`
 */
export async function decide(
  asset: Asset,
  parts: Pick<EnrichParts, 'pim' | 'enrichment'>,
  call: CallContext,
  { witness, review, onProducts, isRecordOnly = false }: DecideOptions = {},
): Promise<Decision<EnrichOutcome>> {
  const settings = settingsOf(parts.enrichment)
  const reason = leaveReason(asset, settings)
  if (reason !== undefined) return skipped(asset, reason)

  const match = await findProducts(asset, parts, call, witness)
  if ('asked' in match) return skipped(asset, noProduct(match.asked))

  const { products } = match
  witness?.onMatch(match)
  await warnOfMapping(parts, products, call)
  const { owned, leftOut } = mapped(asset, match, { ...parts, settings, witness })
  const settled = settle(owned)
  witness?.onSettled(owned, settled)
  const wanted = diffMetadata(asset.metadata, settled.settled)
  if (isRecordOnly && wanted.length > 0) return skipped(asset, notInStep)
  const left = (await review?.(asset, wanted)) ?? new Set()
  const changes = wanted.filter(({ property }) => !left.has(property))
  onProducts?.(asset, products)
  const record = recordChange(owned, changes, settings, isRecordOnly)
  const told = {
    asset: factsOf(asset),
    products: products.map(({ attributes }) => attributes),
    ...(leftOut.length === 0 ? {} : { leftOut: leftOut.slice(0, maxLeftOut) }),
  }
  const resultOf = (written: readonly MetadataChange[]): EnrichOutcome =>
    written.length === 0
      ? { kind: 'unchanged', ...told }
      : { kind: 'updated', properties: written.map(({ property }) => property), ...told }
  if (record === undefined) return { changes, result: resultOf(changes) }
  const all = [...changes, record]
  const optional = { property: record.property, result: resultOf(changes) }
  return { changes: all, result: resultOf(all), optional }
}

/** What the PIM has for the properties of an asset, and who owns them. */
function mapped(
  asset: Asset,
  match: Match,
  {
    pim,
    settings,
    witness,
  }: Pick<EnrichParts, 'pim'> & {
    settings: ReturnType<typeof settingsOf<EnrichParts['enrichment']>>
    witness: Witness | undefined
  },
): { owned: OwnedMetadata; leftOut: readonly LeftOut[] } {
  const { products } = match
  const { mapping, linkProperty, deletedProperty, writtenProperty, syncProperty } = settings
  const leftOut: LeftOut[] = []
  const owners = new Map<string, Owner>()
  const desired = new Map(
    mapProducts(
      mapping,
      { products, asset },
      {
        known: pim.knownAttributes?.() ?? [],
        onSkipped({ property, reason }) {
          leftOut.push({ property, reason: reason.slice(0, 200) })
          witness?.onLeftOut({ property, reason })
        },
        onMapped: (property, rule) => witness?.onMapped(property, rule),
        onOwned: (property, owner) => owners.set(property, owner),
      },
    ),
  )
  // A rule for every attribute may come to name these.
  desired.delete(syncProperty)
  if (hasRecord(mapping)) desired.delete(writtenProperty)
  const own = (property: string, value: JsonValue, rule: string): void => {
    desired.set(property, value)
    owners.delete(property)
    witness?.onMapped(property, rule)
  }
  own(linkProperty, linkValue(asset.metadata[linkProperty], match), 'link property')
  const marked = itemsOf(asset.metadata[deletedProperty])
  // A product that the PIM returns is not deleted.
  if (marked.length > 0) {
    const gone = marked.filter((item) => !products.some(({ identifier }) => identifier === item))
    own(deletedProperty, gone, 'deleted property')
  }
  const held = asset.metadata
  return { owned: { held, desired, owners, record: recordOf(held, settings) }, leftOut }
}

/** Why nothing is recorded. */
const notInStep = 'not in step with the PIM: only values in step are recorded'

const skipped = (asset: Asset, reason: string): Decision<EnrichOutcome> => ({
  changes: [],
  result: { kind: 'skipped', reason, asset: factsOf(asset), products: [] },
})

const maxLeftOut = 50
