import type { Clock } from '../../core/clock'
import { retry } from '../../http/retry'
import type { FileTree } from './file-tree'
import { folderOf, type OwnNames } from './hidden-names'
import { changedMeanwhile, isRefused } from './tree-refusal'

/** The temporary files of one destination. */
export type Temporaries = {
  /** A name to write under. `isLeft` when a file of that name is there, which is to be written over. */
  take(path: string): { temporary: string; isLeft: boolean }
  /** Nobody writes there any more. */
  release(temporary: string): void
  /** It could not be removed: it is written over next time, so that their number stays what it is. */
  keep(temporary: string): void
  /** Removes files that a killed process left behind. Runs once per folder and container, and never fails the upload. */
  clearStale(tree: FileTree, folder: string, signal: AbortSignal): Promise<void>
  /** Whether a rename changes the time of a file: a file of the app's own is renamed to and fro, later than it was written. */
  timesMove(tree: FileTree, folder: string): Promise<boolean>
}

const staleMs = 24 * 60 * 60 * 1000
const finishMs = 10_000
const maxRemembered = 1_000
/** Servers date files by whole seconds, as a rule. */
const tickMs = 1_100
/** The temporary files that this process is writing, whatever destination they belong to. */
const ownTemporaries = new Set<string>()

/** @param clock for a wait; without it the times after a rename are not trusted */
export function createTemporaries(names: OwnNames, clock: Clock | undefined): Temporaries {
  const cleared = new Set<string>()
  const leftovers = new Map<string, string[]>()

  return {
    take(path) {
      const left = leftovers.get(folderOf(path))?.pop()
      const temporary = left ?? names.temporary(path)
      ownTemporaries.add(temporary)
      return { temporary, isLeft: left !== undefined }
    },
    release: (temporary) => void ownTemporaries.delete(temporary),
    keep: keepLeftover,
    clearStale,
    timesMove,
  }

  /** Renames a file of the app's own to and fro: at once, and when the clock of the server has moved on. */
  async function timesMove(tree: FileTree, folder: string): Promise<boolean> {
    if (clock === undefined) return false
    const signal = AbortSignal.timeout(finishMs)
    const inFolder = folder === '' ? 'time' : `${folder}/time`
    const paths = [names.temporary(inFolder), names.temporary(inFolder)]
    const rules = { clock, waitsMs: [tickMs] }
    let at = paths[0] ?? inFolder
    await tree.writeText(at, '\n', signal)
    const old = await tree.stat(at, signal)
    try {
      return await retry(rules, { signal, deadline: Number.POSITIVE_INFINITY }, async (_own, attempt) => {
        const next = paths[attempt % 2] ?? at
        await tree.place(at, next, signal)
        at = next
        const renamed = await tree.stat(at, signal)
        if (renamed === undefined || renamed.stamp === old?.stamp) throw changedMeanwhile(at)
        return true
      })
    } finally {
      await tree.remove(at, signal).catch(() => keepLeftover(at))
    }
  }

  function keepLeftover(temporary: string): void {
    const folder = folderOf(temporary)
    leftovers.set(folder, [...(leftovers.get(folder) ?? []), temporary])
  }

  /**
   * Removes files that a killed process left behind. Runs once per folder and container, and never fails the upload.
   */
  async function clearStale(tree: FileTree, folder: string, signal: AbortSignal): Promise<void> {
    if (cleared.has(folder)) return
    if (cleared.size >= maxRemembered) cleared.clear()
    cleared.add(folder)
    try {
      const found: { path: string; modifiedMs: number }[] = []
      for await (const { name: one, modifiedMs } of tree.list(folder, signal)) {
        const path = folder === '' ? one : `${folder}/${one}`
        const isProbe = names.probes.includes(path)
        if (names.isTemporary(one) && !isProbe && !ownTemporaries.has(path)) found.push({ path, modifiedMs })
      }
      if (found.length === 0) return
      const now = await timeOf(tree, folder, signal)
      for (const { path, modifiedMs } of found) {
        if (now - modifiedMs > staleMs) {
          await tree.remove(path, signal).catch((thrown: unknown) => {
            if (!isRefused(thrown)) throw thrown
            keepLeftover(path)
          })
        }
      }
    } catch {
      signal.throwIfAborted()
    }
  }

  /**
   * What time it is by the clock that dates the files: ours may be a day ahead of it.
   * @throws {BridgeError} when the tree takes no file there
   */
  async function timeOf(tree: FileTree, folder: string, signal: AbortSignal): Promise<number> {
    const probe = names.temporary(folder === '' ? 'clock' : `${folder}/clock`)
    await tree.writeText(probe, '\n', signal)
    const facts = await tree.stat(probe, signal)
    await tree.remove(probe, signal).catch((thrown: unknown) => {
      if (!isRefused(thrown)) throw thrown
      keepLeftover(probe)
    })
    return facts?.modifiedMs ?? 0
  }
}
