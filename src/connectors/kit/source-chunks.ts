import type { Readable } from 'node:stream'
import { type CallContext, untilAborted } from '../../core/call-context'
import { transientError } from '../../core/errors'
import type { AssetBinary } from '../../plugin/destination'

/**
 * The bytes of a source, in order. Ends at once when the signal aborts, even if the source ignores it, and
 * closes the source when the reader stops.
 * @throws {BridgeError} the source's own; transient, `SOURCE_SIZE_DIFFERS`, when it ends at another size than it said
 */
export async function* sourceChunks(source: AssetBinary, call: CallContext): AsyncGenerator<Buffer> {
  const stream = await opened(source, call)
  // An error after the last read has no reader, and must not end the process.
  stream.on('error', () => undefined)
  let size = 0
  try {
    const chunks = stream[Symbol.asyncIterator]()
    for (;;) {
      const next = await untilAborted(chunks.next(), call.signal)
      if (next.done) break
      const chunk: Buffer = next.value
      size += chunk.length
      if (chunk.length > 0) yield chunk
    }
  } catch (thrown) {
    call.signal.throwIfAborted()
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

async function opened(source: AssetBinary, call: CallContext): Promise<Readable> {
  call.signal.throwIfAborted()
  const opening = source.open(call)
  try {
    return await untilAborted(opening, call.signal)
  } catch (thrown) {
    // Aborted while it was being opened: the source is closed once it is open.
    opening.then(
      (late) => late.on('error', () => undefined).destroy(),
      () => undefined,
    )
    throw thrown
  }
}
