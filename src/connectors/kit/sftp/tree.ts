import type { Clock } from '../../../core/clock'
import { BridgeError, transientError } from '../../../core/errors'
import type { FileFacts, FileTree } from '../file-tree'
import { folderOf, type OwnNames } from '../hidden-names'
import { oneChunk } from '../one-chunk'
import { createFaultFinder, type KnownRights } from './account-fault'
import {
  connectionLost,
  notAllowed,
  rootUnusable,
  type SftpRight,
  sftpStatus,
  statusOf,
  toSftpError,
  writeFailed,
  wrongKind,
} from './errors'
import { createFolders } from './folders'
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
  /** What the app's own files are called. */
  names: OwnNames
  clock: Pick<Clock, 'now'>
  known: KnownRights
  /** Called when the server cannot rename over a file in one step. */
  warnOfGap(): void
}

const textBytes = 4_096
const maxListings = 20

/** The files below the root of an SFTP server, by one connection. */
export function sftpTree(session: SftpSession, server: SftpServer): FileTree {
  const { root, inputs, warnOfGap } = server
  const full = (path: string): string => (path === '' ? root : `${root === '/' ? '' : root}/${path}`)
  const accountsFault = createFaultFinder(session, full, server)
  const folders = createFolders(session, { known: server.folders, full, guarded })

  return {
    stat: (path, signal) => guarded(path, signal, () => stat(path, signal), 'look'),
    readText: (path, signal) =>
      guarded(path, signal, () => session.readText(full(path), textBytes, signal), 'read'),
    makeFolder: folders.make,
    writeNew: (path, chunks, signal) => guarded(path, signal, () => writeWhole(path, chunks, signal, 'wx')),
    writeOver: (path, chunks, signal) =>
      guarded(path, signal, async () => {
        const stats = await session.lstat(full(path), signal)
        if (stats !== undefined && !stats.isFile()) throw wrongKind(path)
        return writeWhole(path, chunks, signal, 'w')
      }),

    writeText: (path, text, signal) =>
      guarded(path, signal, async () => {
        try {
          await write(path, oneChunk(text), signal, 'wx', 'unflushed')
          return true
        } catch (thrown) {
          if (statusOf(thrown) !== undefined && (await stat(path, signal)) !== undefined) return false
          throw thrown
        }
      }),

    replace: (from, to, signal) =>
      guarded(
        to,
        signal,
        async () => {
          if (await session.renameOver(full(from), full(to), signal)) return
          if (await renamesOver(from, to, signal)) return
          warnOfGap()
          signal.throwIfAborted()
          // Between the two steps there is no file: once begun, they are finished even after the time limit.
          const { signal: unstoppable } = new AbortController()
          await session.unlink(full(to), unstoppable)
          await session.rename(full(from), full(to), unstoppable)
        },
        'rename',
      ),

    place: (from, to, signal) =>
      guarded(
        to,
        signal,
        async () => {
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
        },
        'rename',
      ),

    remove: (path, signal) =>
      guarded(
        path,
        signal,
        async () => {
          try {
            await session.unlink(full(path), signal)
          } catch (thrown) {
            // Who may not delete is told so even of a file that is not there.
            const isDenied = statusOf(thrown) === sftpStatus.permissionDenied
            if (!isDenied || (await session.lstat(full(path), signal)) !== undefined) throw thrown
          }
        },
        'delete',
      ),

    async *children(folder, signal) {
      try {
        for await (const { filename: name, attrs } of session.list(
          full(folder),
          Number.POSITIVE_INFINITY,
          signal,
        )) {
          const isFolder = attrs.isDirectory()
          if (name !== '.' && name !== '..' && (isFolder || attrs.isFile())) yield { name, isFolder }
        }
      } catch (thrown) {
        if (statusOf(thrown) === sftpStatus.noSuchFile) return
        throw await classified(thrown, folder, signal, 'read')
      }
    },

    async *list(folder, signal) {
      try {
        for await (const { filename, attrs } of session.list(full(folder), maxListings, signal)) {
          if (attrs.isFile()) yield { name: filename, modifiedMs: attrs.mtime * 1000 }
        }
      } catch (thrown) {
        throw await classified(thrown, folder, signal)
      }
    },
  }

  /** Some servers without the extension rename over what is there all the same, MySecureShell 2.0 among them. */
  async function renamesOver(from: string, to: string, signal: AbortSignal): Promise<boolean> {
    try {
      await session.rename(full(from), full(to), signal)
      return true
    } catch (thrown) {
      const status = statusOf(thrown)
      if (status === undefined || status === sftpStatus.noSuchFile) throw thrown
      if (status !== sftpStatus.permissionDenied) return false
      // Servers on Windows refuse so what is in the way. Who may not rename at all must not begin with a deletion.
      if ((await accountsFault(status, 'rename', thrown)) !== undefined) throw thrown
      return false
    }
  }

  async function stat(path: string, signal: AbortSignal): Promise<FileFacts | undefined> {
    const stats = await session.lstat(full(path), signal)
    if (stats === undefined) return undefined
    if (stats.isDirectory()) throw wrongKind(path)
    return { size: stats.size, stamp: `${stats.size}-${stats.mtime}`, modifiedMs: stats.mtime * 1000 }
  }

  async function writeWhole(
    path: string,
    chunks: AsyncIterable<Buffer>,
    signal: AbortSignal,
    flags: 'wx' | 'w',
  ): Promise<FileFacts> {
    const size = await inItsFolder(path, signal, () => write(path, chunks, signal, flags, 'flushed'))
    const facts = await stat(path, signal)
    if (facts?.size === size) return facts
    throw transientError(
      'SFTP_CUT',
      `the SFTP server holds ${facts?.size ?? 'no'} bytes of ${path}, not ${size}`,
      { upstream: 'SFTP' },
    )
  }

  async function write(
    path: string,
    chunks: AsyncIterable<Buffer>,
    signal: AbortSignal,
    flags: 'wx' | 'w',
    kind: 'flushed' | 'unflushed',
  ): Promise<number> {
    let created = false
    try {
      return await session.create(
        full(path),
        signal,
        async (handle) => {
          created = true
          const size = await writeWindowed(session.connection, handle, chunks, signal)
          if (kind === 'flushed') await session.flush(handle, signal)
          return size
        },
        flags,
      )
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
      folders.forget()
      await folders.make(folderOf(path), signal)
      return work()
    }
  }

  async function guarded<T>(
    path: string,
    signal: AbortSignal,
    work: () => Promise<T>,
    right?: SftpRight,
  ): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw await classified(thrown, path, signal, right)
    }
  }

  async function classified(
    thrown: unknown,
    path: string,
    signal: AbortSignal,
    right?: SftpRight,
  ): Promise<unknown> {
    const status = statusOf(thrown)
    if (path === '' && (status !== undefined || isPermanent(thrown)))
      return rootUnusable(inputs, status, thrown)
    if (status === undefined) {
      // An error of the library itself means that the connection is closed.
      return thrown instanceof BridgeError || signal.aborted ? thrown : connectionLost()
    }
    folders.forget()
    if (status === sftpStatus.noConnection || status === sftpStatus.connectionLost) session.connection.close()
    else if (status !== sftpStatus.noSuchFile) {
      if (right === 'read' && status === sftpStatus.permissionDenied) return notAllowed('read', inputs)
      return (await accountsFault(status, right, thrown)) ?? toSftpError(status, path, thrown)
    }
    return toSftpError(status, path, thrown)
  }
}

const isPermanent = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.failureClass === 'permanent'
