import type { CallContext } from '../../core/call-context'
import { keysOf } from '../export/asset-files'
import { dueAt } from '../export/due'
import { type ExportParts, exportWithin } from '../export/export-asset'
import type { Progress } from './apply-changes'
import { assetByAsset, inChunks } from './asset-by-asset'
import type { LineWriter } from './json-lines'
import { exportsIn } from './plan-file'
import { createTally, type Summary, summaryOf } from './summary'

/** As many as an `export-worker` moves. */
const filesAtOnce = 4
const linesAtOnce = 100

/**
 * Puts the files that an export plan names to the destinations that it names, and no others. A file is refused that is
 * not due there any more, or that would get another key than the planned one.
 * @param report gets what became of each file
 * @throws {BridgeError} permanent, `PLAN_INVALID`; what writing the report fails with
 */
export async function applyExports(
  plan: { path: string; origin: string },
  parts: ExportParts,
  report: Pick<LineWriter, 'write'>,
  { progress = () => undefined, ...options }: { progress?: Progress; waitsMs?: readonly number[] },
  call: CallContext,
): Promise<Summary> {
  const { clock } = parts
  const began = clock.now()
  const tally = createTally()
  const { counts } = tally
  const run = assetByAsset(parts, call, { ...options, atOnce: filesAtOnce })
  for await (const chunk of inChunks(exportsIn(plan.path), linesAtOnce)) {
    const items = chunk.map((entry) => ({ ...entry, ref: { origin: plan.origin, id: entry.asset.id } }))
    await run.each(items, {
      async work({ ref, asset: { id, path }, export: planned }, own) {
        const tell = (outcome: string, reason?: string): Promise<void> =>
          report.write({
            asset: { id, path },
            export: planned,
            outcome,
            ...(reason === undefined ? {} : { reason }),
          })
        const asset = await parts.assets.readAsset(ref, own)
        const due = dueAt(asset, planned.destination, clock.now(), 'state')
        const [key] = due.isDue ? keysOf(asset, parts) : []
        const refusal = !due.isDue
          ? due.reason
          : key === planned.key
            ? undefined
            : 'the file would get another key now: the asset was moved, or config/destinations.ts was changed'
        if (refusal !== undefined) {
          await tell('refused', refusal)
          counts.checked += 1
          counts.refused += 1
          tally.refuse({ path, reason: refusal, expected: planned.key, held: key ?? null })
        } else {
          const limits = { maxBytes: Number.POSITIVE_INFINITY }
          const files = await exportWithin(limits, planned.destination, asset, parts, own)
          const declined = files !== 'too-large' && 'declined' in files ? files.declined : undefined
          const isStored =
            files === 'too-large' ||
            (!('declined' in files) && files.some(({ outcome }) => outcome !== 'unchanged'))
          await tell(isStored ? 'written' : 'unchanged', declined)
          counts.checked += 1
          counts[isStored ? 'written' : 'unchanged'] += 1
        }
        progress(counts.checked)
      },
      async failed({ asset: { id, path }, export: planned }, error) {
        counts.checked += 1
        const outcome = error.code === 'ASSET_NOT_FOUND' ? 'refused' : 'failed'
        counts[outcome] += 1
        if (outcome === 'refused') tally.refuse({ path, code: error.code, reason: error.message })
        else tally.fail(path, error)
        const reason = `${error.code}: ${error.message}`
        await report.write({ asset: { id, path }, export: planned, outcome, reason })
      },
    })
    if (run.stoppedBy() !== undefined) break
  }
  return summaryOf(tally, { seconds: (clock.now() - began) / 1000, stoppedBy: run.stoppedBy() })
}
