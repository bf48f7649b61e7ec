import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { BridgeError, permanentError, transientError } from '../../core/errors'
import { isRecord, parseJson } from '../../core/json'
import { shown } from '../../core/shown'
import { retry } from '../../http/retry'
import type { AssetBinary, Destination, StoredObject } from '../../plugin/destination'
import { checkTree, type TreeCheckRules, type UseTree } from './check-tree'
import type { FileFacts, FileTree } from './file-tree'
import { folderOf, ownNames } from './hidden-names'
import { sourceChunks } from './source-chunks'
import type { Trigger } from './trigger'

const staleMs = 24 * 60 * 60 * 1000
const cleanUpMs = 2_000
const finishMs = 10_000
const maxRemembered = 1_000
/** Servers date files by whole seconds, as a rule. */
const tickMs = 1_100
const unknownVersion = '{}\n'
/** The temporary files that this process is writing, whatever destination they belong to. */
const ownTemporaries = new Set<string>()

/** What is particular about a destination made of files. */
export type TreeRules = Omit<TreeCheckRules, 'hasTrigger'> & {
  trigger?: Trigger | undefined
  /** For a wait, where a server changes the time of a file that it renames. @default such times are not trusted */
  clock?: Clock
}

/**
 * A destination made of files and folders.
 *
 * A file is written under a hidden name, flushed, and renamed. Its version stands in a hidden file beside it, together
 * with the stamp of the very file it belongs to, and counts only while the two agree. The order of a put is:
 * write, remove the old version file, rename, write the new version file. Wherever that is cut, the published file has
 * no version or one whose stamp is another file's: `head` then says "unknown", which costs an upload. It never names a
 * version that the file is not.
 *
 * A trigger, where there is one, is written between the rename and the new version file. So a file with a known
 * version has had its trigger. A file whose process was killed before the trigger has no version, so it is stored
 * again, with its trigger.
 *
 * A version file is for saving uploads only. One that may not be read, replaced or written leaves the version unknown;
 * the files arrive all the same.
 */
export function treeDestination(
  name: string,
  use: UseTree,
  { trigger, clock, ...checkRules }: TreeRules,
): Destination {
  const { names = ownNames('hidden'), inPlace = false } = checkRules
  const cleared = new Set<string>()
  /** Temporary files that could not be removed. They are written over, so that their number stays what it is. */
  const leftovers = new Map<string, string[]>()
  /** Whether a rename changes the time of a file. */
  let movesTimes: Promise<boolean> | undefined
  let warned = false

  return {
    name,
    head: async (key, call) => {
      const path = checkedPath(key)
      return use(call, (tree) => head(tree, path, call.signal))
    },
    put: async (key, source, { previous }, call) => {
      const path = checkedPath(key)
      return use(call, (tree) => put(tree, path, source, previous, call))
    },
    remove: async (key, call) => {
      const path = checkedPath(key)
      const { signal } = call
      await use(call, async (tree) => {
        await trigger?.withdraw(tree, path, signal)
        await tree.remove(names.version(path), signal)
        await tree.remove(path, signal)
      })
    },
    check: (call) => checkTree(use, { ...checkRules, hasTrigger: trigger !== undefined }, call),
  }

  async function put(
    tree: FileTree,
    path: string,
    source: AssetBinary,
    previous: StoredObject | undefined,
    call: CallContext,
  ): Promise<StoredObject> {
    const { signal } = call
    signal.throwIfAborted()
    const folder = folderOf(path)
    await tree.makeFolder(folder, signal)
    await clearStale(tree, folder, signal)
    const { file, note } = inPlace
      ? await writeInPlace(tree, path, source, previous, call)
      : await writeAndRename(tree, path, source, previous, call)
    // The file is published already, so this step ignores the time limit.
    const finish = AbortSignal.timeout(finishMs)
    await trigger?.give(tree, path, finish)
    await noteVersion(tree, path, source.version, file, note, call)
    return { version: source.version, size: file.size, etag: file.stamp }
  }

  async function writeAndRename(
    tree: FileTree,
    path: string,
    source: AssetBinary,
    previous: StoredObject | undefined,
    call: CallContext,
  ): Promise<Published> {
    const { signal } = call
    const left = leftovers.get(folderOf(path))?.pop()
    const temporary = left ?? names.temporary(path)
    ownTemporaries.add(temporary)
    try {
      const chunks = sourceChunks(source, call)
      const written = await (left === undefined
        ? tree.writeNew(temporary, chunks, signal)
        : tree.writeOver(temporary, chunks, signal))
      const note = await makeWay(tree, path, previous, written, signal)
      signal.throwIfAborted()
      if (note.replaces) await tree.replace(temporary, path, signal)
      else if (!(await tree.place(temporary, path, signal))) throw changed(path)
      return { file: await publishedFile(tree, path, written), note: note.state }
    } catch (thrown) {
      await tree.remove(temporary, AbortSignal.timeout(cleanUpMs)).catch((refusal: unknown) => {
        if (isRefused(refusal)) keepLeftover(temporary)
      })
      throw thrown
    } finally {
      ownTemporaries.delete(temporary)
    }
  }

  async function writeInPlace(
    tree: FileTree,
    path: string,
    source: AssetBinary,
    previous: StoredObject | undefined,
    call: CallContext,
  ): Promise<Published> {
    const { signal } = call
    const note = await makeWay(tree, path, previous, undefined, signal)
    const chunks = sourceChunks(source, call)
    try {
      const file = await (note.replaces
        ? tree.writeOver(path, chunks, signal)
        : tree.writeNew(path, chunks, signal))
      return { file, note: note.state }
    } catch (thrown) {
      // A part of a file is worse than none. Where it may not be removed, it has no version, and is written anew.
      await tree.remove(path, AbortSignal.timeout(cleanUpMs)).catch(() => undefined)
      throw thrown
    }
  }

  /** The file as it is after the rename: some servers change its time then. */
  async function publishedFile(tree: FileTree, path: string, written: FileFacts): Promise<FileFacts> {
    const found = await tree.stat(path, AbortSignal.timeout(finishMs)).catch(() => undefined)
    if (found === undefined || found.stamp === written.stamp || found.size !== written.size) return written
    // Another process may have published in this moment: only a server that is known to do so is believed.
    movesTimes ??= timesMove(tree, folderOf(path)).catch(() => false)
    return (await movesTimes) ? found : written
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
        if (renamed === undefined || renamed.stamp === old?.stamp) throw changed(at)
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

  async function head(tree: FileTree, path: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    const [facts, text] = await Promise.all([
      tree.stat(path, signal),
      unlessRefused(tree.readText(names.version(path), signal)),
    ])
    if (facts === undefined) return undefined
    return { version: versionOf(text, facts), size: facts.size, etag: facts.stamp }
  }

  /**
   * Makes sure that nobody has written since `previous`, and that no note says of the next file what is true of the one
   * before.
   * @param written undefined when the file is written in place: then its stamp is not known yet
   */
  async function makeWay(
    tree: FileTree,
    path: string,
    previous: StoredObject | undefined,
    written: FileFacts | undefined,
    signal: AbortSignal,
  ): Promise<{ replaces: boolean; state: NoteState }> {
    const note = names.version(path)
    const [current, noted] = await Promise.all([tree.stat(path, signal), tree.stat(note, signal)])
    if (!isExpected(current, previous)) throw changed(path)
    const replaces = current !== undefined
    if (noted === undefined) return { replaces, state: 'gone' }
    try {
      await tree.remove(note, signal)
      return { replaces, state: 'gone' }
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown
    }
    try {
      await tree.writeOver(note, once(unknownVersion), signal)
      return { replaces, state: 'emptied' }
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown
    }
    // The old note stays, and must not fit the new file by chance.
    const text = await unlessRefused(tree.readText(note, signal))
    if (text !== undefined && (written === undefined || versionOf(text, written) !== undefined))
      throw changed(path)
    return { replaces, state: 'stays' }
  }

  async function noteVersion(
    tree: FileTree,
    path: string,
    version: string,
    file: FileFacts,
    state: NoteState,
    { logger }: CallContext,
  ): Promise<void> {
    const signal = AbortSignal.timeout(finishMs)
    const note = names.version(path)
    const text = `${JSON.stringify({ version, file: file.stamp })}\n`
    try {
      if (state === 'stays') return
      if (state === 'emptied') {
        // Who wrote in between has noted something else.
        const isOurs = (await tree.readText(note, signal)) === unknownVersion
        await tree.writeOver(note, once(isOurs ? text : unknownVersion), signal)
        return
      }
      if (await tree.writeText(note, text, signal)) return
      // Another process published at the same time, and it is unknown which file remains: no version is better than a
      // wrong one. The empty note stays, so that a third process that is late finds it, too, and writes no wrong version.
      do {
        signal.throwIfAborted()
        await tree.remove(note, signal)
      } while (!(await tree.writeText(note, unknownVersion, signal)))
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown
      // The file has arrived.
      if (!warned) logger.warn(`the version of a file could not be noted: ${thrown.message}`)
      warned = true
    }
  }

  /** The names of the app's own files are reserved, so a key must not be one. */
  function checkedPath(key: string): string {
    const wrong = key
      .split('/')
      .some((segment) => segment === '' || names.isReserved(segment) || segment.includes('\0'))
    if (wrong) throw permanentError('KEY_REFUSED', `${shown(key, 200)} cannot be the name of a file`)
    trigger?.check(key)
    return key
  }
}

/** What became of the note of the file before: none is there, an empty one, or it could not be touched. */
type NoteState = 'gone' | 'emptied' | 'stays'

type Published = { file: FileFacts; note: NoteState }

/** Whether the tree says that it will not do so, rather than that something went wrong. */
const isRefused = (thrown: unknown): thrown is BridgeError =>
  thrown instanceof BridgeError && thrown.failureClass !== 'transient'

async function unlessRefused(text: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await text
  } catch (thrown) {
    if (isRefused(thrown)) return undefined
    throw thrown
  }
}

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

function versionOf(text: string | undefined, file: FileFacts): string | undefined {
  const note = text === undefined ? undefined : parseJson(text)
  if (!isRecord(note) || typeof note.version !== 'string' || note.file !== file.stamp) return undefined
  return note.version
}

function isExpected(current: FileFacts | undefined, previous: StoredObject | undefined): boolean {
  if (current === undefined || previous === undefined) return current === undefined && previous === undefined
  return previous.etag === undefined ? previous.size === current.size : previous.etag === current.stamp
}

const changed = (path: string): BridgeError =>
  transientError('DESTINATION_CHANGED', `${path} has been changed by another writer since it was read`)
