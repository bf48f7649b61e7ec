import { Readable } from 'node:stream'
import type { CallContext } from '../../core/call-context'
import type { AssetBinary } from '../../plugin/destination'
import { sourceChunks } from './source-chunks'

const maxKept = 4 * 1024 * 1024

/** A file whose size is known. */
export type Measured = AssetBinary & { size: number }

/**
 * The same file with its size. A file without a size is read once to measure it: a small one is kept in memory, a
 * larger one is opened again for the upload and must have the same length. Reading stops after `maxBytes`.
 * @throws {BridgeError} the source's own
 */
export async function measured(source: AssetBinary, maxBytes: number, call: CallContext): Promise<Measured> {
  if (source.size !== undefined) return { ...source, size: source.size }
  let kept: Buffer[] | undefined = []
  let size = 0
  for await (const chunk of sourceChunks(source, call)) {
    size += chunk.length
    if (size > maxKept) kept = undefined
    kept?.push(chunk)
    if (size > maxBytes) break
  }
  if (kept === undefined) return { ...source, size }
  const bytes = Buffer.concat(kept)
  return { ...source, size, open: async () => Readable.from([bytes], { objectMode: false }) }
}
