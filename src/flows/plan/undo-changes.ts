import type { KeepsProperty } from '../../aem/assets-client'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, permanentError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import { shown } from '../../core/shown'
import type { MetadataChange } from '../../metadata/diff'
import { sameValue } from '../../metadata/values'
import { isUsedBy } from '../../plugin/enrichment'
import { decide, type EnrichParts } from '../enrich/enrich-asset'
import type { UpdateParts } from '../update-metadata'
import type { Progress } from './apply-changes'
import { askingTogether, assetByAsset, assetsACall } from './asset-by-asset'
import { changeAsset } from './change-asset'
import { type PlannedChange, undone, verdictOf } from './planned-change'
import { type ReportedWrite, type ReportPart, writesIn } from './report-file'
import { createTally, type Summary, summaryOf } from './summary'

/** A report that was read through, see `partsOfReport`. */
export type ReadReport = { path: string; origin: string; pieces: readonly ReportPart[] }

type Options = { progress?: Progress; waitsMs?: readonly number[] }

/**
 * Takes back what a report says was written, last write first, as far as nobody changed it after: a property that no
 * longer holds what was written is refused, one that holds what it held before counts as done.
 * @throws {BridgeError} permanent, `REPORT_INVALID`
 */
export async function undoChanges(
  { path, origin, pieces }: ReadReport,
  parts: UpdateParts,
  { progress = () => undefined, ...options }: Options,
  call: CallContext,
): Promise<Summary> {
  const { clock } = parts
  const began = clock.now()
  const tally = createTally()
  const { counts } = tally
  const run = assetByAsset(parts, call, options)
  /** Assets with a write whose end was read and whose begin was not yet. */
  const ended = new Set<string>()
  for (const part of pieces.toReversed()) {
    const items = perAsset(backwards(await writesIn(path, part), ended), origin)
    await run.each(items, {
      async work({ ref, writes }, own) {
        let [isWritten, isRefused] = [false, false]
        for (const { asset, changes, outcome } of writes) {
          const change = { changes, direction: 'undo' } as const
          const { written, refused } = await changeAsset(ref, change, parts, async () => undefined, own)
          if (written.length > 0) isWritten = true
          // A write that was begun and has no end in the report may not have been made.
          if (outcome === 'started') continue
          for (const { property, new: expected, held, reason } of refused) {
            isRefused = true
            tally.refuse({ path: asset.path, property, expected, held, reason })
          }
        }
        counts.checked += 1
        if (isWritten) counts.written += 1
        else if (!isRefused) counts.unchanged += 1
        if (isRefused) counts.refused += 1
        progress(counts.checked)
      },
      async failed({ writes: [first] }, error) {
        const path = first?.asset.path ?? ''
        counts.checked += 1
        if (error.code === 'ASSET_NOT_FOUND') {
          counts.refused += 1
          tally.refuse({ path, code: error.code, reason: error.message })
          return
        }
        counts.failed += 1
        tally.fail(path, error)
      },
    })
    if (run.stoppedBy() !== undefined) break
  }
  return summaryOf(tally, { seconds: (clock.now() - began) / 1000, stoppedBy: run.stoppedBy() })
}

/** Last write first. The begin of a write is left out where its end is known. */
function backwards(writes: readonly ReportedWrite[], ended: Set<string>): readonly ReportedWrite[] {
  return writes.toReversed().filter(({ asset: { id }, outcome }) => {
    if (outcome === 'started') return !ended.delete(id)
    ended.add(id)
    return true
  })
}

/** The writes of one asset are taken back one after the other. */
function perAsset(
  writes: readonly ReportedWrite[],
  origin: string,
): readonly { ref: AssetRef; writes: readonly ReportedWrite[] }[] {
  const byId = new Map<string, { ref: AssetRef; writes: ReportedWrite[] }>()
  for (const write of writes) {
    const { id, path } = write.asset
    const known = byId.get(id)
    if (known === undefined)
      byId.set(id, { ref: { origin, id, ...(path === '' ? {} : { path }) }, writes: [write] })
    else known.writes.push(write)
  }
  return [...byId.values()]
}

/**
 * Finds out whether the rules of this checkout would write again what is to be undone: by what they decide, with the
 * answers of the PIM now, for each asset as it would be after the undo. Stops at the first part of the report where they
 * would.
 * @throws {BridgeError} permanent, `RULES_WRITE_AGAIN`, naming a property and an asset; what AEM and the PIM fail with
 */
export async function refuseIfWrittenAgain(
  { path, origin, pieces }: ReadReport,
  parts: EnrichParts,
  { progress = () => undefined, areSameRules, ...options }: Options & { areSameRules: boolean },
  call: CallContext,
): Promise<void> {
  const asking = askingTogether(parts, call)
  const reading = assetByAsset(parts, call, options)
  const deciding = assetByAsset(parts, call, { ...options, atOnce: assetsACall })
  // What is gone is not undone; and where the rules fail for an asset, they write nothing to it.
  const failed = async (_: unknown, error: BridgeError): Promise<void> => {
    if (error.failureClass !== 'permanent') throw error
  }
  const found: { property: string; path: string }[] = []
  let checked = 0
  for (const part of pieces) {
    const items = perAsset(await writesIn(path, part), origin)
    const read: { ref: AssetRef; asset: Asset; toUndo: readonly PlannedChange[] }[] = []
    await reading.each(items, {
      async work({ ref, writes }, own) {
        const changes = writes.flatMap((write) => write.changes)
        const asset = await parts.assets.readAsset(ref, own, keepsFor(changes, parts))
        const toUndo = changes.filter((change) => verdictOf(asset, change, 'undo').kind === 'write')
        if (toUndo.length > 0) read.push({ ref, asset, toUndo })
      },
      failed,
    })
    await deciding.each(read, {
      async work({ ref, asset, toUndo }, own) {
        const before = { ...asset, metadata: undone(asset.metadata, toUndo) }
        const { changes } = await decide(before, asking, own)
        const again = toUndo.find((change) => changes.some((decided) => isSameWrite(decided, change)))
        if (again !== undefined) found.push({ property: again.property, path: ref.path ?? asset.id })
      },
      failed,
    })
    checked += items.length
    progress(checked)
    const stopped = reading.stoppedBy() ?? deciding.stoppedBy()
    if (stopped !== undefined) throw stopped
    const [first] = found
    if (first !== undefined) throw writeAgain(first, { found: found.length, checked, areSameRules })
  }
}

/** What is to be undone, and what the rules read. */
function keepsFor(changes: readonly PlannedChange[], { enrichment }: EnrichParts): KeepsProperty {
  const names = new Set(changes.map(({ property }) => property))
  const isUsed = isUsedBy(enrichment)
  return (property) => names.has(property) || isUsed(property)
}

function isSameWrite(decided: MetadataChange, { property, new: value }: PlannedChange): boolean {
  if (decided.property !== property) return false
  const written: JsonValue = decided.op === 'remove' ? null : decided.value
  return written === null || value === null ? written === value : sameValue(value, written)
}

function writeAgain(
  { property, path }: { property: string; path: string },
  { found, checked, areSameRules }: { found: number; checked: number; areSameRules: boolean },
): Error {
  const which = areSameRules
    ? 'the mapping here is the one that wrote it, and'
    : 'the mapping here is another one, but it'
  return permanentError(
    'RULES_WRITE_AGAIN',
    `${which} would write the same again, such as ${shown(property)} on ${shown(path, 300)} (${found} of the first ${checked} assets): ` +
      'check out and deploy the old mapping first, then undo from there; --force undoes it all the same',
  )
}
