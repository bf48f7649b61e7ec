import type { CallContext } from '../../core/call-context'
import { assetByAsset, inChunks } from './asset-by-asset'
import { type ChangeParts, changeAsset } from './change-asset'
import type { LineWriter } from './json-lines'
import { enrichmentsIn, type PlannedEnrichment } from './plan-file'
import type { ReportLine } from './report-file'
import { createTally, type Summary, summaryOf } from './summary'

/** Hears how far a long work is. */
export type Progress = (checked: number) => void

export type ApplyOptions = {
  progress?: Progress
  waitsMs?: readonly number[]
  /** What a run before has begun to write, see `begunIn`: where AEM holds it, that run wrote it. */
  begun?: ReadonlyMap<string, ReadonlySet<string>>
}

const linesAtOnce = 500

/**
 * Writes what an enrich plan says, and nothing else: a property whose value is no longer the `old` one is refused, one
 * that holds the `new` one counts as done. So a plan that is applied again, after a kill too, ends as if it had been
 * applied once.
 * @param report gets what became of each asset; a write stands in it before it is made
 * @throws {BridgeError} permanent, `PLAN_INVALID`; what writing the report fails with
 */
export async function applyChanges(
  plan: { path: string; origin: string },
  parts: ChangeParts,
  report: Pick<LineWriter, 'write'>,
  { progress = () => undefined, begun = new Map(), ...options }: ApplyOptions,
  call: CallContext,
): Promise<Summary> {
  const { clock } = parts
  const started = clock.now()
  const tally = createTally()
  const { counts } = tally
  const run = assetByAsset(parts, call, options)
  const tell = (line: ReportLine): Promise<void> => report.write(line)

  for await (const chunk of inChunks(enrichmentsIn(plan.path), linesAtOnce)) {
    // The others tell what the PIM would be told: that is done by events and backfills.
    const toWrite = chunk.filter(({ changes }) => changes.length > 0)
    const items = toWrite.map(({ asset: { id, path }, changes }) => {
      const before = changes.filter(({ property }) => begun.get(id)?.has(property))
      const ref = { origin: plan.origin, id, ...(path === '' ? {} : { path }) }
      // Of the asset, for all tries together.
      return { ref, asset: { id, path }, changes, mine: tracked({ id, path }, before, tell) }
    })
    await run.each(items, {
      async work({ ref, asset, changes, mine }, own) {
        const { path } = asset
        const change = { changes, direction: 'apply' } as const
        const result = await changeAsset(ref, change, parts, mine.started, own)
        const { refused } = result
        const { written, unchanged } = mine.ended(result)
        if (written.length > 0) await tell({ asset, changes: written, outcome: 'written' })
        if (refused.length > 0) await tell({ asset, changes: refused, outcome: 'refused' })
        if (unchanged.length > 0) await tell({ asset, changes: unchanged, outcome: 'unchanged' })
        counts.checked += 1
        if (mine.hasWritten(written)) counts.written += 1
        else if (refused.length === 0) counts.unchanged += 1
        if (refused.length > 0) counts.refused += 1
        for (const { property, old: expected, held, reason } of refused)
          tally.refuse({ path, property, expected, held, reason })
        progress(counts.checked)
      },
      async failed({ asset, changes }, error) {
        counts.checked += 1
        const { code, message } = error
        const { path } = asset
        // What is gone can hold nothing that was planned.
        const outcome = code === 'ASSET_NOT_FOUND' ? 'refused' : 'failed'
        counts[outcome] += 1
        if (outcome === 'refused') tally.refuse({ path, code, reason: message })
        else tally.fail(path, error)
        await tell({ asset, changes, outcome, reason: `${code}: ${message}` })
      },
    })
    if (run.stoppedBy() !== undefined) break
  }
  return summaryOf(tally, { seconds: (clock.now() - started) / 1000, stoppedBy: run.stoppedBy() })
}

type Change = PlannedEnrichment['changes'][number]

/**
 * What this run, or one before, began to write to an asset counts as written where AEM holds it: the answer to the
 * write was lost, or its end is not in the report.
 */
function tracked(
  asset: ReportLine['asset'],
  before: readonly Change[],
  tell: (line: ReportLine) => Promise<void>,
) {
  const begun = new Set<Change>(before)
  const own = new Set<Change>()
  return {
    hasWritten: (written: readonly Change[]) => written.some((change) => own.has(change)),
    async started(changes: readonly Change[]): Promise<void> {
      const isNew = changes.some((change) => !own.has(change))
      for (const change of changes) {
        begun.add(change)
        own.add(change)
      }
      if (isNew) await tell({ asset, changes, outcome: 'started' })
    },
    ended({ written, unchanged }: { written: readonly Change[]; unchanged: readonly Change[] }) {
      return {
        written: [...written, ...unchanged.filter((change) => begun.has(change))],
        unchanged: unchanged.filter((change) => !begun.has(change)),
      }
    },
  }
}
