import { createHash } from 'node:crypto'

/** A file of the benchmark. Equal seeds and sizes give equal bytes; no two pieces of it are equal. */
export type BenchFile = { name: string; seed: number; size: number }

const pieceSize = 256 * 1024
const noise = Buffer.alloc(pieceSize)
for (let index = 0, state = 1; index < pieceSize; index += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  noise.writeUInt32LE(state, index)
}

/** The bytes from `start` to `end`, in pieces that must not be written to. */
export function* contentOf(file: BenchFile, start = 0, end = file.size): Generator<Buffer> {
  for (let offset = start; offset < end; ) {
    const index = Math.floor(offset / pieceSize)
    const piece = Buffer.allocUnsafe(pieceSize)
    noise.copy(piece)
    piece.writeUInt32LE(file.seed, 0)
    piece.writeUInt32LE(index, 4)
    const from = offset - index * pieceSize
    const to = Math.min(pieceSize, end - index * pieceSize)
    yield piece.subarray(from, to)
    offset += to - from
  }
}

/** As AEM gives it. */
export function sha1Of(file: BenchFile): string {
  const hash = createHash('sha1')
  for (const piece of contentOf(file)) hash.update(piece)
  return hash.digest('hex')
}
