import type { CallContext } from '../../core/call-context'
import { type BridgeError, permanentError, transientError } from '../../core/errors'
import { isRecord, parseJson } from '../../core/json'
import { shown } from '../../core/shown'
import type { AssetBinary, Destination, StoredObject } from '../../plugin/destination'
import { checkTree, type TreeCheckRules, type UseTree } from './check-tree'
import type { FileFacts, FileTree } from './file-tree'
import { folderOf, isTemporaryName, temporaryPath, versionPath } from './hidden-names'
import { sourceChunks } from './source-chunks'
import type { Trigger } from './trigger'

const staleMs = 24 * 60 * 60 * 1000
const cleanUpMs = 2_000
const finishMs = 10_000
const maxRemembered = 1_000
const unknownVersion = '{}\n'
/** The temporary files that this process is writing, whatever destination they belong to. */
const ownTemporaries = new Set<string>()

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
 */
export function treeDestination(
  name: string,
  use: UseTree,
  { trigger, ...checkRules }: Omit<TreeCheckRules, 'hasTrigger'> & { trigger?: Trigger | undefined },
): Destination {
  const cleared = new Set<string>()

  return {
    name,
    head: async (key, call) => {
      const path = checkedPath(key, trigger)
      return use(call, (tree) => head(tree, path, call.signal))
    },
    put: async (key, source, { previous }, call) => {
      const path = checkedPath(key, trigger)
      return use(call, (tree) => put(tree, path, source, previous, call))
    },
    remove: async (key, call) => {
      const path = checkedPath(key, trigger)
      const { signal } = call
      await use(call, async (tree) => {
        await trigger?.withdraw(tree, path, signal)
        await tree.remove(versionPath(path), signal)
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
    const temporary = temporaryPath(path)
    ownTemporaries.add(temporary)
    try {
      const written = await tree.writeNew(temporary, sourceChunks(source, call), signal)
      await publish(tree, temporary, path, previous, signal)
      // The file is published already, so this step ignores the time limit.
      const finish = AbortSignal.timeout(finishMs)
      await trigger?.give(tree, path, finish)
      await noteVersion(tree, path, source.version, written, finish)
      return { version: source.version, size: written.size, etag: written.stamp }
    } catch (thrown) {
      await tree.remove(temporary, AbortSignal.timeout(cleanUpMs)).catch(() => undefined)
      throw thrown
    } finally {
      ownTemporaries.delete(temporary)
    }
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
        if (isTemporaryName(one) && !ownTemporaries.has(path)) found.push({ path, modifiedMs })
      }
      if (found.length === 0) return
      const now = await timeOf(tree, folder, signal)
      for (const { path, modifiedMs } of found) {
        if (now - modifiedMs > staleMs) await tree.remove(path, signal)
      }
    } catch {
      signal.throwIfAborted()
    }
  }
}

/**
 * What time it is by the clock that dates the files: ours may be a day ahead of it.
 * @throws {BridgeError} when the tree takes no file there
 */
async function timeOf(tree: FileTree, folder: string, signal: AbortSignal): Promise<number> {
  const probe = temporaryPath(folder === '' ? 'clock' : `${folder}/clock`)
  await tree.writeText(probe, '\n', signal)
  const facts = await tree.stat(probe, signal)
  await tree.remove(probe, signal)
  return facts?.modifiedMs ?? 0
}

async function head(tree: FileTree, path: string, signal: AbortSignal): Promise<StoredObject | undefined> {
  const [facts, text] = await Promise.all([tree.stat(path, signal), tree.readText(versionPath(path), signal)])
  if (facts === undefined) return undefined
  return { version: versionOf(text, facts), size: facts.size, etag: facts.stamp }
}

async function publish(
  tree: FileTree,
  temporary: string,
  path: string,
  previous: StoredObject | undefined,
  signal: AbortSignal,
): Promise<void> {
  const current = await tree.stat(path, signal)
  if (!isExpected(current, previous)) throw changed(path)
  await tree.remove(versionPath(path), signal)
  signal.throwIfAborted()
  if (current !== undefined) await tree.replace(temporary, path, signal)
  else if (!(await tree.place(temporary, path, signal))) throw changed(path)
}

async function noteVersion(
  tree: FileTree,
  path: string,
  version: string,
  file: FileFacts,
  signal: AbortSignal,
): Promise<void> {
  const text = `${JSON.stringify({ version, file: file.stamp })}\n`
  if (await tree.writeText(versionPath(path), text, signal)) return
  // Another process published at the same time, and it is unknown which file remains: no version is better than a
  // wrong one. The empty note stays, so that a third process that is late finds it, too, and writes no wrong version.
  do {
    signal.throwIfAborted()
    await tree.remove(versionPath(path), signal)
  } while (!(await tree.writeText(versionPath(path), unknownVersion, signal)))
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

/** Hidden names are our own, so a key must not be one. */
function checkedPath(key: string, trigger: Trigger | undefined): string {
  const wrong = key
    .split('/')
    .some((segment) => segment === '' || segment.startsWith('.') || segment.includes('\0'))
  if (wrong) throw permanentError('KEY_REFUSED', `${shown(key, 200)} cannot be the name of a file`)
  trigger?.check(key)
  return key
}
