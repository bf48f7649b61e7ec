import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { permanentError } from '../../core/errors'
import { shown } from '../../core/shown'
import type { AssetBinary, Destination, StoredObject } from '../../plugin/destination'
import { checkTree, type TreeCheckRules, type UseTree } from './check-tree'
import type { FileFacts, FileTree } from './file-tree'
import { folderOf, ownNames } from './hidden-names'
import { sourceChunks } from './source-chunks'
import { createTemporaries } from './temporaries'
import { listTree } from './tree-list'
import { changedMeanwhile, isRefused } from './tree-refusal'
import type { Trigger } from './trigger'
import { createVersionNotes, type NoteState, type Published, versionOf } from './version-notes'

const cleanUpMs = 2_000
const finishMs = 10_000

/** A put. */
type Task = {
  tree: FileTree
  path: string
  source: AssetBinary
  previous: StoredObject | undefined
  call: CallContext
}

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
  const temporaries = createTemporaries(names, clock)
  const notes = createVersionNotes(names)
  /** Whether a rename changes the time of a file. */
  let movesTimes: Promise<boolean> | undefined

  return {
    name,
    head: async (key, call) => {
      const path = checkedPath(key)
      return use(call, (tree) => head(tree, path, call.signal))
    },
    put: async (key, source, { previous }, call) => {
      const path = checkedPath(key)
      return use(call, (tree) => put({ tree, path, source, previous, call }))
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
    list: (options, call) => listTree({ use, names, notes }, options, call),
    check: (call) => checkTree(use, { ...checkRules, hasTrigger: trigger !== undefined }, call),
  }

  async function put(task: Task): Promise<StoredObject> {
    const { tree, path, source, call } = task
    const { signal } = call
    signal.throwIfAborted()
    const folder = folderOf(path)
    await tree.makeFolder(folder, signal)
    await temporaries.clearStale(tree, folder, signal)
    const published = await (inPlace ? writeInPlace(task) : writeAndRename(task))
    const { file } = published
    // The file is published already, so this step ignores the time limit.
    const finish = AbortSignal.timeout(finishMs)
    await trigger?.give(tree, path, finish)
    await notes.write(tree, path, source, published, call)
    return { version: source.version, size: file.size, etag: file.stamp }
  }

  async function writeAndRename({ tree, path, source, previous, call }: Task): Promise<Published> {
    const { signal } = call
    const { temporary, isLeft } = temporaries.take(path)
    try {
      const chunks = sourceChunks(source, call)
      const written = await (isLeft
        ? tree.writeOver(temporary, chunks, signal)
        : tree.writeNew(temporary, chunks, signal))
      const note = await makeWay(tree, path, previous, written, signal)
      signal.throwIfAborted()
      if (note.replaces) await tree.replace(temporary, path, signal)
      else if (!(await tree.place(temporary, path, signal))) throw changedMeanwhile(path)
      return { file: await publishedFile(tree, path, written), note: note.state }
    } catch (thrown) {
      await tree.remove(temporary, AbortSignal.timeout(cleanUpMs)).catch((refusal: unknown) => {
        if (isRefused(refusal)) temporaries.keep(temporary)
      })
      throw thrown
    } finally {
      temporaries.release(temporary)
    }
  }

  async function writeInPlace({ tree, path, source, previous, call }: Task): Promise<Published> {
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
    movesTimes ??= temporaries.timesMove(tree, folderOf(path)).catch(() => false)
    return (await movesTimes) ? found : written
  }

  async function head(tree: FileTree, path: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    const [facts, text] = await Promise.all([tree.stat(path, signal), notes.read(tree, path, signal)])
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
    const [current, noted] = await Promise.all([
      tree.stat(path, signal),
      tree.stat(names.version(path), signal),
    ])
    if (!isExpected(current, previous)) throw changedMeanwhile(path)
    const state = noted === undefined ? 'gone' : await notes.clear(tree, path, written, signal)
    return { replaces: current !== undefined, state }
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

function isExpected(current: FileFacts | undefined, previous: StoredObject | undefined): boolean {
  if (current === undefined || previous === undefined) return current === undefined && previous === undefined
  return previous.etag === undefined ? previous.size === current.size : previous.etag === current.stamp
}
