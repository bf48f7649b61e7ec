import { Readable } from 'node:stream'
import type { AssetBinary } from '../../plugin/destination'
import { sourceChunks } from './source-chunks'

const maxKept = 4 * 1024 * 1024

/** A file whose size is known. */
export type Measured = AssetBinary & { size: number }

/**
 * The same file with its size. One that does not tell its size is read once for it: a small one is kept, a larger one is
 * opened again when it is wanted, and must then be as long as it was. What is larger than `maxBytes` is not read on.
 * @throws {BridgeError} the source's own
 */
export async function measured(
  source: AssetBinary,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Measured> {
  if (source.size !== undefined) return { ...source, size: source.size }
  let kept: Buffer[] | undefined = []
  let size = 0
  for await (const chunk of sourceChunks(source, signal)) {
    size += chunk.length
    if (size > maxKept) kept = undefined
    kept?.push(chunk)
    if (size > maxBytes) break
  }
  if (kept === undefined) return { ...source, size }
  const bytes = Buffer.concat(kept)
  return { ...source, size, open: async () => Readable.from([bytes], { objectMode: false }) }
}
