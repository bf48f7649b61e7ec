import { type BigIntStats, constants } from 'node:fs'
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  opendir,
  realpath,
  rename,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import type { FileFacts, FileTree } from '../kit/file-tree'
import { folderOf } from '../kit/hidden-names'
import { leavesRoot, notAFile, systemCode, toFolderError } from './errors'
import { writeBlocks } from './writer'

const textBytes = 4_096
const maxListed = 20_000
/** What file systems without hard links answer to `link`. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES', 'EINVAL'])

/** The files below a folder of this machine. @param inputs prefix of the input that names it, for errors */
export function folderTree(root: string, { inputs }: { inputs: string }): FileTree {
  const full = (path: string): string => (path === '' ? root : join(root, ...path.split('/')))

  return {
    stat: (path) =>
      guarded(path, async () => {
        if (!(await isReachable(path))) return undefined
        return ifThere(async () => {
          const stats = await lstat(full(path), { bigint: true })
          if (stats.isDirectory()) throw notAFile(path)
          return factsOf(stats)
        })
      }),

    readText: (path) =>
      guarded(path, async () => {
        if (!(await isReachable(path))) return undefined
        return ifThere(() => firstText(full(path)))
      }),

    makeFolder: async (path) => {
      await guarded('', () => makeWithParents(root))
      await guarded(path, () => makeBelow(path))
    },

    writeNew: (path, chunks) =>
      guarded(path, () =>
        withFile(full(path), 'wx', async (handle) => {
          await writeBlocks(handle, chunks)
          await handle.sync()
          return factsOf(await handle.stat({ bigint: true }))
        }),
      ),

    writeOver: (path, chunks) =>
      guarded(path, () => {
        const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
        return withFile(full(path), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, async (handle) => {
          await writeBlocks(handle, chunks)
          await handle.sync()
          return factsOf(await handle.stat({ bigint: true }))
        })
      }),

    writeText: (path, text) =>
      guarded(path, () => unlessThere(() => withFile(full(path), 'wx', (handle) => handle.writeFile(text)))),

    replace: (from, to) =>
      guarded(to, async () => {
        await rename(full(from), full(to))
        await syncFolder(dirname(full(to)))
      }),

    place: (from, to) => guarded(to, () => place(full(from), full(to))),

    remove: (path) =>
      guarded(path, async () => {
        if (await isReachable(path)) await ifThere(() => unlink(full(path)))
      }),

    async *children(folder) {
      try {
        yield* children(full(folder))
      } catch (thrown) {
        if (systemCode(thrown) === 'ENOENT') return
        throw await toFolderError(thrown, { root, inputs }, folder)
      }
    },

    async *list(folder) {
      try {
        yield* files(full(folder))
      } catch (thrown) {
        throw await toFolderError(thrown, { root, inputs }, folder)
      }
    },
  }

  async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw await toFolderError(thrown, { root, inputs }, path)
    }
  }

  /** Tells whether the folder of a path exists; it must then be below the root, links followed. */
  async function isReachable(path: string): Promise<boolean> {
    const folder = full(folderOf(path))
    const place = await ifThere(() => realpath(folder))
    if (place === undefined) return false
    if (place !== (await realpath(root)) && !isBelow(place, await realpath(root)))
      throw leavesRoot(path, inputs)
    return true
  }

  /** One by one, since creating a path in one go would create it behind a link, too. */
  async function makeBelow(path: string): Promise<void> {
    if (path === '') return
    const known = await ifThere(() => realpath(full(path)))
    if (known === undefined) {
      await makeBelow(folderOf(path))
      await unlessThere(() => mkdir(full(path)))
    }
    const place = known ?? (await realpath(full(path)))
    if (!isBelow(place, await realpath(root))) throw leavesRoot(path, inputs)
    if (!(await stat(place)).isDirectory()) throw notAFile(path)
  }
}

const isBelow = (place: string, root: string): boolean =>
  place.startsWith(root.endsWith(sep) ? root : root + sep)

/** The inode tells files apart that live at the same time, the nanoseconds those that do not. */
const factsOf = (stats: BigIntStats): FileFacts => ({
  size: Number(stats.size),
  stamp: `${stats.ino}-${stats.size}-${stats.mtimeNs}`,
  modifiedMs: Number(stats.mtimeMs),
})

/**
 * Creates folders one by one: Node's recursive `mkdir` never ends below a folder that takes none, such as `/proc`.
 */
async function makeWithParents(place: string): Promise<void> {
  if ((await ifThere(() => stat(place))) !== undefined) return
  if (dirname(place) !== place) await makeWithParents(dirname(place))
  await unlessThere(() => mkdir(place))
}

async function firstText(path: string): Promise<string> {
  return withFile(path, constants.O_RDONLY | constants.O_NOFOLLOW, async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(textBytes), 0, textBytes, 0)
    return buffer.toString('utf8', 0, bytesRead)
  })
}

/** Only a hard link gives a file a name without overwriting an existing file. */
async function place(from: string, to: string): Promise<boolean> {
  try {
    if (!(await unlessThere(() => link(from, to)))) return false
    await unlink(from)
  } catch (thrown) {
    if (!withoutLinks.has(systemCode(thrown) ?? '')) throw thrown
    if ((await ifThere(() => lstat(to))) !== undefined) return false
    await rename(from, to)
  }
  await syncFolder(dirname(to))
  return true
}

/** Flushes the folder, so that a rename survives a power cut. Some file systems do not support this. */
async function syncFolder(path: string): Promise<void> {
  try {
    await withFile(path, 'r', (handle) => handle.sync())
  } catch (thrown) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'EACCES', 'ENOTSUP'].includes(systemCode(thrown) ?? '')) throw thrown
  }
}

async function* children(folder: string): AsyncGenerator<{ name: string; isFolder: boolean }> {
  for await (const entry of await opendir(folder)) {
    if (entry.isFile() || entry.isDirectory()) yield { name: entry.name, isFolder: entry.isDirectory() }
  }
}

async function* files(folder: string): AsyncGenerator<{ name: string; modifiedMs: number }> {
  let listed = 0
  for await (const entry of await opendir(folder)) {
    if (++listed > maxListed) return
    if (!entry.isFile() || !entry.name.startsWith('.')) continue
    const stats = await ifThere(() => lstat(join(folder, entry.name)))
    if (stats !== undefined) yield { name: entry.name, modifiedMs: stats.mtimeMs }
  }
}

async function withFile<T>(
  path: string,
  flags: string | number,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(path, flags)
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

async function ifThere<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

async function unlessThere(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return false
    throw thrown
  }
}
