import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { AssetBinary, ByteRange } from '../core/binary'
import { type Clock, systemClock } from '../core/clock'
import { BridgeError, permanentError, transientError } from '../core/errors'
import { fullJitter } from '../http/backoff'
import type { BinarySource } from './binary-source'

/** What is known of a file before it is read. */
export type BinaryFacts = Pick<AssetBinary, 'name' | 'size' | 'mediaType' | 'version' | 'modified' | 'sha1'>

/** A read without a byte for this long is given up and resumed. */
const idleMs = 30_000
/** Attempts in a row that bring no byte. */
const maxBarrenAttempts = 4
const backoff = { baseMs: 300, capMs: 5_000 }

/** Makes a file of an author readable: whole, resumed after a cut, checked; or by parts. */
export function createAssetBinary(
  facts: BinaryFacts,
  source: BinarySource,
  parts: { clock?: Clock; random?: () => number } = {},
): AssetBinary {
  const { clock = systemClock, random = Math.random } = parts

  return {
    ...facts,
    open: async (signal) =>
      Readable.from(held(facts, resumed(signal)), { objectMode: false, highWaterMark: 256 * 1024 }),
    readRange,
    presignedUrl: (signal) => source.presignedUrl(signal),
  }

  /** The bytes in order, whatever happens to the connections. */
  async function* resumed(signal: AbortSignal): AsyncGenerator<Buffer> {
    let offset = 0
    let tag: string | undefined
    for (let barren = 1; ; barren++) {
      const before = offset
      try {
        const response = await source.get(offset === 0 ? undefined : { start: offset }, signal)
        const etag = response.headers.get('etag')
        if (tag !== undefined && etag !== undefined && tag !== etag) {
          response.body.destroy()
          throw changed()
        }
        tag ??= etag
        const expected = lengthOf(response.headers)
        let skip = response.status === 206 ? 0 : offset
        let received = 0
        for await (const chunk of withIdleLimit(response.body)) {
          received += chunk.length
          const rest = chunk.subarray(Math.min(skip, chunk.length))
          skip -= chunk.length - rest.length
          if (rest.length === 0) continue
          offset += rest.length
          yield rest
        }
        if (expected === undefined || received >= expected) return
      } catch (thrown) {
        signal.throwIfAborted()
        if (
          thrown instanceof BridgeError &&
          (thrown.failureClass !== 'transient' || thrown.code === 'AEM_FILE_CHANGED')
        )
          throw thrown
        if (offset > before) barren = 0
        if (barren >= maxBarrenAttempts) throw toTransfer(thrown)
      }
      if (offset > before) barren = 0
      if (barren >= maxBarrenAttempts) throw toTransfer(undefined)
      await clock.sleep(fullJitter(backoff, barren + 1, random()), signal)
    }
  }

  async function readRange(range: ByteRange, signal: AbortSignal): Promise<Buffer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await source.get(range, signal)
        if (response.status !== 206) {
          response.body.destroy()
          throw permanentError('AEM_WITHOUT_RANGES', 'AEM does not serve parts of this file')
        }
        const bytes = await collect(withIdleLimit(response.body), range.end - range.start)
        if (bytes.length === range.end - range.start) return bytes
        throw transientError('AEM_CUT', 'AEM closed the connection in the middle of a file', {
          upstream: 'AEM',
        })
      } catch (thrown) {
        signal.throwIfAborted()
        if (thrown instanceof BridgeError && thrown.failureClass !== 'transient') throw thrown
        if (attempt >= maxBarrenAttempts) throw toTransfer(thrown)
        await clock.sleep(fullJitter(backoff, attempt, random()), signal)
      }
    }
  }
}

/**
 * Holds the last bytes back until length and hash are right: a destination that has read to the announced end would
 * publish, whatever error came behind it.
 */
async function* held(facts: BinaryFacts, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const hash = facts.sha1 === undefined ? undefined : createHash('sha1')
  let size = 0
  let last: Buffer | undefined
  for await (const chunk of chunks) {
    hash?.update(chunk)
    size += chunk.length
    if (facts.size !== undefined && size > facts.size) throw changed()
    if (last !== undefined) yield last
    last = chunk
  }
  if (facts.size !== undefined && size !== facts.size) throw changed()
  if (hash !== undefined && hash.digest('hex') !== facts.sha1) {
    throw transientError(
      'AEM_FILE_CHANGED',
      'the bytes do not have the SHA-1 that AEM names: the file changed, or the download is broken',
      { upstream: 'AEM' },
    )
  }
  if (last !== undefined) yield last
}

const changed = (): BridgeError =>
  transientError(
    'AEM_FILE_CHANGED',
    'the file has another size than AEM names: it changed while it was read',
    { upstream: 'AEM' },
  )

async function* withIdleLimit(body: Readable): AsyncGenerator<Buffer> {
  const stalled = (): void => {
    body.destroy(
      transientError('AEM_STALLED', `AEM sent nothing of a file for ${idleMs} ms`, { upstream: 'AEM' }),
    )
  }
  let timer = setTimeout(stalled, idleMs)
  try {
    for await (const chunk of body) {
      clearTimeout(timer)
      const bytes: Buffer = chunk
      yield bytes
      timer = setTimeout(stalled, idleMs)
    }
  } finally {
    clearTimeout(timer)
  }
}

async function collect(chunks: AsyncIterable<Buffer>, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size)
  let offset = 0
  for await (const chunk of chunks) {
    if (offset + chunk.length > size) return Buffer.alloc(0)
    offset += chunk.copy(bytes, offset)
  }
  return bytes.subarray(0, offset)
}

function lengthOf(headers: ReadonlyMap<string, string>): number | undefined {
  const length = headers.get('content-length')
  return length === undefined ? undefined : Number(length)
}

function toTransfer(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  return transientError('AEM_CUT', 'AEM closed the connection in the middle of a file, again and again', {
    upstream: 'AEM',
  })
}
