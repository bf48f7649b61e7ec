import { createHash, randomBytes } from 'node:crypto'
import type { BlockBlobClient, BlockBlobUploadOptions, ContainerClient } from '@azure/storage-blob'
import { callContextOf } from '../core/call-context'
import { type BridgeError, transientError } from '../core/errors'
import { isLoopback } from '../http/origin'
import { type AttemptRules, withAttempts } from './attempts'
import { connectAzure } from './azure-client'
import { type AzureAccess, hasAzureInputs, readAzureAccess } from './azure-inputs'
import { azureAgain, azureCode, notAzure, toAzureError } from './azure-problem'
import { blockSizeFor, inParallel, sendBlocks, withWholeFile } from './blocks'
import { createBuffers } from './buffers'
import type { AssetBinary, Destination, DestinationFactory, StoredObject } from './destination'
import { readPrefix } from './prefix'
import {
  arrivedSince,
  isMadeFrom,
  mayBeThere,
  storedFrom,
  versionFromHeader,
  versionToHeader,
} from './stored'

/** A container in Azure Blob Storage, or any service that speaks its protocol. Where it is comes from the `AZURE_BLOB_*` inputs. */
export type AzureOptions = {
  /**
   * Lets Azure fetch large files from AEM's blob store by itself, so that no byte moves through the action. Where that
   * is refused, the bytes are sent instead.
   * @default true
   */
  copyFromUrl?: boolean
}

const mebibyte = 1024 * 1024
/** Up to here a file is one request. */
const singleLimit = 8 * mebibyte
const blockSize = 8 * mebibyte
const parallelBlocks = 3
/** For all uploads of a container together. */
const memoryLimit = 32 * mebibyte
const copyBlockSize = 64 * mebibyte
const parallelCopies = 4
const copyPauseMs = 600_000
const attemptTimeoutMs = 60_000
const copyTimeoutMs = 180_000
const maxBlocks = 50_000

/** Creates the `azure` destination. */
export const azure = (options: AzureOptions = {}): DestinationFactory => ({
  isOn: hasAzureInputs,
  create: (context) => {
    const access = readAzureAccess(context)
    return createAzure(access, readPrefix(context, 'AZURE_BLOB_PREFIX'), options.copyFromUrl ?? true)
  },
})

function createAzure(access: AzureAccess, prefix: string, copyFromUrl: boolean): Destination {
  const buffers = createBuffers(memoryLimit)
  const expiry = access.kind === 'sas' ? Date.parse(access.url.searchParams.get('se') ?? '') : Number.NaN
  const toError = (thrown: unknown): BridgeError => toAzureError(thrown, expiry)
  const rules: AttemptRules = { name: 'AZURE', timeoutMs: attemptTimeoutMs, toError, again: azureAgain }
  // Sending the bytes is always possible instead.
  const copyRules: AttemptRules = { ...rules, timeoutMs: copyTimeoutMs, maxAttempts: 2 }
  let client: Promise<ContainerClient> | undefined
  let noCopyBefore = 0

  return {
    name: 'azure',
    can: { head: true, atomic: true, conditional: true, remove: true, copyFromUrl },
    head,
    put,
    remove,
  }

  async function blobOf(key: string): Promise<BlockBlobClient> {
    client ??= connectAzure(access)
    return (await client).getBlockBlobClient(prefix + key)
  }

  async function head(key: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    const blob = await blobOf(key)
    return withAttempts(rules, signal, (abortSignal) => look(blob, abortSignal))
  }

  async function put(
    key: string,
    source: AssetBinary,
    { previous, signal }: { previous?: StoredObject; signal: AbortSignal },
  ): Promise<StoredObject> {
    const upload: Upload = {
      blob: await blobOf(key),
      source,
      previous,
      request: {
        conditions: previous === undefined ? { ifNoneMatch: '*' } : { ifMatch: previous.etag ?? '*' },
        metadata: { sourceversion: versionToHeader(source.version) },
        blobHTTPHeaders: { blobContentType: source.mediaType },
      },
      signal,
    }
    try {
      return (await copy(upload)) ?? (await send(upload))
    } catch (thrown) {
      if (!mayBeThere(thrown)) throw thrown
      const held = await head(key, signal)
      if (isMadeFrom(source, held)) return held
      throw thrown
    }
  }

  async function remove(key: string, signal: AbortSignal): Promise<void> {
    const blob = await blobOf(key)
    await withAttempts(rules, signal, (abortSignal) =>
      blob.deleteIfExists({ deleteSnapshots: 'include', abortSignal }),
    )
  }

  async function send(upload: Upload): Promise<StoredObject> {
    const { blob, source, request, signal } = upload
    const { size } = source
    if (size !== undefined && size <= singleLimit) {
      return withWholeFile(source, size, buffers, signal, async (bytes) => {
        const publish = async (abortSignal: AbortSignal): Promise<StoredObject> => {
          const { etag } = await blob.upload(bytes, size, { ...request, abortSignal })
          return storedFrom(source, size, tagOf(etag))
        }
        return withAttempts(rules, signal, publish, arrived(upload))
      })
    }
    const blockId = blockIds()
    const plan = { blockSize: blockSizeFor(size, blockSize, maxBlocks), parallel: parallelBlocks, buffers }
    const sent = await sendBlocks(source, plan, signal, async ({ index, bytes }, blockSignal) => {
      const transactionalContentMD5 = createHash('md5').update(bytes).digest()
      await withAttempts(rules, blockSignal, (abortSignal) =>
        blob.stageBlock(blockId(index), bytes, bytes.length, { transactionalContentMD5, abortSignal }),
      )
    })
    return commit(
      upload,
      sent.size,
      Array.from({ length: sent.count }, (_, index) => blockId(index)),
    )
  }

  function commit(upload: Upload, size: number, blocks: string[]): Promise<StoredObject> {
    const { blob, source, request, signal } = upload
    const publish = async (abortSignal: AbortSignal): Promise<StoredObject> => {
      const { etag } = await blob.commitBlockList(blocks, { ...request, abortSignal })
      return storedFrom(source, size, tagOf(etag))
    }
    return withAttempts(rules, signal, publish, arrived(upload))
  }

  /** Has Azure fetch the file; undefined when it cannot, or will not. */
  async function copy(upload: Upload): Promise<StoredObject | undefined> {
    const { blob, source, signal } = upload
    const { size } = source
    if (!copyFromUrl || size === undefined || size <= singleLimit || Date.now() < noCopyBefore)
      return undefined
    const url = await source.presignedUrl?.(signal)
    if (url === undefined || !canFetch(url, blob.url)) return undefined
    const blockId = blockIds()
    const starts = Array.from(
      { length: Math.ceil(size / copyBlockSize) },
      (_, index) => index * copyBlockSize,
    )
    try {
      await inParallel(starts, parallelCopies, signal, (start, partSignal) =>
        withAttempts(copyRules, partSignal, (abortSignal) =>
          blob.stageBlockFromURL(
            blockId(start / copyBlockSize),
            url,
            start,
            Math.min(copyBlockSize, size - start),
            { abortSignal },
          ),
        ),
      )
    } catch (thrown) {
      signal.throwIfAborted()
      const error = toError(thrown)
      if (error.code !== 'AZURE_UNREACHABLE') noCopyBefore = Date.now() + copyPauseMs
      callContextOf(signal).logger.info('Azure does not fetch from AEM; sending the bytes instead', { error })
      return undefined
    }
    const blocks = starts.map((start) => blockId(start / copyBlockSize))
    await checkSize(upload, blocks, size)
    return commit(upload, size, blocks)
  }

  /** What Azure fetched by itself is counted before it is published. */
  async function checkSize({ blob, signal }: Upload, blocks: readonly string[], size: number): Promise<void> {
    const { uncommittedBlocks = [] } = await withAttempts(rules, signal, (abortSignal) =>
      blob.getBlockList('uncommitted', { abortSignal }),
    )
    const sizes = new Map(uncommittedBlocks.map((block) => [block.name, block.size]))
    const fetched = blocks.reduce((sum, block) => sum + (sizes.get(block) ?? 0), 0)
    if (fetched === size) return
    throw transientError(
      'AZURE_BLOCKS_LOST',
      `Azure holds ${fetched} of ${size} bytes that it was to fetch from AEM`,
      { upstream: 'AZURE' },
    )
  }
}

type Upload = {
  blob: BlockBlobClient
  source: AssetBinary
  previous: StoredObject | undefined
  /** Goes with the request that publishes. */
  request: Pick<BlockBlobUploadOptions, 'conditions' | 'metadata' | 'blobHTTPHeaders'>
  signal: AbortSignal
}

/** Whoever answers without a tag has not stored anything. */
function tagOf(etag: string | undefined): string {
  if (etag === undefined) throw notAzure(201)
  return etag
}

/** What a blob holds now; undefined when there is none. */
async function look(blob: BlockBlobClient, abortSignal: AbortSignal): Promise<StoredObject | undefined> {
  try {
    const { metadata, contentLength, etag, blobType } = await blob.getProperties({ abortSignal })
    if (contentLength === undefined || etag === undefined || blobType === undefined) throw notAzure(200)
    return { version: versionFromHeader(metadata?.sourceversion), size: contentLength, etag }
  } catch (thrown) {
    if (azureCode(thrown) === 'BlobNotFound') return undefined
    throw thrown
  }
}

/** Whether a blob was published although the answer was lost. */
const arrived =
  ({ blob, source, previous }: Upload) =>
  async (signal: AbortSignal): Promise<StoredObject | undefined> =>
    arrivedSince(previous, source, await look(blob, signal))

/** Names for the blocks of one attempt, all of one length, so that two uploads at once never mix theirs. */
function blockIds(): (index: number) => string {
  const attempt = randomBytes(12).toString('hex')
  return (index) => Buffer.from(`${attempt}-${String(index).padStart(7, '0')}`).toString('base64')
}

/** Tells whether a URL may be handed to Azure: one of its own blob store; on loopback, one of the emulator's kind. */
function canFetch(source: string, destination: string): boolean {
  const url = new URL(source)
  const isBlobStore = url.protocol === 'https:' && url.hostname.endsWith('.blob.core.windows.net')
  return isBlobStore || (isLoopback(url) && isLoopback(new URL(destination)))
}
