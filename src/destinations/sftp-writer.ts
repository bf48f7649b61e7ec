import { untilAborted } from '../core/call-context'
import { type SftpConnection } from './sftp-connection'

/** What every server takes in one request. */
const pieceBytes = 32 * 1024
/** What is on its way at once: enough for 100 MB/s at 20 ms. */
const windowBytes = 64 * pieceBytes

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

  const send = (chunk: Buffer, offset: number, length: number): void => {
    inFlight += length
    const at = position
    position += length
    connection
      .request<void>(undefined, (sftp, done) => sftp.write(handle, chunk, offset, length, at, done))
      .catch((thrown: unknown) => {
        failure ??= { thrown }
      })
      .finally(() => {
        inFlight -= length
        wake?.()
      })
  }

  /** Waits until no more than this many bytes are on their way. */
  const settle = async (limit: number): Promise<void> => {
    while (inFlight > limit && failure === undefined) {
      const progress = new Promise<void>((resolve) => {
        wake = resolve
      })
      await untilAborted(progress, signal)
    }
    if (failure !== undefined) throw failure.thrown
  }

  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; offset += pieceBytes) {
      const length = Math.min(pieceBytes, chunk.length - offset)
      await settle(windowBytes - length)
      send(chunk, offset, length)
    }
  }
  await settle(0)
  return position
}
