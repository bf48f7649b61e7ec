import type { CallContext } from '../../core/call-context'
import type { ListedObject, ListOptions } from '../../plugin/destination'
import type { UseTree } from './check-tree'
import type { FileTree } from './file-tree'
import type { OwnNames } from './hidden-names'
import { compareKeys } from './key-order'
import { unlessRefused } from './tree-refusal'
import { notedOf, type VersionNotes } from './version-notes'

/** What a tree is listed with. */
export type TreeListParts = { use: UseTree; names: OwnNames; notes: VersionNotes }

/** Files that are looked at with one loan of the tree. */
const batchSize = 32

/**
 * The files of a tree that the bridge put there: those with a note that tells of the very file. One folder's names are
 * held at a time, and those of the folders above it.
 */
export async function* listTree(
  parts: TreeListParts,
  { prefix = '', after = '' }: ListOptions,
  call: CallContext,
): AsyncGenerator<ListedObject> {
  const { use, names, notes } = parts
  yield* below('')

  async function* below(folder: string): AsyncGenerator<ListedObject> {
    let batch: string[] = []
    for (const path of await wanted(folder)) {
      const isFolder = path.endsWith('/')
      if (!isFolder) batch.push(path)
      if (isFolder || batch.length >= batchSize) {
        yield* await look(batch)
        batch = []
      }
      if (isFolder) yield* below(path.slice(0, -1))
    }
    yield* await look(batch)
  }

  /** The paths in a folder that are to be looked at, in the order of the keys; those of folders end in `/`. */
  async function wanted(folder: string): Promise<readonly string[]> {
    const begin = folder === '' ? '' : `${folder}/`
    const all: string[] = []
    const files = new Set<string>()
    call.signal.throwIfAborted()
    await use(call, async (tree) => {
      for await (const { name, isFolder } of tree.children(folder, call.signal)) {
        if (!isFolder) files.add(begin + name)
        else if (!names.isReserved(name)) all.push(`${begin}${name}/`)
      }
    })
    for (const path of files) {
      const isOwn = names.isReserved(path.slice(begin.length))
      if (!isOwn && files.has(names.version(path))) all.push(path)
    }
    return all.filter(isWanted).sort(compareKeys)
  }

  /** Of a folder, whether there may be something below it. */
  function isWanted(path: string): boolean {
    if (!path.endsWith('/')) return path.startsWith(prefix) && compareKeys(path, after) > 0
    const mayMatch = path.startsWith(prefix) || prefix.startsWith(path)
    return mayMatch && (after.startsWith(path) || compareKeys(path, after) > 0)
  }

  async function look(paths: readonly string[]): Promise<readonly ListedObject[]> {
    call.signal.throwIfAborted()
    if (paths.length === 0) return []
    const found = await use(call, (tree) => Promise.all(paths.map((path) => lookAt(tree, path))))
    return found.filter((listed) => listed !== undefined)
  }

  async function lookAt(tree: FileTree, path: string): Promise<ListedObject | undefined> {
    const { signal } = call
    // What has become a folder meanwhile is refused.
    const [facts, text] = await Promise.all([
      unlessRefused(tree.stat(path, signal)),
      notes.read(tree, path, signal),
    ])
    const noted = facts && notedOf(text, facts)
    if (facts === undefined || noted === undefined) return undefined
    const { version, assetId } = noted
    return {
      key: path,
      version,
      size: facts.size,
      etag: facts.stamp,
      ...(assetId === undefined ? {} : { assetId }),
    }
  }
}
