import type { BridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { ExplainedFact } from '../enrich/explained-fact'
import type { PlannedEnrichment, PlannedExport } from './plan-file'
import type { Trouble } from './summary'

/** What would become of a property, or what would arrive at a destination, over the whole plan. */
export type PlannedKind = {
  /** Of the property, or of the destination. */
  name: string
  /** The rule, or the reason. */
  rule: string
  assets: number
  example: { path: string; old?: JsonValue; new?: JsonValue; key?: string }
}

/** What would become of an attribute in the PIM, over the whole plan. */
export type PlannedFacts = {
  attribute: string
  /** Such as `link`. */
  from: string
  action: ExplainedFact['action']
  /** How many facts: one for each asset and product. */
  count: number
  example: { path: string } & ExplainedFact
}

/** Numbers of assets, by what was planned for them. */
export type PlanSummary = {
  checked: number
  planned: number
  unchanged: number
  /** By kind of reason. */
  skipped: Readonly<Record<string, number>>
  /** By property: where AEM keeps another value than the PIM has. Absent when there is none. */
  kept?: Readonly<Record<string, number>>
  failed: number
  /** The first of them. */
  failures: readonly Trouble[]
  /** What is planned most first. */
  changes: readonly PlannedKind[]
  /** What the PIM does not have: `tell` most first, then what is kept. Absent when there is none. */
  pim?: readonly PlannedFacts[]
}

const mostFailures = 20
/** More kinds are counted together: `everyAttribute` may bring any number. */
const mostKinds = 200

export function createPlanTally() {
  let [checked, planned, unchanged, failed] = [0, 0, 0, 0]
  const skipped = new Map<string, number>()
  const kept = new Map<string, number>()
  const kinds = new Map<string, PlannedKind>()
  const facts = new Map<string, PlannedFacts>()
  const failures: Trouble[] = []
  const count = (kind: Omit<PlannedKind, 'assets'>): void => {
    const key = JSON.stringify([kind.name, kind.rule])
    const known = kinds.get(key)
    if (known !== undefined) known.assets += 1
    else if (kinds.size < mostKinds) kinds.set(key, { ...kind, assets: 1 })
  }
  return {
    checked() {
      checked += 1
    },
    unchanged() {
      unchanged += 1
    },
    kept(properties: readonly string[]) {
      for (const property of properties)
        if (kept.has(property) || kept.size < mostKinds) kept.set(property, (kept.get(property) ?? 0) + 1)
    },
    skipped(kind: string) {
      skipped.set(kind, (skipped.get(kind) ?? 0) + 1)
    },
    failed(path: string, { code, message }: BridgeError) {
      failed += 1
      if (failures.length < mostFailures) failures.push({ path, code, reason: message })
    },
    planned({ asset: { path }, changes, pim = [] }: PlannedEnrichment) {
      for (const fact of pim) {
        const { attribute, from, action } = fact
        const key = JSON.stringify([attribute, from, action])
        const known = facts.get(key)
        if (known !== undefined) known.count += 1
        else if (facts.size < mostKinds)
          facts.set(key, { attribute, from, action, count: 1, example: { path, ...fact } })
      }
      if (changes.length === 0) {
        unchanged += 1
        return
      }
      planned += 1
      for (const { property: name, rule, old, new: next } of changes)
        count({ name, rule, example: { path, old, new: next } })
    },
    exported(entries: readonly PlannedExport[]) {
      planned += 1
      for (const { asset, export: planned } of entries) {
        const { destination: name, reason: rule, key } = planned
        count({ name, rule, example: { path: asset.path, key } })
      }
    },
    summary: (): PlanSummary => ({
      checked,
      planned,
      unchanged,
      skipped: sorted(skipped),
      ...(kept.size === 0 ? {} : { kept: sorted(kept) }),
      failed,
      failures,
      changes: [...kinds.values()].sort((a, b) => b.assets - a.assets),
      ...(facts.size === 0 ? {} : { pim: [...facts.values()].sort(tellMostFirst) }),
    }),
  }
}

const tellMostFirst = (a: PlannedFacts, b: PlannedFacts): number =>
  a.action === b.action ? b.count - a.count : a.action === 'tell' ? -1 : 1

const sorted = (counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
