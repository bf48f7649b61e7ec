import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { DesiredMetadata, MetadataChange } from '../../metadata/diff'
import { ruleName } from '../../metadata/mapping'
import { heldValue } from '../../metadata/values'
import type { Decision } from '../update-metadata'
import { decide, type EnrichOutcome, type EnrichParts, type Witness } from './enrich-asset'

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
}

/** What enrichment would do with an asset now. */
export type ExplainedEnrichment = {
  /** Why it would do nothing. */
  skipped?: string
  /** Identifiers. Where no rule has found a product, the candidates are those of all rules. */
  match: { rule: string | null; candidates: readonly string[]; products: readonly string[] }
  changes: readonly ExplainedChange[]
  /** What it would fail with. */
  problem?: BridgeError
}

/**
 * Explains what enrichment would do with an asset as it is now, by the code that decides it. Nothing is written.
 * @throws the signal's reason, and nothing else
 */
export async function explainEnrichment(
  asset: Asset,
  parts: EnrichParts,
  call: CallContext,
): Promise<ExplainedEnrichment> {
  const heard = listen()
  try {
    const { decision, changes } = await decideAndExplain(asset, parts, call, heard)
    const { result } = decision
    const about = { match: heard.match(), changes }
    return result.kind === 'skipped' ? { skipped: result.reason, ...about } : about
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { match: heard.match(), changes: [], problem: toBridgeError(thrown) }
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
  heard = listen(),
): Promise<{ decision: Decision<EnrichOutcome>; changes: readonly ExplainedChange[] }> {
  const decision = await decide(asset, parts, call, heard.witness)
  const { changes, result } = decision
  return { decision, changes: result.kind === 'skipped' ? [] : explained(asset, changes, heard, parts) }
}

function listen() {
  let match: ExplainedEnrichment['match'] = { rule: null, candidates: [], products: [] }
  let desired: DesiredMetadata = new Map()
  const rules = new Map<string, string>()
  const leftOut = new Map<string, string>()
  const witness: Witness = {
    onMatch({ rule = null, refs, products }) {
      const candidates = refs.map(({ value }) => value)
      match = { rule, candidates, products: products.map(({ identifier }) => identifier) }
    },
    onMapped: (property, rule) => rules.set(property, rule),
    onLeftOut: ({ property, reason }) => leftOut.set(property, reason),
    onDesired: (all) => {
      desired = all
    },
  }
  return { witness, match: () => match, desired: () => desired, rules, leftOut }
}

function explained(
  asset: Asset,
  changes: readonly MetadataChange[],
  { desired, rules, leftOut }: ReturnType<typeof listen>,
  { enrichment }: EnrichParts,
): readonly ExplainedChange[] {
  const byProperty = new Map(changes.map((change) => [change.property, change]))
  const wanted = [...desired().keys()].map((property): ExplainedChange => {
    const rule = rules.get(property) ?? ''
    const old = heldValue(asset.metadata, property) ?? null
    const change = byProperty.get(property)
    if (change === undefined) {
      const why = old === null ? 'AEM holds nothing, as it should' : 'AEM holds this value already'
      return { property, rule, old, new: old, action: 'keep', why }
    }
    if (change.op === 'remove') {
      const why = 'the rule removes the property, since the PIM has no value for it'
      return { property, rule, old, new: null, action: 'remove', why }
    }
    const why = change.op === 'add' ? 'AEM holds no value' : 'AEM holds another value'
    return { property, rule, old, new: change.value, action: 'write', why }
  })
  const untouched = enrichment.mapping.flatMap((rule): ExplainedChange[] => {
    if (!('property' in rule) || desired().has(rule.property)) return []
    const { property } = rule
    const old = heldValue(asset.metadata, property) ?? null
    const misfit = leftOut.get(property)
    const why = misfit === undefined ? 'the PIM has no value for it' : `the value was left out: ${misfit}`
    return [{ property, rule: ruleName(rule), old, new: old, action: 'keep', why }]
  })
  return [...wanted, ...untouched]
}
