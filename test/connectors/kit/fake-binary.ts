import { createCipheriv, createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { transientError } from '../../../src/core/errors'
import type { AssetBinary } from '../../../src/plugin/destination'

/** What a fake file is like. */
export type FakeBinaryOptions = {
  /** In bytes. */
  size: number
  /** Equal seeds give equal bytes. @default 1 */
  seed?: number
  /** @default a text made of seed and size */
  version?: string
  /** @default lamp.png */
  name?: string
  /** @default image/png */
  mediaType?: string
  /** @default 2025-01-01 */
  modified?: number
  /** The source does not say how large it is. @default false */
  unknownSize?: boolean
  /** Serves parts. @default true */
  ranges?: boolean
  /** In bytes. @default 64 KiB */
  chunkSize?: number
  /** Waits before each chunk, in milliseconds. @default 0 */
  delayMs?: number
  /** Fails, transient `SOURCE_FAILED`, once this many bytes are out, whole or by parts. @default never */
  failAt?: number
  /** Gives nothing more once this many bytes are out, and does not listen to the signal. @default never */
  hangAt?: number
  /** Called when it begins to hang. */
  onHang?: () => void
  /** Called before each chunk with the bytes that are out so far. */
  onChunk?: (sent: number) => void
}

/** A fake file, and what became of it. */
export type FakeBinary = AssetBinary & {
  /** How many times it was opened. */
  opened(): number
  /** All its bytes, whatever it is told to do when it is read. */
  bytes(): Buffer
}

/** The bytes from `start` to `end` of the endless file that a seed stands for. */
function seededBytes(seed: number, start: number, end: number): Buffer {
  const first = Math.floor(start / 16)
  const counter = Buffer.alloc(16)
  counter.writeUInt32BE(first, 12)
  const cipher = createCipheriv('aes-128-ctr', createHash('md5').update(String(seed)).digest(), counter)
  return cipher.update(Buffer.alloc(end - first * 16)).subarray(start - first * 16)
}

/** A file of seeded bytes that reads as the app's own do, or goes wrong as told. */
export function fakeBinary(options: FakeBinaryOptions): FakeBinary {
  const { size, seed = 1, chunkSize = 64 * 1024, delayMs = 0, failAt, hangAt, onHang, onChunk } = options
  let opened = 0

  function hang(): Promise<never> {
    onHang?.()
    return new Promise(() => undefined)
  }

  async function* chunks(signal: AbortSignal): AsyncGenerator<Buffer> {
    let sent = 0
    const stops = [failAt, hangAt, size].filter((at) => at !== undefined)
    while (true) {
      onChunk?.(sent)
      if (sent === failAt) throw sourceFailed()
      if (sent === hangAt) await hang()
      if (sent >= size) return
      if (delayMs > 0) await sleep(delayMs, undefined, { signal })
      signal.throwIfAborted()
      const end = Math.min(sent + chunkSize, ...stops.filter((at) => at > sent))
      yield seededBytes(seed, sent, end)
      sent = end
    }
  }

  const readRange: AssetBinary['readRange'] = async ({ start, end }, signal) => {
    onChunk?.(start)
    if (failAt !== undefined && end > failAt) throw sourceFailed()
    if (hangAt !== undefined && end > hangAt) await hang()
    if (delayMs > 0) await sleep(delayMs * Math.ceil((end - start) / chunkSize), undefined, { signal })
    signal.throwIfAborted()
    return seededBytes(seed, start, end)
  }

  return {
    name: options.name ?? 'lamp.png',
    size: options.unknownSize ? undefined : size,
    mediaType: options.mediaType ?? 'image/png',
    version: options.version ?? `v-${seed}-${size}`,
    modified: options.modified ?? Date.UTC(2025, 0, 1),
    open: async (signal) => {
      opened += 1
      return Readable.from(chunks(signal), { objectMode: false, highWaterMark: 256 * 1024 })
    },
    ...(options.ranges === false || options.unknownSize ? {} : { readRange }),
    opened: () => opened,
    bytes: () => seededBytes(seed, 0, size),
  }
}

/** As AEM gives it. */
export const sha1Of = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex')

const sourceFailed = () => transientError('SOURCE_FAILED', 'the source broke off', { upstream: 'AEM' })
