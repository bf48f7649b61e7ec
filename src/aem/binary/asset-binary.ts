import type { AssetBinary, ByteRange } from '../../core/binary'
import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { permanentError, transientError } from '../../core/errors'
import type { Backoff } from '../../http/backoff'
import { type RetryRules, retry } from '../../http/retry'
import { discard } from '../../http/stream'
import { bodyPosition, isEncoded } from './content-range'
import { mayReadOn } from './errors'
import { fileChanged } from './file-check'
import { pump } from './pump'
import { openResumed } from './resumed-file'
import type { BinarySource } from './source'

/** What is known of a file before it is read. */
export type BinaryFacts = Pick<AssetBinary, 'name' | 'size' | 'mediaType' | 'version' | 'modified' | 'sha1'>

/** A read that gets no byte for this long is aborted and resumed. */
const usualIdleMs = 30_000
const readBackoff: Backoff = { baseMs: 300, capMs: 5_000 }

/** Makes a file of an author readable: completely, with resume and checks, or by parts. */
export function createAssetBinary(
  facts: BinaryFacts,
  source: BinarySource,
  parts: { clock: Clock; random: () => number; idleMs?: number },
): Required<Pick<AssetBinary, 'readRange' | 'presignedUrl'>> & AssetBinary {
  const { clock, random, idleMs = usualIdleMs } = parts
  const rules: RetryRules = { clock, random, backoff: readBackoff, mayPass: mayReadOn }
  /** Of the first part that was read: all parts have to be of one file. */
  let tag: string | undefined

  return {
    ...facts,
    open: async (call) => openResumed(facts, source, { rules, idleMs }, call),
    readRange: (range, call) =>
      range.end <= range.start
        ? Promise.resolve(Buffer.alloc(0))
        : retry(rules, call, () => readRange(range, call)),
    presignedUrl: (call) => retry(rules, call, () => source.presignedUrl(call)),
  }

  async function readRange(range: ByteRange, call: CallContext): Promise<Buffer> {
    const response = await source.get(range, call)
    try {
      const { status, headers } = response
      if (status !== 206 || isEncoded(headers)) {
        throw withoutRanges()
      }
      const etag = headers.get('etag')
      if (tag !== undefined && etag !== undefined && tag !== etag) throw fileChanged('has another ETag')
      const { start, end, total } = bodyPosition(response, range.start)
      if (facts.size !== undefined && total !== undefined && total !== facts.size)
        throw fileChanged('has another size')
      if (start === range.start && end !== undefined && end < Math.min(range.end, total ?? range.end))
        throw withoutRanges()
      if (start !== range.start || (end !== undefined && end !== range.end))
        throw fileChanged('has other parts')
      const bytes = Buffer.allocUnsafe(range.end - range.start)
      let filled = 0
      await pump(response.body, idleMs, (chunk) => {
        if (filled + chunk.length > bytes.length) throw fileChanged('has longer parts')
        filled += chunk.copy(bytes, filled)
        return true
      }).done
      if (filled < bytes.length) throw shortPart()
      tag ??= etag
      return bytes
    } catch (thrown) {
      discard(response)
      throw thrown
    }
  }
}

const withoutRanges = (): Error =>
  permanentError('AEM_WITHOUT_RANGES', 'AEM does not serve such parts of this file: read it whole')

const shortPart = (): Error =>
  transientError('AEM_CUT', 'AEM sent less of a part of a file than was asked for', { upstream: 'AEM' })
