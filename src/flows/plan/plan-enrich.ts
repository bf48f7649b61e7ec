import type { LibraryPage } from '../../aem/library'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { BridgeError } from '../../core/errors'
import { isUsedBy } from '../../plugin/enrichment'
import type { EnrichParts } from '../enrich/enrich-asset'
import { type ExplainedEnrichment, explainEnrichment } from '../enrich/explain-enrichment'
import { notInStep } from '../enrich/explained-fact'
import { reasonKind } from '../enrich/reason-kind'
import { askingTogether, assetByAsset, assetsACall } from './asset-by-asset'
import type { LineWriter } from './json-lines'
import type { PlannedEnrichment } from './plan-file'
import { createPlanTally, type PlanSummary } from './plan-summary'
import type { PlannedChange } from './planned-change'

export type PlanOptions = {
  /** Hears how many assets were looked at, and which share of the library that is, from 0 to 1. */
  progress?: (checked: number, share: number) => void
  waitsMs?: readonly number[]
}

/**
 * Writes down what enrichment would write to each asset, and what the PIM would be told about it, by the code that
 * decides it. AEM and the PIM are only read. A page is read first, then the PIM is asked for all of it, a hundred assets
 * a call.
 * @throws {BridgeError} the outage that stopped it; what `pages` throws
 */
export async function planEnrich(
  pages: AsyncIterable<LibraryPage>,
  parts: EnrichParts,
  plan: Pick<LineWriter, 'write'>,
  { progress = () => undefined, ...options }: PlanOptions,
  call: CallContext,
): Promise<PlanSummary> {
  const asking = { ...askingTogether(parts, call), run: {} }
  const keeps = isUsedBy(parts.enrichment)
  const tally = createPlanTally()
  const reading = assetByAsset(parts, call, options)
  const deciding = assetByAsset(parts, call, { ...options, atOnce: assetsACall })
  const failed = async ({ ref }: { ref: AssetRef }, error: BridgeError): Promise<void> => {
    tally.checked()
    if (error.code === 'ASSET_NOT_FOUND') tally.skipped('gone')
    else tally.failed(ref.path ?? ref.id ?? '', error)
  }
  for await (const page of pages) {
    const read: { ref: AssetRef; asset: Asset }[] = []
    await reading.each(page.entries, {
      async work({ ref }, own) {
        read.push({ ref, asset: await parts.assets.readAsset(ref, own, keeps) })
      },
      failed,
    })
    const planned = new Map<AssetRef, PlannedEnrichment>()
    await deciding.each(read, {
      async work({ ref, asset }, own) {
        const explained = await explainEnrichment(asset, asking, own, { isTelling: true })
        if (explained.problem !== undefined) throw explained.problem
        tally.checked()
        tally.kept(explained.changes.flatMap(({ property, pim }) => (pim === undefined ? [] : [property])))
        const changes = changesIn(explained)
        const pim = notInStep(explained.told ?? [])
        const entry = { asset: plannedAsset(asset, ref), changes, ...(pim.length === 0 ? {} : { pim }) }
        if (explained.skipped !== undefined) tally.skipped(reasonKind(explained.skipped))
        else if (changes.length + pim.length === 0) tally.unchanged()
        else planned.set(ref, entry)
      },
      failed,
    })
    const stopped = reading.stoppedBy() ?? deciding.stoppedBy()
    if (stopped !== undefined) throw stopped
    // In the order of the library, so that two plans can be compared line by line.
    for (const { ref } of page.entries) {
      const entry = planned.get(ref)
      if (entry === undefined) continue
      await plan.write(entry)
      tally.planned(entry)
    }
    progress(tally.summary().checked, page.progress)
  }
  return tally.summary()
}

export const plannedAsset = ({ id, path, etag }: Asset, ref: AssetRef) => ({
  id,
  path: path === '' ? (ref.path ?? '') : path,
  etag,
})

const changesIn = ({ changes }: ExplainedEnrichment): readonly PlannedChange[] =>
  changes.flatMap(({ property, old, new: next, rule, action }) =>
    action === 'keep' ? [] : [{ property, old, new: next, rule }],
  )
