import { folderOf } from '../hidden-names'
import { sftpStatus, statusOf, wrongKind } from './errors'
import type { SftpSession } from './session'

/** The folders below the root of a server, as far as files need them. */
export type Folders = {
  /** Makes a folder, with those above it, unless it is known to exist. */
  make(path: string, signal: AbortSignal): Promise<void>
  /** Nothing is known to exist any more: another program may have removed it. */
  forget(): void
}

const maxKnown = 10_000

/**
 * Creates them.
 * @param parts.known is shared by all connections to the server
 * @param parts.full the server's path
 * @param parts.guarded turns the errors of a step at this path into those of the app
 */
export function createFolders(
  session: SftpSession,
  {
    known,
    full,
    guarded,
  }: {
    known: Set<string>
    full: (path: string) => string
    guarded: <T>(path: string, signal: AbortSignal, work: () => Promise<T>, right?: 'folder') => Promise<T>
  },
): Folders {
  return { make, forget: () => known.clear() }

  async function make(path: string, signal: AbortSignal): Promise<void> {
    if (known.has(path)) return
    if (known.size >= maxKnown) known.clear()
    if (path === '') await guarded(path, signal, () => ensure(full(''), signal))
    else if (!(await guarded(path, signal, () => isFolder(full(path), signal)))) {
      await make(folderOf(path), signal)
      await guarded(path, signal, () => create(full(path), signal), 'folder')
    }
    known.add(path)
  }

  /** With those above it. */
  async function ensure(place: string, signal: AbortSignal): Promise<void> {
    if (await isFolder(place, signal)) return
    if (folderOf(place) !== '') await ensure(folderOf(place), signal)
    await create(place, signal)
  }

  async function create(place: string, signal: AbortSignal): Promise<void> {
    try {
      await session.mkdir(place, signal)
    } catch (thrown) {
      // Another process created it first.
      if (statusOf(thrown) === undefined || !(await isFolder(place, signal))) throw thrown
    }
  }

  async function isFolder(place: string, signal: AbortSignal): Promise<boolean> {
    const stats = await session.stat(place, signal).catch((thrown: unknown) => {
      // ProFTPD counts it as reading. What a link leads to stays unknown then.
      if (statusOf(thrown) === sftpStatus.permissionDenied) return session.lstat(place, signal)
      throw thrown
    })
    if (stats !== undefined && !stats.isDirectory() && !stats.isSymbolicLink()) throw wrongKind(place)
    return stats !== undefined
  }
}
