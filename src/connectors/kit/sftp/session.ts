import type { FileEntryWithStats, Stats } from 'ssh2'
import { BridgeError } from '../../../core/errors'
import type { SftpConnection } from './connection'
import { connectionLost, sftpStatus, statusOf } from './errors'

/** The requests of SFTP that a tree of files needs, with absent files as `undefined`. Paths are the server's. */
export type SftpSession = ReturnType<typeof sftpSession>

const endOfFile = 1
const closeMs = 2_000

/** Puts promises over the library's callbacks. Errors are those of `SftpConnection.request`. */
export function sftpSession(connection: SftpConnection) {
  return {
    connection,

    /** Links followed. */
    stat: (path: string, signal: AbortSignal) =>
      ifThere(() => connection.request<Stats>(signal, (sftp, done) => sftp.stat(path, done))),

    /** Links not followed. */
    lstat: (path: string, signal: AbortSignal) =>
      ifThere(() => connection.request<Stats>(signal, (sftp, done) => sftp.lstat(path, done))),

    mkdir: (path: string, signal: AbortSignal) =>
      connection.request(signal, (sftp, done) => sftp.mkdir(path, done)),

    rmdir: (path: string, signal: AbortSignal) =>
      connection.request(signal, (sftp, done) => sftp.rmdir(path, done)),

    unlink: (path: string, signal: AbortSignal) =>
      ifThere(() => connection.request(signal, (sftp, done) => sftp.unlink(path, done))),

    /** Fails where something is, as a rule. */
    rename: (from: string, to: string, signal: AbortSignal) =>
      connection.request(signal, (sftp, done) => sftp.rename(from, to, done)),

    /** In one step over what is there; false when the server cannot. */
    renameOver: (from: string, to: string, signal: AbortSignal) =>
      ifSupported(() => connection.request(signal, (sftp, done) => sftp.ext_openssh_rename(from, to, done))),

    /** To the server's disk; false when the server cannot. */
    flush: (handle: Buffer, signal: AbortSignal) =>
      ifSupported(() => connection.request(signal, (sftp, done) => sftp.ext_openssh_fsync(handle, done))),

    /** Creates a file where nothing is, or with `w` over what is there, and closes it after the work. */
    create: async <T>(
      path: string,
      signal: AbortSignal,
      work: (handle: Buffer) => Promise<T>,
      flags: 'wx' | 'w' = 'wx',
    ): Promise<T> => {
      const handle = await opened(path, flags, signal)
      let result: T
      try {
        result = await work(handle)
      } catch (thrown) {
        letGo(handle)
        throw thrown
      }
      await connection.request(signal, (sftp, done) => sftp.close(handle, done))
      return result
    },

    /** The begin of a file, as text. */
    readText: (path: string, length: number, signal: AbortSignal) =>
      ifThere(async () => {
        const handle = await opened(path, 'r', signal)
        try {
          const buffer = Buffer.alloc(length)
          const count = await connection.request<number>(signal, (sftp, done) =>
            sftp.read(handle, buffer, 0, length, 0, (error, read) => done(unlessAtEnd(error), read)),
          )
          return buffer.toString('utf8', 0, count ?? 0)
        } finally {
          letGo(handle)
        }
      }),

    /** What is in a folder, as far as so many answers of the server's hold it. */
    async *list(path: string, answers: number, signal: AbortSignal): AsyncGenerator<FileEntryWithStats> {
      const handle = await connection.request<Buffer>(signal, (sftp, done) => sftp.opendir(path, done))
      if (handle === undefined) return
      try {
        for (let answer = 0; answer < answers; answer++) {
          const entries = await connection.request<FileEntryWithStats[]>(signal, (sftp, done) =>
            sftp.readdir(handle, (error, found) => done(unlessAtEnd(error), error ? [] : found)),
          )
          if (entries === undefined || entries.length === 0) return
          yield* entries
        }
      } finally {
        letGo(handle)
      }
    },
  }

  async function opened(path: string, flags: 'r' | 'wx' | 'w', signal: AbortSignal): Promise<Buffer> {
    const handle = await connection.request<Buffer>(signal, (sftp, done) => sftp.open(path, flags, done))
    if (handle === undefined) throw connectionLost()
    return handle
  }

  /** Closes without waiting, since the work is over. */
  function letGo(handle: Buffer): void {
    connection
      .request(AbortSignal.timeout(closeMs), (sftp, done) => sftp.close(handle, done))
      .catch(() => undefined)
  }
}

const unlessAtEnd = (error: unknown): unknown => (statusOf(error) === endOfFile ? undefined : error)

async function ifThere<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (thrown) {
    if (statusOf(thrown) === sftpStatus.noSuchFile) return undefined
    throw thrown
  }
}

async function ifSupported(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (thrown) {
    if (statusOf(thrown) === sftpStatus.unsupported) return false
    // The library throws this by itself when the server has not announced the extension.
    const unannounced = statusOf(thrown) === undefined && !(thrown instanceof BridgeError)
    if (unannounced && String(thrown).includes('does not support')) return false
    throw thrown
  }
}
