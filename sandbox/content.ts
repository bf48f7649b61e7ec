import { createCipheriv, createHash } from 'node:crypto'

/** Bytes that can be read anywhere, and need not be held: a gigabyte costs nothing until it is read. */
export type Content = {
  /** In bytes. */
  size: number
  /** The bytes from `start` up to, but not including, `end`. */
  read(start: number, end: number): Buffer
}

/** What a file consists of: given bytes, or so many made from a seed. */
export type NewContent = { bytes: string | Uint8Array } | { size: number; seed?: number | string }

const BLOCK = 16
const PIECE = 256 * 1024
const zeros = Buffer.alloc(PIECE + BLOCK)

const bytesContent = (bytes: Buffer): Content => ({
  size: bytes.length,
  read: (start, end) => bytes.subarray(start, end),
})

/** The key stream of AES in counter mode: no two places are alike, so a byte in the wrong place is noticed. */
const seededContent = (seed: string, size: number): Content => {
  const key = createHash('md5').update(seed).digest()
  return {
    size,
    read: (start, end) => {
      const skipped = start % BLOCK
      const counter = Buffer.alloc(BLOCK)
      counter.writeBigUInt64BE(BigInt((start - skipped) / BLOCK), 8)
      const length = Math.max(0, Math.min(end, size) - start) + skipped
      const plain = length <= zeros.length ? zeros.subarray(0, length) : Buffer.alloc(length)
      return createCipheriv('aes-128-ctr', key, counter).update(plain).subarray(skipped)
    },
  }
}

/** The content that is described; the same seed and size give the same bytes. */
export const createContent = (input: NewContent): Content =>
  'bytes' in input ? bytesContent(Buffer.from(input.bytes)) : seededContent(`${input.seed ?? 1}`, input.size)

/** The SHA-1 in hex. It reads everything once: about a second a gigabyte. */
export const sha1Of = (content: Content): string => {
  const hash = createHash('sha1')
  for (let at = 0; at < content.size; at += PIECE)
    hash.update(content.read(at, Math.min(at + PIECE, content.size)))
  return hash.digest('hex')
}
