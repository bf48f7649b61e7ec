import { randomBytes } from 'node:crypto'
import type { BlockBlobClient } from '@azure/storage-blob'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, transientError } from '../../core/errors'
import { isLoopback } from '../../http/origin'
import { type GrowingWaits, type RetryRules, retry, timeLimit } from '../../http/retry'
import type { AssetBinary } from '../../plugin/destination'
import { inParallel } from '../kit/blocks'

/** Lets Azure copy a file from a URL, block by block. */
export type AzureCopies = {
  /**
   * The names of the blocks, in order, not yet published; undefined when Azure cannot fetch the file, or will not.
   * @throws the signal's reason
   */
  fetched(
    blob: BlockBlobClient,
    source: AssetBinary,
    size: number,
    call: CallContext,
  ): Promise<string[] | undefined>
}

const blockSize = 64 * 1024 * 1024
const parallel = 4
const pauseMs = 600_000
const timeoutMs = 180_000

/** Creates the copy for one container. Whether Azure can copy at all is detected once for all files. */
export function createAzureCopies(
  rules: RetryRules<GrowingWaits> & { toError(thrown: unknown): BridgeError },
): AzureCopies {
  // Few attempts, since the bytes can always be uploaded instead.
  const copyRules: RetryRules = { ...rules, limit: timeLimit('AZURE', timeoutMs), attempts: 2 }
  let notBefore = 0

  return { fetched }

  async function fetched(
    blob: BlockBlobClient,
    source: AssetBinary,
    size: number,
    call: CallContext,
  ): Promise<string[] | undefined> {
    if (rules.clock.now() < notBefore) return undefined
    const url = await source.presignedUrl?.(call)
    if (url === undefined || !canFetch(url, blob.url) || !(await endsThere(source, size, call))) {
      return undefined
    }
    const blockId = blockIds()
    const blocks = Array.from({ length: Math.ceil(size / blockSize) }, (_, index) => ({
      id: blockId(index),
      start: index * blockSize,
    }))
    const ids = blocks.map(({ id }) => id)
    try {
      await inParallel(blocks, parallel, call, ({ id, start }, partCall) =>
        retry(copyRules, partCall, (own) =>
          blob.stageBlockFromURL(id, url, start, Math.min(blockSize, size - start), {
            abortSignal: own.signal,
          }),
        ),
      )
      await checkSize(blob, ids, size, call)
      return ids
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = rules.toError(thrown)
      if (error.code !== 'AZURE_UNREACHABLE') notBefore = rules.clock.now() + pauseMs
      call.logger.info('Azure does not fetch from AEM; sending the bytes instead', { error })
      return undefined
    }
  }

  /** Checks the size of the copied blocks before they are published. */
  async function checkSize(
    blob: BlockBlobClient,
    ids: readonly string[],
    size: number,
    call: CallContext,
  ): Promise<void> {
    const { uncommittedBlocks = [] } = await retry(rules, call, (own) =>
      blob.getBlockList('uncommitted', { abortSignal: own.signal }),
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
 * Azure copies exactly the requested range: of a file that has grown meanwhile, it would publish only the beginning.
 * So the last byte is read, which fails when the file has another length.
 */
async function endsThere(source: AssetBinary, size: number, call: CallContext): Promise<boolean> {
  try {
    const last = await source.readRange?.({ start: size - 1, end: size }, call)
    return last?.length === 1
  } catch {
    call.signal.throwIfAborted()
    return false
  }
}
