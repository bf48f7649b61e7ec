import { createHash } from 'node:crypto'
import type { BlockBlobClient, BlockBlobUploadOptions, ContainerClient } from '@azure/storage-blob'
import type { BridgeError } from '../../core/errors'
import type { AssetBinary, Destination, DestinationFactory, StoredObject } from '../../plugin/destination'
import { prefixed } from '../../plugin/inputs'
import { type AttemptRules, withAttempts } from '../kit/attempts'
import { blockSizeFor, sendBlocks, withWholeFile } from '../kit/blocks'
import { createBuffers } from '../kit/buffers'
import {
  arrivedSince,
  isMadeFrom,
  mayBeThere,
  storedFrom,
  versionFromHeader,
  versionToHeader,
} from '../kit/stored'
import { connectAzure } from './client'
import { blockIds, createAzureCopies } from './copy'
import { azureAgain, azureCode, notAzure, toAzureError } from './errors'
import { type AzureAccess, azureInputs, hasAzureInputs, readAzureAccess } from './inputs'

/** A container in Azure Blob Storage, or any service that speaks its protocol. Where it is comes from the `AZURE_BLOB_*` inputs. */
export type AzureOptions = {
  /** Begin of the inputs' names: `AZURE_BLOB` for `AZURE_BLOB_SAS_URL` and its like. A second container needs its own. @default 'AZURE_BLOB' */
  inputs?: string
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
const attemptTimeoutMs = 60_000
const maxBlocks = 50_000

/** Creates the `azure` destination. */
export const azure = ({
  inputs = 'AZURE_BLOB',
  copyFromUrl = true,
}: AzureOptions = {}): DestinationFactory => ({
  inputs: prefixed(inputs, azureInputs),
  docs: 'docs/connectors/azure.md',
  isOn: (context) => hasAzureInputs(context, inputs),
  create: (context) => createAzure(context.name, readAzureAccess(context, inputs), copyFromUrl),
})

function createAzure(name: string, access: AzureAccess, copyFromUrl: boolean): Destination {
  const { prefix, inputs } = access
  const buffers = createBuffers(memoryLimit)
  const expiry = access.kind === 'sas' ? Date.parse(access.url.searchParams.get('se') ?? '') : Number.NaN
  const toError = (thrown: unknown): BridgeError => toAzureError(thrown, inputs, expiry)
  const rules: AttemptRules = { name: 'AZURE', timeoutMs: attemptTimeoutMs, toError, again: azureAgain }
  const copies = createAzureCopies(rules)
  let client: Promise<ContainerClient> | undefined

  return {
    name,
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
    if (!copyFromUrl || size === undefined || size <= singleLimit) return undefined
    const blocks = await copies.fetched(blob, source, size, signal)
    return blocks && commit(upload, size, blocks)
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
