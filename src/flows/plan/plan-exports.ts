import type { LibraryPage } from '../../aem/library'
import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { dueAt } from '../export/due'
import { explainExport } from '../export/explain-export'
import type { ExportParts } from '../export/export-asset'
import { assetByAsset } from './asset-by-asset'
import type { LineWriter } from './json-lines'
import { type PlanOptions, plannedAsset } from './plan-enrich'
import type { PlannedExport } from './plan-file'
import { createPlanTally, type PlanSummary } from './plan-summary'

/** Each asset asks its destinations which version they hold. */
const assetsAtOnce = 10

/**
 * Writes down which files would be put to which destination: what is due there by the one rule, and is not there in this
 * version. Nothing is written to a destination.
 * @throws {BridgeError} the outage that stopped it; what `pages` throws
 */
export async function planExports(
  pages: AsyncIterable<LibraryPage>,
  parts: ExportParts,
  plan: Pick<LineWriter, 'write'>,
  { progress = () => undefined, clock, ...options }: PlanOptions & { clock: ExportParts['clock'] },
  call: CallContext,
): Promise<PlanSummary> {
  const tally = createPlanTally()
  const run = assetByAsset({ clock }, call, { ...options, atOnce: assetsAtOnce })
  for await (const page of pages) {
    const planned = new Map<AssetRef, readonly PlannedExport[]>()
    await run.each(page.entries, {
      async work({ ref }, own) {
        const asset = await parts.assets.readAsset(ref, own)
        const now = clock.now()
        const due = dueAt(asset, undefined, now, 'state')
        if (!due.isDue) {
          if (due.error !== undefined) throw due.error
          tally.checked()
          tally.skipped(due.kind)
          return
        }
        // Only where it is due: the others need not be asked.
        const destinations = await explainExport(asset, { ...parts, active: () => [] }, now, own)
        tally.checked()
        const entries = destinations.flatMap(({ name, state, key, why }) =>
          state === 'in-step' || state === 'skipped' || key === null
            ? []
            : {
                asset: plannedAsset(asset, ref),
                export: { destination: name, key, reason: state === 'unknown' ? `unknown: ${why}` : state },
              },
        )
        if (destinations.every(({ state }) => state === 'skipped')) tally.skipped('declined')
        else if (entries.length === 0) tally.unchanged()
        else planned.set(ref, entries)
      },
      async failed({ ref }, error) {
        tally.checked()
        if (error.code === 'ASSET_NOT_FOUND') tally.skipped('gone')
        else tally.failed(ref.path ?? ref.id ?? '', error)
      },
    })
    const stopped = run.stoppedBy()
    if (stopped !== undefined) throw stopped
    for (const { ref } of page.entries) {
      const entries = planned.get(ref)
      if (entries === undefined) continue
      for (const entry of entries) await plan.write(entry)
      tally.exported(entries)
    }
    progress(tally.summary().checked, page.progress)
  }
  return tally.summary()
}
