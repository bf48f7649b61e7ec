import type { AssetLibrary, LibraryEntry } from '../../aem/library'
import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import type { Destination, ListedObject } from '../../plugin/destination'
import { inParallel } from '../in-parallel'
import { type AssetFile, filesOf } from './asset-files'
import { dueAt } from './due'
import { isVersion } from './export-asset'
import { createHeldFiles, type HeldFiles } from './held-files'
import { mayStay, type OwnerParts, ownershipOf, prefixOf } from './owner'

/** A file at a destination: its key, and the path of its asset where that is known. */
export type VerifiedFile = { key: string; path: string | null; assetId: string | null; origin?: string }

/** What became of a comparison of a destination with AEM. */
export type Verification = {
  /** Files that are due there. */
  checked: number
  /** Of these, those that are there in the right version. */
  inStep: number
  missing: readonly VerifiedFile[]
  stale: readonly VerifiedFile[]
  /** Put there by the bridge for an asset that is no longer due, or is due under another key. */
  orphaned: readonly VerifiedFile[]
  /** What the destination cannot tell. */
  unknown: readonly ('missing' | 'stale' | 'orphaned')[]
  /** Assets, and files, of which it could not be found out. */
  problems: readonly { path: string; error: BridgeError }[]
}

export type VerifyParts = OwnerParts & {
  library: AssetLibrary
  /** A new call, for a piece of the work. */
  call(): CallContext
  progress(text: string): void
}

/** What is compared. */
export type VerifyScope = {
  /** Of the destination. */
  name: string
  /** `/content/dam`, or a folder below it. */
  folder: string
  /** Milliseconds since the epoch. */
  now: number
}

const readsAtOnce = 8
/** After so many, a new call is opened: a large library takes longer than one piece of work may. */
const listedACall = 100_000
const pagesACall = 40

/**
 * Compares what a destination holds with what is due there. It lists the destination first and then pages through AEM;
 * whatever differs is asked for once more, since both change meanwhile. Memory grows by about forty bytes a file, and by
 * what is reported. Nothing is written.
 * @throws {BridgeError} what AEM and the destination fail with, but for a permanent failure of one asset
 */
export async function verifyDestination(scope: VerifyScope, parts: VerifyParts): Promise<Verification> {
  const { name, folder } = scope
  const destination = parts.destination(name)
  const held = createHeldFiles()
  const prefix = prefixOf(folder, parts) ?? ''
  for await (const listed of listedBy(destination, { prefix }, parts)) {
    held.add(listed)
    if (held.size % 1_000 === 0) parts.progress(`${held.size} files listed`)
  }
  const found = { missing: [], stale: [], orphaned: [], problems: [], checked: 0, inStep: 0 }
  const report: Report = { ...found, canTell: destination.head !== undefined }
  for (const origin of parts.origins) await checkAuthor(origin, { destination, held, report, scope, parts })
  await findOrphans(prefix, { destination, held, report, scope, parts })
  const { canTell, ...rest } = report
  const unknown = [
    ...(canTell ? [] : (['missing', 'stale'] as const)),
    ...(destination.list === undefined ? (['orphaned'] as const) : []),
  ]
  return { ...rest, unknown }
}

type Report = {
  checked: number
  inStep: number
  missing: VerifiedFile[]
  stale: VerifiedFile[]
  orphaned: VerifiedFile[]
  problems: { path: string; error: BridgeError }[]
  canTell: boolean
}

type Work = {
  destination: Destination
  held: HeldFiles
  report: Report
  scope: VerifyScope
  parts: VerifyParts
}

async function checkAuthor(origin: string, work: Work): Promise<void> {
  const { scope, parts, report } = work
  const options = { folder: scope.folder, by: 'modified', until: scope.now } as const
  let [position, isDone] = [undefined as string | undefined, false]
  let read = 0
  while (!isDone) {
    const call = parts.call()
    const from = position === undefined ? options : { ...options, after: position }
    let pages = 0
    isDone = true
    for await (const page of parts.library.pages(origin, from, call)) {
      await inParallel(page.entries, readsAtOnce, (entry) => checkEntry(entry, work, call))
      position = page.position
      read += page.entries.length
      const percent = Math.floor(page.progress * 100)
      parts.progress(`${read} assets read, ${report.checked} files due (${percent} %)`)
      if (++pages < pagesACall) continue
      isDone = false
      break
    }
  }
}

async function checkEntry({ ref }: LibraryEntry, work: Work, call: CallContext): Promise<void> {
  const { scope, parts, held } = work
  await unlessPermanent(ref.path, work, call, async () => {
    const asset = await parts.assets.readAsset(ref, call)
    const due = dueAt(asset, scope.name, scope.now, 'state')
    if (!mayStay(due)) return
    for (const file of await filesOf(asset, parts, call)) {
      if (due.isDue) await checkFile(file, asset, work, call)
      held.claim(file.key)
    }
  })
}

async function checkFile(
  { key, binary }: AssetFile,
  { id, path, origin }: Asset,
  { destination, held, report }: Work,
  call: CallContext,
): Promise<void> {
  const about = { key, path: path === '' ? null : path, assetId: id, origin }
  if (held.holds(key, binary.version, binary.size)) {
    report.checked += 1
    report.inStep += 1
    return
  }
  if (destination.head === undefined) {
    report.checked += 1
    if (destination.list !== undefined) report[held.claim(key) ? 'stale' : 'missing'].push(about)
    return
  }
  // It may have come meanwhile; or another program has written over it, and it is in no list of ours.
  const now = await destination.head(key, call, binary)
  if (now?.declined !== undefined) return
  report.checked += 1
  if (now === undefined) report.missing.push(about)
  else if (isVersion(now, binary)) report.inStep += 1
  else report.stale.push(about)
}

/** Asks for what nobody has claimed once more: it may have become due, or have gone. */
async function findOrphans(prefix: string, work: Work): Promise<void> {
  const { destination, held, parts } = work
  const isUnclaimed = ({ key }: ListedObject): boolean => !held.isClaimed(key)
  for (const { after, last } of held.unclaimed()) {
    const from = after === undefined ? { prefix } : { prefix, after }
    const candidates: ListedObject[] = []
    for await (const listed of listedBy(destination, from, parts)) {
      if (isUnclaimed(listed)) candidates.push(listed)
      if (listed.key === last || candidates.length > maxCandidates) break
    }
    const call = parts.call()
    await inParallel(candidates, readsAtOnce, (candidate) => judge(candidate, work, call))
  }
}

/** More than a block holds: its last key has gone meanwhile. */
const maxCandidates = 1_000

async function judge(candidate: ListedObject, work: Work, call: CallContext): Promise<void> {
  const { report, held, scope, parts } = work
  const { key, assetId = null } = candidate
  // Another block may have come to it.
  held.claim(key)
  await unlessPermanent(key, work, call, async () => {
    const { isOrphan, path } = await ownershipOf(candidate, scope, parts, call)
    if (isOrphan) report.orphaned.push({ key, path, assetId })
  })
}

/** A failure of one asset is reported, and the others go on; one that has gone meanwhile is none. */
async function unlessPermanent(
  path: string,
  { report }: Work,
  call: CallContext,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act()
  } catch (thrown) {
    call.signal.throwIfAborted()
    const error = toBridgeError(thrown)
    if (error.failureClass !== 'permanent') throw error
    if (error.code !== 'ASSET_NOT_FOUND') report.problems.push({ path, error })
  }
}

/** All that is listed, by several calls where it is much; nothing of a destination that cannot list. */
async function* listedBy(
  destination: Destination,
  options: { prefix: string; after?: string },
  { call }: VerifyParts,
): AsyncGenerator<ListedObject> {
  if (destination.list === undefined) return
  let [from, isDone] = [options, false]
  while (!isDone) {
    let count = 0
    isDone = true
    for await (const listed of destination.list(from, call())) {
      yield listed
      if (++count < listedACall) continue
      from = { ...options, after: listed.key }
      isDone = false
      break
    }
  }
}
