import { BridgeError, transientError } from '../../../core/errors'
import type { FileFacts, FileTree } from '../file-tree'
import { folderOf, temporaryPath } from '../hidden-names'
import {
  connectionLost,
  rootUnusable,
  sftpStatus,
  statusOf,
  toSftpError,
  writeFailed,
  wrongKind,
} from './errors'
import type { SftpSession } from './session'
import { writeWindowed } from './writer'

/** What all connections to one server share. */
export type SftpServer = {
  /** The server's path of the root. */
  root: string
  /** Prefix of the inputs, for errors. */
  inputs: string
  /** Folders that are known to exist. */
  folders: Set<string>
  /** Called when the server cannot rename over a file in one step. */
  warnOfGap(): void
}

const textBytes = 4_096
const maxListings = 20
const maxFolders = 10_000

/** The files below the root of an SFTP server, by one connection. */
export function sftpTree(session: SftpSession, server: SftpServer): FileTree {
  const { root, inputs, folders, warnOfGap } = server
  const full = (path: string): string => (path === '' ? root : `${root === '/' ? '' : root}/${path}`)

  return {
    stat: (path, signal) => guarded(path, signal, () => stat(path, signal)),
    readText: (path, signal) => guarded(path, signal, () => session.readText(full(path), textBytes, signal)),
    makeFolder,

    writeNew: (path, chunks, signal) =>
      guarded(path, signal, async () => {
        const size = await inItsFolder(path, signal, () => write(path, chunks, signal, 'flushed'))
        const facts = await stat(path, signal)
        if (facts?.size === size) return facts
        throw transientError(
          'SFTP_CUT',
          `the SFTP server holds ${facts?.size ?? 'no'} bytes of ${path}, not ${size}`,
          {
            upstream: 'SFTP',
          },
        )
      }),

    writeText: (path, text, signal) =>
      guarded(path, signal, async () => {
        try {
          await write(path, once(Buffer.from(text)), signal, 'unflushed')
          return true
        } catch (thrown) {
          if (statusOf(thrown) !== undefined && (await stat(path, signal)) !== undefined) return false
          throw thrown
        }
      }),

    replace: (from, to, signal) =>
      guarded(to, signal, async () => {
        if (await session.renameOver(full(from), full(to), signal)) return
        warnOfGap()
        signal.throwIfAborted()
        // Between the two steps there is no file: once begun, they are finished even after the time limit.
        const { signal: unstoppable } = new AbortController()
        await session.unlink(full(to), unstoppable)
        await session.rename(full(from), full(to), unstoppable)
      }),

    place: (from, to, signal) =>
      guarded(to, signal, async () => {
        try {
          await session.rename(full(from), full(to), signal)
          return true
        } catch (thrown) {
          if (statusOf(thrown) === undefined) throw thrown
          if ((await stat(to, signal)) !== undefined) return false
          // A server whose file system has no hard links fails on a rename that must not overwrite.
          if (await session.renameOver(full(from), full(to), signal)) return true
          throw thrown
        }
      }),

    remove: (path, signal) =>
      guarded(path, signal, async () => {
        await session.unlink(full(path), signal)
      }),

    async *list(folder, signal) {
      try {
        for await (const { filename, attrs } of session.list(full(folder), maxListings, signal)) {
          if (filename.startsWith('.') && attrs.isFile())
            yield { name: filename, modifiedMs: attrs.mtime * 1000 }
        }
      } catch (thrown) {
        throw await classified(thrown, folder, signal)
      }
    },
  }

  async function stat(path: string, signal: AbortSignal): Promise<FileFacts | undefined> {
    const stats = await session.lstat(full(path), signal)
    if (stats === undefined) return undefined
    if (stats.isDirectory()) throw wrongKind(path)
    return { size: stats.size, stamp: `${stats.size}-${stats.mtime}`, modifiedMs: stats.mtime * 1000 }
  }

  async function write(
    path: string,
    chunks: AsyncIterable<Buffer>,
    signal: AbortSignal,
    kind: 'flushed' | 'unflushed',
  ): Promise<number> {
    let created = false
    try {
      return await session.create(full(path), signal, async (handle) => {
        created = true
        const size = await writeWindowed(session.connection, handle, chunks, signal)
        if (kind === 'flushed') await session.flush(handle, signal)
        return size
      })
    } catch (thrown) {
      // Not a failure of the file: its temporary name was taken.
      if (created && statusOf(thrown) === sftpStatus.failure)
        throw writeFailed(path, sftpStatus.failure, thrown)
      throw thrown
    }
  }

  /** Another program may have removed a folder that was known to exist. */
  async function inItsFolder<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      if (statusOf(thrown) !== sftpStatus.noSuchFile) throw thrown
      folders.clear()
      await makeFolder(folderOf(path), signal)
      return work()
    }
  }

  async function makeFolder(path: string, signal: AbortSignal): Promise<void> {
    if (folders.has(path)) return
    if (folders.size >= maxFolders) folders.clear()
    if (path === '') await guarded(path, signal, () => ensureFolder(root, signal))
    else if (!(await guarded(path, signal, () => isFolder(full(path), signal)))) {
      await makeFolder(folderOf(path), signal)
      await guarded(path, signal, () => createFolder(full(path), signal))
    }
    folders.add(path)
  }

  /** With those above it. */
  async function ensureFolder(place: string, signal: AbortSignal): Promise<void> {
    if (await isFolder(place, signal)) return
    if (folderOf(place) !== '') await ensureFolder(folderOf(place), signal)
    await createFolder(place, signal)
  }

  async function createFolder(place: string, signal: AbortSignal): Promise<void> {
    try {
      await session.mkdir(place, signal)
    } catch (thrown) {
      // Another process created it first.
      if (statusOf(thrown) === undefined || !(await isFolder(place, signal))) throw thrown
    }
  }

  async function isFolder(place: string, signal: AbortSignal): Promise<boolean> {
    const stats = await session.stat(place, signal)
    if (stats !== undefined && !stats.isDirectory()) throw wrongKind(place)
    return stats !== undefined
  }

  async function guarded<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw await classified(thrown, path, signal)
    }
  }

  async function classified(thrown: unknown, path: string, signal: AbortSignal): Promise<unknown> {
    const status = statusOf(thrown)
    if (path === '' && (status !== undefined || isPermanent(thrown)))
      return rootUnusable(inputs, status, thrown)
    if (status === undefined) {
      // An error of the library itself means that the connection is closed.
      return thrown instanceof BridgeError || signal.aborted ? thrown : connectionLost()
    }
    folders.clear()
    if (status === sftpStatus.noConnection || status === sftpStatus.connectionLost) session.connection.close()
    else if (status !== sftpStatus.noSuchFile && !(await takesFiles(signal)))
      return rootUnusable(inputs, status, thrown)
    return toSftpError(status, path, thrown)
  }

  /** Checks the root: a status alone does not show whether the file or the root is at fault. */
  async function takesFiles(signal: AbortSignal): Promise<boolean> {
    const probe = full(temporaryPath('probe'))
    try {
      await session.create(probe, signal, async () => undefined)
      await session.unlink(probe, signal)
      return true
    } catch (thrown) {
      return statusOf(thrown) === undefined
    }
  }
}

const isPermanent = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.failureClass === 'permanent'

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
