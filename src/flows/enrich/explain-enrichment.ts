import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { Product } from '../../core/product'
import { shown } from '../../core/shown'
import type { DesiredMetadata, MetadataChange } from '../../metadata/diff'
import { factsForPim } from '../../metadata/facts-for-pim'
import { type Owner, ruleName } from '../../metadata/mapping'
import { type OwnedMetadata, recordRule } from '../../metadata/ownership'
import { heldValue } from '../../metadata/values'
import { settingsOf } from '../../plugin/enrichment'
import type { Decision } from '../update-metadata'
import {
  type DecideOptions,
  decide,
  type EnrichOutcome,
  type EnrichParts,
  type Witness,
} from './enrich-asset'
import type { ExplainedFact } from './explained-fact'
import { wouldTell } from './then-tell'

/** What enrichment would do with one property, and why. */
export type ExplainedChange = {
  property: string
  /** Such as `attribute name`. */
  rule: string
  /** What AEM holds, and what it would hold; null where there is nothing. */
  old: JsonValue
  new: JsonValue
  action: 'write' | 'remove' | 'keep'
  why: string
  /** Whose value counts. Without it, the PIM's. */
  owner?: Owner
  /** What the PIM has, where AEM keeps another value. */
  pim?: JsonValue
  /** Another system puts the value back: until then (ISO 8601) an event of that leaves it alone. */
  leftAloneUntil?: string
  /** With the owner `edited`: whether the asset tells what was written last. */
  recorded?: boolean
}

/** What enrichment would do with an asset now. */
export type ExplainedEnrichment = {
  /** Why it would do nothing. */
  skipped?: string
  /** Identifiers. Where no rule has found a product, the candidates are those of all rules. */
  match: { rule: string | null; candidates: readonly string[]; products: readonly string[] }
  changes: readonly ExplainedChange[]
  /** What the PIM would be told about it; absent where nothing is ever told. */
  told?: readonly ExplainedFact[]
  /** What it would fail with. */
  problem?: BridgeError
  /** Why it cannot be said what the PIM would be told; the changes hold all the same. */
  toldProblem?: BridgeError
}

/**
 * Explains what enrichment would do with an asset as it is now, by the code that decides it. Nothing is written.
 * @param about.isTelling also explains what the PIM would be told, which may take a search in AEM
 * @throws the signal's reason, and nothing else
 */
export async function explainEnrichment(
  asset: Asset,
  parts: EnrichParts,
  call: CallContext,
  { isTelling = false } = {},
): Promise<ExplainedEnrichment> {
  const heard = listen()
  try {
    let products: readonly Product[] = []
    const onProducts = (_: Asset, found: readonly Product[]): void => {
      products = found
    }
    const { decision, changes } = await decideAndExplain(asset, parts, call, { heard, onProducts })
    const { result } = decision
    const telling = isTelling ? await toldOf(asset, products, parts, call) : {}
    const about = { match: heard.match(), changes, ...telling }
    return result.kind === 'skipped' ? { skipped: result.reason, ...about } : about
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { match: heard.match(), changes: [], problem: toBridgeError(thrown) }
  }
}

/** What the PIM would be told. A failure of that, such as of the search for the other assets, costs no change of the asset. */
export async function toldOf(
  asset: Asset,
  products: readonly Product[],
  parts: EnrichParts,
  call: CallContext,
): Promise<Pick<ExplainedEnrichment, 'told' | 'toldProblem'>> {
  try {
    const told = await wouldTell(asset, products, parts, call)
    return told === undefined ? {} : { told }
  } catch (thrown) {
    call.signal.throwIfAborted()
    const toldProblem = toBridgeError(thrown)
    const { id: assetId, path } = asset
    call.logger.warn('it cannot be said what the PIM would be told about an asset', {
      assetId,
      path,
      error: toldProblem.toJSON(),
    })
    return { toldProblem }
  }
}

/**
 * Decides what is to be written to an asset, and tells it property by property.
 * @throws {BridgeError} as `decide`
 */
export async function decideAndExplain(
  asset: Asset,
  parts: EnrichParts,
  call: CallContext,
  { heard = listen(), ...options }: { heard?: Heard } & Omit<DecideOptions, 'witness'> = {},
): Promise<{ decision: Decision<EnrichOutcome>; changes: readonly ExplainedChange[] }> {
  const decision = await decide(asset, parts, call, { ...options, witness: heard.witness })
  const { changes, result } = decision
  return { decision, changes: result.kind === 'skipped' ? [] : explained(asset, changes, heard, parts) }
}

type Heard = ReturnType<typeof listen>

function listen() {
  let match: ExplainedEnrichment['match'] = { rule: null, candidates: [], products: [] }
  let attributes: readonly string[] = []
  let owned: Pick<OwnedMetadata, 'desired' | 'owners' | 'record'> | undefined
  let kept: ReadonlyMap<string, string> = new Map()
  const rules = new Map<string, string>()
  const leftOut = new Map<string, string>()
  const witness: Witness = {
    onMatch({ rule = null, refs, products }) {
      const candidates = refs.map(({ value }) => value)
      match = { rule, candidates, products: products.map(({ identifier }) => identifier) }
      attributes = products.flatMap((product) => Object.keys(product.attributes))
    },
    onMapped: (property, rule) => rules.set(property, rule),
    onLeftOut: ({ property, reason }) => leftOut.set(property, reason),
    onSettled: (all, settled) => {
      owned = all
      kept = settled.kept
    },
  }
  const about = () => {
    const { desired = nothing, owners = new Map(), record = new Map() } = owned ?? {}
    return { desired, owners, record, kept, attributes }
  }
  return { witness, match: () => match, about, rules, leftOut }
}

const nothing: DesiredMetadata = new Map()

function explained(
  asset: Asset,
  changes: readonly MetadataChange[],
  heard: Heard,
  { enrichment }: EnrichParts,
): readonly ExplainedChange[] {
  const { desired, owners, record, kept, attributes } = heard.about()
  const { mapping } = enrichment
  const { writtenProperty } = settingsOf(enrichment)
  const told = new Map(factsForPim(asset, mapping, attributes).map((fact) => [fact.property, fact]))
  const byProperty = new Map(changes.map((change) => [change.property, change]))
  const properties = new Set([...desired.keys(), ...kept.keys(), ...byProperty.keys()])
  const wanted = [...properties].map((property): ExplainedChange => {
    const rule = heard.rules.get(property) ?? (property === writtenProperty ? recordRule : '')
    const old = heldValue(asset.metadata, property) ?? null
    const about = { property, rule, old, ...ownership(property) }
    const change = byProperty.get(property)
    if (change === undefined) {
      const value = kept.has(property) ? desired.get(property) : undefined
      const pim = value === undefined ? {} : { pim: value }
      return { ...about, new: old, action: 'keep', why: whyKept(property, old), ...pim }
    }
    if (change.op === 'remove') {
      const why = 'the rule removes the property, since the PIM has no value for it'
      return { ...about, new: null, action: 'remove', why }
    }
    const why = change.op === 'add' ? 'AEM holds no value' : 'AEM holds another value'
    return { ...about, new: change.value, action: 'write', why }
  })
  const untouched = mapping.flatMap((rule): ExplainedChange[] => {
    if (!('property' in rule) || properties.has(rule.property)) return []
    const { property } = rule
    const old = heldValue(asset.metadata, property) ?? null
    const misfit = heard.leftOut.get(property)
    const why = misfit === undefined ? 'the PIM has no value for it' : `the value was left out: ${misfit}`
    return [{ property, rule: ruleName(rule), old, new: old, action: 'keep', why, ...ownership(property) }]
  })
  return [...wanted, ...untouched]

  function ownership(property: string): Pick<ExplainedChange, 'owner' | 'recorded'> {
    const owner = owners.get(property) ?? 'pim'
    if (owner === 'pim') return {}
    return owner === 'edited' ? { owner, recorded: record.has(property) } : { owner }
  }

  function whyKept(property: string, old: JsonValue): string {
    const reason = kept.get(property)
    if (reason === undefined)
      return old === null ? 'AEM holds nothing, as it should' : 'AEM holds this value already'
    const fact = told.get(property)
    if (fact !== undefined) return `${reason}; the PIM would be told it as ${fact.attribute}`
    const value = desired.get(property)
    return value === undefined ? reason : `${reason}; the PIM has ${shown(value, maxShown)}`
  }
}

const maxShown = 200
