import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import { filesOf } from '../export/asset-files'
import { dueAt } from '../export/due'
import { type Declined, type ExportParts, exportWithin, isVersion } from '../export/export-asset'
import { inParallel } from '../in-parallel'
import { type DestinationOutcome, type FileOutcome, factsOf, toFailure } from '../outcome'
import { failed } from './enrich-page'
import type { Stored, Worked } from './task'

export type ExportPageParts = ExportParts & {
  redactor: Redactor
  isDryRun: boolean
  /** Assets at once. */
  concurrency: number
  /** Hears each asset that is done, while others are not. */
  onDone?: ((worked: Worked) => void) | undefined
}

const storesAll = { maxBytes: Number.POSITIVE_INFINITY }

/**
 * Brings the destinations of a page of assets in step, with what is due there by the rule that everybody asks. Nothing
 * is removed.
 * @throws the signal's reason, and nothing else
 */
export async function exportPage(
  refs: readonly AssetRef[],
  parts: ExportPageParts,
  call: CallContext,
): Promise<readonly Worked[]> {
  const results = new Map<AssetRef, Worked>()
  await inParallel(refs, parts.concurrency, async (ref) => {
    const worked = await exportOne(ref, parts, call)
    results.set(ref, worked)
    parts.onDone?.(worked)
  })
  return refs.flatMap((ref) => results.get(ref) ?? [])
}

async function exportOne(ref: AssetRef, parts: ExportPageParts, call: CallContext): Promise<Worked> {
  try {
    const asset = await parts.assets.readAsset(ref, call)
    const due = dueAt(asset, undefined, parts.clock.now(), 'state')
    if (!due.isDue) {
      if (due.error !== undefined) throw due.error
      return { ref, outcomes: [{ kind: 'skipped', reason: due.reason }], skipped: due.kind }
    }
    const destinations: DestinationOutcome[] = []
    for (const name of due.names) destinations.push(await storeAt(name, asset, parts, call))
    const off = destinations.filter(isOff)
    if (off.length === destinations.length) {
      const reason = 'none of the destinations that the asset names is set up'
      return { ref, outcomes: [{ kind: 'skipped', reason }], skipped: 'destination-off' }
    }
    // Of several, the ones that are set up count.
    const counting = destinations.filter((one) => !off.includes(one))
    const [first] = counting
    if (first?.kind === 'skipped' && counting.every(({ kind }) => kind === 'skipped'))
      return { ref, outcomes: [{ kind: 'skipped', reason: first.reason }], skipped: 'declined' }
    const stored = counting.flatMap(storedOf)
    return {
      ref,
      outcomes: [{ kind: 'exported', asset: factsOf(asset), destinations: counting }],
      ...(stored.length > 0 ? { stored } : {}),
    }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return failed(ref, thrown, parts)
  }
}

const isOff = (one: DestinationOutcome): boolean =>
  one.kind === 'retry' && one.failure.code === 'DESTINATION_OFF'

const storedOf = (one: DestinationOutcome): readonly Stored[] =>
  one.kind === 'done'
    ? one.files.flatMap(({ key, outcome }) =>
        outcome === 'stored'
          ? [{ destination: one.destination, key, reason: 'not there in this version' }]
          : [],
      )
    : []

/** What fails at one destination keeps no other from getting its files. */
async function storeAt(
  destination: string,
  asset: Asset,
  parts: ExportPageParts,
  call: CallContext,
): Promise<DestinationOutcome> {
  try {
    const files = parts.isDryRun
      ? await wouldStore(destination, asset, parts, call)
      : await exportWithin(storesAll, destination, asset, parts, call)
    if (files === 'too-large') return { destination, kind: 'done', files: [] }
    if ('declined' in files) return { destination, kind: 'skipped', reason: files.declined }
    return { destination, kind: 'done', files }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { destination, kind: 'retry', failure: toFailure(toBridgeError(thrown), parts.redactor) }
  }
}

async function wouldStore(
  name: string,
  asset: Asset,
  parts: ExportPageParts,
  call: CallContext,
): Promise<readonly FileOutcome[] | Declined> {
  const destination = parts.destination(name)
  const outcomes: FileOutcome[] = []
  for (const { key, binary } of await filesOf(asset, parts, call)) {
    const held = await destination.head?.(key, call, binary)
    if (held?.declined !== undefined) return { declined: held.declined }
    const isThere = held !== undefined && isVersion(held, binary)
    outcomes.push({ key, outcome: isThere ? 'unchanged' : 'stored', bytes: 0 })
  }
  return outcomes
}
