import type { Readable } from 'node:stream'
import { untilAborted } from '../../core/call-context'
import { transientError } from '../../core/errors'
import type { AssetBinary } from '../../plugin/destination'

/**
 * The bytes of a source, in order. Ends at once when the signal aborts, even if the source does not listen to it, and
 * lets the source go whenever the reader stops.
 * @throws {BridgeError} the source's own; transient, `SOURCE_SIZE_DIFFERS`, when it ends at another size than it said
 */
export async function* sourceChunks(source: AssetBinary, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stream = await opened(source, signal)
  // What goes wrong after the last read concerns nobody, and must not end the process.
  stream.on('error', () => undefined)
  let size = 0
  try {
    const chunks = stream[Symbol.asyncIterator]()
    for (;;) {
      const next = await untilAborted(chunks.next(), signal)
      if (next.done) break
      const chunk: Buffer = next.value
      size += chunk.length
      if (chunk.length > 0) yield chunk
    }
  } catch (thrown) {
    signal.throwIfAborted()
    throw thrown
  } finally {
    stream.destroy()
  }
  if (source.size !== undefined && size !== source.size) {
    throw transientError(
      'SOURCE_SIZE_DIFFERS',
      `the source gave ${size} bytes where ${source.size} were announced`,
    )
  }
}

async function opened(source: AssetBinary, signal: AbortSignal): Promise<Readable> {
  signal.throwIfAborted()
  const opening = source.open(signal)
  try {
    return await untilAborted(opening, signal)
  } catch (thrown) {
    // Aborted while it was being opened: whatever still comes is not wanted any more.
    opening.then(
      (late) => late.on('error', () => undefined).destroy(),
      () => undefined,
    )
    throw thrown
  }
}
