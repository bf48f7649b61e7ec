import type { LibraryPage } from '../../aem/library'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { isUsedBy } from '../../plugin/enrichment'
import type { EnrichParts } from '../enrich/enrich-asset'
import { type ExplainedEnrichment, explainEnrichment } from '../enrich/explain-enrichment'
import { batchQueries } from '../sync/batch-queries'
import { assetByAsset, assetsAtOnce } from './asset-by-asset'
import type { LineWriter } from './json-lines'
import type { PlannedEnrichment } from './plan-file'
import { createPlanTally, type PlanSummary } from './plan-summary'
import type { PlannedChange } from './planned-change'

export type PlanOptions = {
  /** Hears how many assets were looked at, and which share of the library that is, from 0 to 1. */
  progress?: (checked: number, share: number) => void
  waitsMs?: readonly number[]
}

const batchWindowMs = 50

/**
 * Writes down what enrichment would write to each asset, by the code that decides it. AEM is only read, and the PIM is
 * asked for many assets at once.
 * @throws {BridgeError} the outage that stopped it; what `pages` throws
 */
export async function planEnrich(
  pages: AsyncIterable<LibraryPage>,
  parts: EnrichParts,
  plan: Pick<LineWriter, 'write'>,
  { progress = () => undefined, ...options }: PlanOptions,
  call: CallContext,
): Promise<PlanSummary> {
  const batching = { clock: parts.clock, windowMs: batchWindowMs, maxWaiting: assetsAtOnce, call }
  const asking = { ...parts, pim: batchQueries(parts.pim, batching) }
  const keeps = isUsedBy(parts.enrichment)
  const tally = createPlanTally()
  const run = assetByAsset(parts, call, options)
  for await (const page of pages) {
    const planned = new Map<AssetRef, PlannedEnrichment>()
    await run.each(page.entries, {
      async work({ ref }, own) {
        const asset = await parts.assets.readAsset(ref, own, keeps)
        const explained = await explainEnrichment(asset, asking, own)
        if (explained.problem !== undefined) throw explained.problem
        tally.checked()
        const changes = changesIn(explained)
        if (explained.skipped !== undefined) tally.skipped(skipKindOf(explained.skipped))
        else if (changes.length === 0) tally.unchanged()
        else planned.set(ref, { asset: plannedAsset(asset, ref), changes })
      },
      async failed({ ref }, error) {
        tally.checked()
        if (error.code === 'ASSET_NOT_FOUND') tally.skipped('gone')
        else tally.failed(ref.path ?? ref.id ?? '', error)
      },
    })
    const stopped = run.stoppedBy()
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

/** Reasons as `skipReason` and enrichment word them, without what they name. */
const skipKinds: readonly (readonly [RegExp, string])[] = [
  [/^not a file/, 'not-a-file'],
  [/^the asset is discarded/, 'discarded'],
  [/^the virus scan/, 'infected'],
  [/^the asset is checked out/, 'checked-out'],
  [/^the asset is still processing/, 'processing'],
  [/^no matching rule finds/, 'no-candidate'],
  [/^the PIM knows no product/, 'no-product'],
]

const skipKindOf = (reason: string): string =>
  skipKinds.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other'
