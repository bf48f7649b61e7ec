import { untilAborted } from '../../../core/call-context'
import type { SftpConnection } from './connection'

/** Bytes in flight: enough for 90 MB/s at 20 ms, and a little less than the channel window of OpenSSH. */
const windowBytes = 1792 * 1024

/** Buffers that are kept for the next file. */
const maxSpare = 20

/**
 * Writes bytes to an open file without waiting for each answer, so that latency does not limit the throughput.
 * @returns how many
 * @throws what a request throws, or the source, or the signal's reason
 */
export async function writeWindowed(
  connection: SftpConnection,
  handle: Buffer,
  chunks: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<number> {
  let position = 0
  let inFlight = 0
  let failure: { thrown: unknown } | undefined
  let wake: (() => void) | undefined

  let piece = takePiece()
  let filled = 0
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; ) {
      const copied = chunk.copy(piece, filled, offset)
      offset += copied
      filled += copied
      if (filled < piece.length) continue
      await waitUntilPending(windowBytes - filled)
      send(piece, filled)
      piece = takePiece()
      filled = 0
    }
  }
  if (filled > 0) send(piece, filled)
  else giveBack(piece)
  await waitUntilPending(0)
  return position

  function takePiece(): Buffer {
    return connection.spare.pop() ?? Buffer.allocUnsafe(connection.maxWriteBytes)
  }

  function giveBack(bytes: Buffer): void {
    if (connection.spare.length < maxSpare) connection.spare.push(bytes)
  }

  function send(bytes: Buffer, length: number): void {
    const at = position
    position += length
    inFlight += length
    connection
      .write(handle, bytes, length, at)
      .then(
        // The write is answered, so the buffer is free.
        () => giveBack(bytes),
        (thrown: unknown) => {
          failure ??= { thrown }
        },
      )
      .finally(() => {
        inFlight -= length
        wake?.()
      })
  }

  /** Waits until no more than this many bytes are in flight. */
  async function waitUntilPending(limit: number): Promise<void> {
    while (inFlight > limit && failure === undefined) {
      const progress = new Promise<void>((resolve) => {
        wake = resolve
      })
      await untilAborted(progress, signal)
    }
    if (failure !== undefined) throw failure.thrown
  }
}
