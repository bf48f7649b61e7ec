import type { Socket } from 'node:net'
import type { Client, SFTPWrapper } from 'ssh2'
import type { BridgeError } from '../../../core/errors'
import { startTimer, type Timer } from '../../../http/timer'
import { connectionLost, stalled } from './errors'
import { createWriteAt } from './write'

/** Starts one request and reports its end. */
export type SftpRequest<T> = (sftp: SFTPWrapper, done: (error: unknown, value?: T) => void) => void

/** One connection with one SFTP session. Requests may overlap. */
export type SftpConnection = {
  /**
   * Sends a request and waits for its answer.
   * @throws the server's status as the library's error; {BridgeError} transient when the connection breaks or the
   * server answers nothing for too long; the signal's reason
   */
  request<T>(signal: AbortSignal | undefined, start: SftpRequest<T>): Promise<T | undefined>
  /**
   * Writes the first bytes of a buffer at a position of an open file. The caller must not change the buffer until the
   * answer.
   * @throws as `request`
   */
  write(handle: Buffer, bytes: Buffer, length: number, position: number): Promise<unknown>
  /** The most that one write may carry. */
  readonly maxWriteBytes: number
  /** Free buffers of that size. */
  readonly spare: Buffer[]
  isOpen(): boolean
  /** Whether the connection keeps the process running. */
  keepAlive(yes: boolean): void
  close(): void
}

const farewellMs = 1_000
/** A size that every server accepts. */
const leastWriteBytes = 31 * 1024

/** The session of a client that has logged in. @param idleMs how long the server may answer nothing, in milliseconds */
export function connectionOf(
  client: Client,
  sftp: SFTPWrapper,
  socket: Socket,
  idleMs: number,
): SftpConnection {
  const waiting = new Set<(error: unknown) => void>()
  let lost: BridgeError | undefined
  let watchdog: Timer | undefined

  const lose = (error: BridgeError, politely = false): void => {
    if (lost !== undefined) return
    lost = error
    watchdog?.stop()
    if (politely) {
      client.end()
      startTimer(farewellMs, () => socket.destroy(), { background: true })
    } else socket.destroy()
    for (const fail of waiting) fail(error)
  }
  client.on('error', () => lose(connectionLost()))
  client.on('close', () => lose(connectionLost()))
  sftp.on('error', () => lose(connectionLost()))
  sftp.on('close', () => lose(connectionLost()))
  sftp.on('end', () => lose(connectionLost()))

  /**
   * ssh2 waits for an answer without a limit. One timer serves all requests: any answer shows that the server is alive.
   */
  const watch = (): void => {
    if (waiting.size === 0) {
      watchdog?.stop()
      watchdog = undefined
    } else if (watchdog === undefined) {
      watchdog = startTimer(idleMs, () => lose(stalled(idleMs)))
    } else watchdog.refresh()
  }

  /** The library writes a packet to the socket in three parts. All writes of one tick are sent in one call. */
  let isCorked = false
  const corkUntilNextTick = (): void => {
    if (isCorked) return
    isCorked = true
    socket.cork()
    process.nextTick(() => {
      isCorked = false
      socket.uncork()
    })
  }

  const writeAt = createWriteAt(sftp)

  const request: SftpConnection['request'] = (signal, start) =>
    new Promise((resolve, reject) => {
      if (lost !== undefined || signal?.aborted) {
        reject(lost ?? signal?.reason)
        return
      }
      const end = (): void => {
        waiting.delete(fail)
        signal?.removeEventListener('abort', abort)
        if (lost === undefined) watch()
      }
      const fail = (error: unknown): void => {
        end()
        reject(error)
      }
      const abort = (): void => fail(signal?.reason)
      waiting.add(fail)
      signal?.addEventListener('abort', abort)
      watch()
      corkUntilNextTick()
      try {
        start(sftp, (error, value) => {
          if (error) fail(lost ?? error)
          else {
            end()
            resolve(value)
          }
        })
      } catch (thrown) {
        fail(thrown)
      }
    })

  return {
    request,
    write: (handle, bytes, length, position) =>
      request(undefined, (_, done) => writeAt(handle, bytes, length, position, done)),
    maxWriteBytes: maxWriteBytesOf(sftp),
    spare: [],
    isOpen: () => lost === undefined,
    keepAlive: (yes) => {
      if (yes) socket.ref()
      else socket.unref()
    },
    close: () => lose(connectionLost(), true),
  }
}

/**
 * The library asks OpenSSH for its limits and does not expose the answer. It splits a larger write and waits for each
 * part, so a wrong number here only costs time.
 */
function maxWriteBytesOf(sftp: SFTPWrapper): number {
  const limit: unknown = Reflect.get(sftp, '_maxWriteLen')
  return typeof limit === 'number' ? Math.min(Math.max(limit, leastWriteBytes), 255 * 1024) : leastWriteBytes
}
