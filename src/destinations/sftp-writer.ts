import { untilAborted } from '../core/call-context'
import type { SftpConnection } from './sftp-connection'

/** What is on its way at once: enough for 100 MB/s at 20 ms. */
const windowBytes = 2 * 1024 * 1024

/**
 * Writes bytes to an open file without waiting for each answer, so that the distance to the server does not count.
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

  for await (const piece of pieces(chunks, connection.maxWriteBytes)) {
    await settle(windowBytes - piece.length)
    send(piece)
  }
  await settle(0)
  return position

  function send(piece: Buffer): void {
    const at = position
    position += piece.length
    inFlight += piece.length
    connection
      .request<void>(undefined, (sftp, done) => sftp.write(handle, piece, 0, piece.length, at, done))
      .catch((thrown: unknown) => {
        failure ??= { thrown }
      })
      .finally(() => {
        inFlight -= piece.length
        wake?.()
      })
  }

  /** Waits until no more than this many bytes are on their way. */
  async function settle(limit: number): Promise<void> {
    while (inFlight > limit && failure === undefined) {
      const progress = new Promise<void>((resolve) => {
        wake = resolve
      })
      await untilAborted(progress, signal)
    }
    if (failure !== undefined) throw failure.thrown
  }
}

/** The same bytes in pieces of one size, but for the last: what comes from the network comes in small ones. */
async function* pieces(chunks: AsyncIterable<Buffer>, pieceBytes: number): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(pieceBytes)
  let filled = 0
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; ) {
      const copied = chunk.copy(piece, filled, offset)
      offset += copied
      filled += copied
      if (filled < pieceBytes) continue
      yield piece
      piece = Buffer.allocUnsafe(pieceBytes)
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
