import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { leaveReason } from '../../metadata/left-alone'
import { recordRule } from '../../metadata/ownership'
import { skipReason } from '../../metadata/skip'
import { type EnrichmentRules, isUsedBy, leaveRulesOf } from '../../plugin/enrichment'
import { type UpdateParts, updateMetadata } from '../update-metadata'
import { type Direction, type PlannedChange, verdictOf } from './planned-change'
import type { RefusedChange } from './report-file'

/** Rules, where a plan is applied: they may say by now that an asset is left alone. */
export type ChangeParts = UpdateParts & { enrichment?: EnrichmentRules }

/** What became of the planned changes of one asset. */
export type ChangedAsset = {
  written: readonly PlannedChange[]
  /** AEM held it already. */
  unchanged: readonly PlannedChange[]
  refused: readonly RefusedChange[]
}

const changedMeanwhile = 'somebody changed the value meanwhile'

/**
 * Writes planned changes to one asset, or takes them back: each property whose value is still the expected one, in one
 * request. What somebody changed stays as it is, and so does an asset that must not be changed now.
 * @param onStart hears what is about to be written, before each attempt that writes something else than the one before
 * @throws {BridgeError} as `updateMetadata`
 */
export function changeAsset(
  ref: AssetRef,
  { changes, direction }: { changes: readonly PlannedChange[]; direction: Direction },
  parts: ChangeParts,
  onStart: (changes: readonly PlannedChange[]) => Promise<void>,
  call: CallContext,
): Promise<ChangedAsset> {
  const names = new Set(changes.map(({ property }) => property))
  const { enrichment } = direction === 'apply' ? parts : {}
  const isUsed = enrichment === undefined ? () => false : isUsedBy(enrichment)
  return updateMetadata(
    ref,
    parts,
    {
      keeps: (property) => names.has(property) || isUsed(property),
      async decide(asset) {
        const judged = changes.map((change) => ({ change, verdict: verdictOf(asset, change, direction) }))
        const reason =
          enrichment === undefined ? skipReason(asset) : leaveReason(asset, leaveRulesOf(enrichment))
        const toWrite = judged.flatMap(({ change, verdict }) =>
          verdict.kind === 'write' ? { change, write: verdict.write } : [],
        )
        const refused = judged.flatMap(({ change, verdict }): RefusedChange[] => {
          if (verdict.kind === 'other') return [{ ...change, held: verdict.held, reason: changedMeanwhile }]
          if (verdict.kind !== 'write' || reason === undefined) return []
          return [{ ...change, held: direction === 'apply' ? change.old : change.new, reason }]
        })
        const unchanged = judged.flatMap(({ change, verdict }) => (verdict.kind === 'there' ? [change] : []))
        if (reason !== undefined || toWrite.length === 0)
          return { changes: [], result: { written: [], unchanged, refused } }
        const written = toWrite.map(({ change }) => change)
        await onStart(written)
        const result = { written, unchanged, refused }
        const writes = toWrite.map(({ write }) => write)
        const record = written.find(({ rule }) => rule === recordRule)
        if (record === undefined) return { changes: writes, result }
        const others = written.filter((change) => change !== record)
        const optional = { property: record.property, result: { ...result, written: others } }
        return { changes: writes, result, optional }
      },
    },
    call,
  )
}
