import { randomBytes } from 'node:crypto'
import type { BlockBlobClient } from '@azure/storage-blob'
import { callContextOf } from '../../core/call-context'
import { transientError } from '../../core/errors'
import { isLoopback } from '../../http/origin'
import type { AssetBinary } from '../../plugin/destination'
import { type AttemptRules, withAttempts } from '../kit/attempts'
import { inParallel } from '../kit/blocks'

/** Has Azure fetch a file block by block. */
export type AzureCopies = {
  /**
   * The names of the blocks, in order, not yet published; undefined when Azure cannot fetch the file, or will not.
   * @throws the signal's reason
   */
  fetched(
    blob: BlockBlobClient,
    source: AssetBinary,
    size: number,
    signal: AbortSignal,
  ): Promise<string[] | undefined>
}

const blockSize = 64 * 1024 * 1024
const parallel = 4
const pauseMs = 600_000
const timeoutMs = 180_000

/** Creates it for one container; whether Azure fetches anything at all is found out once for all its files. */
export function createAzureCopies(rules: AttemptRules): AzureCopies {
  // Sending the bytes is always possible instead.
  const copyRules: AttemptRules = { ...rules, timeoutMs, maxAttempts: 2 }
  let notBefore = 0

  return { fetched }

  async function fetched(
    blob: BlockBlobClient,
    source: AssetBinary,
    size: number,
    signal: AbortSignal,
  ): Promise<string[] | undefined> {
    if (Date.now() < notBefore) return undefined
    const url = await source.presignedUrl?.(signal)
    if (url === undefined || !canFetch(url, blob.url) || !(await endsThere(source, size, signal))) {
      return undefined
    }
    const blockId = blockIds()
    const blocks = Array.from({ length: Math.ceil(size / blockSize) }, (_, index) => ({
      id: blockId(index),
      start: index * blockSize,
    }))
    const ids = blocks.map(({ id }) => id)
    try {
      await inParallel(blocks, parallel, signal, ({ id, start }, partSignal) =>
        withAttempts(copyRules, partSignal, (abortSignal) =>
          blob.stageBlockFromURL(id, url, start, Math.min(blockSize, size - start), { abortSignal }),
        ),
      )
      await checkSize(blob, ids, size, signal)
      return ids
    } catch (thrown) {
      signal.throwIfAborted()
      const error = rules.toError(thrown)
      if (error.code !== 'AZURE_UNREACHABLE') notBefore = Date.now() + pauseMs
      callContextOf(signal).logger.info('Azure does not fetch from AEM; sending the bytes instead', { error })
      return undefined
    }
  }

  /** What Azure fetched by itself is counted before it is published. */
  async function checkSize(
    blob: BlockBlobClient,
    ids: readonly string[],
    size: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { uncommittedBlocks = [] } = await withAttempts(rules, signal, (abortSignal) =>
      blob.getBlockList('uncommitted', { abortSignal }),
    )
    const sizes = new Map(uncommittedBlocks.map((block) => [block.name, block.size]))
    const held = ids.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0)
    if (held === size) return
    const message = `Azure holds ${held} of ${size} bytes that it was to fetch from AEM`
    throw transientError('AZURE_BLOCKS_LOST', message, { upstream: 'AZURE' })
  }
}

/** Names for the blocks of one attempt, all of one length, so that two uploads at once never mix theirs. */
export function blockIds(): (index: number) => string {
  const attempt = randomBytes(12).toString('hex')
  return (index) => Buffer.from(`${attempt}-${String(index).padStart(7, '0')}`).toString('base64')
}

/** Tells whether a URL may be handed to Azure: one of its own blob store; on loopback, one of the emulator's kind. */
function canFetch(source: string, destination: string): boolean {
  const url = new URL(source)
  const isBlobStore = url.protocol === 'https:' && url.hostname.endsWith('.blob.core.windows.net')
  return isBlobStore || (isLoopback(url) && isLoopback(new URL(destination)))
}

/**
 * Azure takes the part it is told to: of a file that has grown meanwhile, it would publish the beginning. So the last
 * byte is read, which fails when the file has another length.
 */
async function endsThere(source: AssetBinary, size: number, signal: AbortSignal): Promise<boolean> {
  try {
    const last = await source.readRange?.({ start: size - 1, end: size }, signal)
    return last?.length === 1
  } catch {
    signal.throwIfAborted()
    return false
  }
}
