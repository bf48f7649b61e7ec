import { createHash } from 'node:crypto'
import type { BlockBlobClient, BlockBlobUploadOptions, ContainerClient } from '@azure/storage-blob'
import type { CallContext } from '../../core/call-context'
import type { BridgeError } from '../../core/errors'
import { mayPass, type RetryRules, retry, timeLimit } from '../../http/retry'
import type {
  AssetBinary,
  Destination,
  DestinationContext,
  DestinationFactory,
  ListedObject,
  ListOptions,
  StoredObject,
} from '../../plugin/destination'
import { prefixed } from '../../plugin/inputs'
import { blockSizeFor, sendBlocks, withWholeFile } from '../kit/blocks'
import { createBuffers } from '../kit/buffers'
import { checkByKey } from '../kit/check-by-key'
import { compareKeys } from '../kit/key-order'
import {
  arrivedSince,
  isMadeFrom,
  listedFrom,
  mayBeThere,
  metadataOf,
  storedFrom,
  versionFromHeader,
} from '../kit/stored'
import { azureCheck } from './check'
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
/** Of names that one answer gives. */
const pageSize = 1_000

/** Creates the `azure` destination. */
export const azure = ({
  inputs = 'AZURE_BLOB',
  copyFromUrl = true,
}: AzureOptions = {}): DestinationFactory => ({
  inputs: prefixed(inputs, azureInputs),
  docs: 'docs/connectors/azure.md',
  isOn: (context) => hasAzureInputs(context, inputs),
  create: (context) => createAzure(readAzureAccess(context, inputs), context, copyFromUrl),
})

/** Of each way in, the input that names the host. */
const hostInputs = { sas: 'SAS_URL', 'connection-string': 'CONNECTION_STRING', key: 'ACCOUNT' } as const

function createAzure(
  access: AzureAccess,
  { name, redactor, clock, random }: Pick<DestinationContext, 'name' | 'redactor' | 'clock' | 'random'>,
  copyFromUrl: boolean,
): Destination {
  const { prefix, inputs } = access
  const buffers = createBuffers(memoryLimit)
  const expiry = access.kind === 'sas' ? Date.parse(access.url.searchParams.get('se') ?? '') : Number.NaN
  const hostInput = `${inputs}_${hostInputs[access.kind]}`
  const toError = (thrown: unknown): BridgeError =>
    toAzureError(thrown, { now: clock.now(), inputs, hostInput, expiry })
  const rules: RetryRules = {
    clock,
    random,
    limit: timeLimit('AZURE', attemptTimeoutMs),
    toError,
    mayPass: (error) => mayPass(error) || azureAgain.includes(error.code),
  }
  const copies = createAzureCopies({ ...rules, toError })
  let client: Promise<ContainerClient> | undefined

  return {
    name,
    head,
    put,
    remove,
    list,
    check: (call) =>
      checkByKey({ head, put, remove }, { redactor, ...azureCheck(inputs), writeUnpublished }, call),
  }

  /** A block that is never published: Azure removes it within a week, and shows it to nobody. */
  async function writeUnpublished(key: string, call: CallContext): Promise<void> {
    const blob = await blobOf(key)
    const bytes = Buffer.from('check')
    await retry(rules, call, (own) =>
      blob.stageBlock(blockIds()(0), bytes, bytes.length, { abortSignal: own.signal }),
    )
  }

  async function blobOf(key: string): Promise<BlockBlobClient> {
    return (await connected()).getBlockBlobClient(prefix + key)
  }

  function connected(): Promise<ContainerClient> {
    client ??= connectAzure(access)
    return client
  }

  /** A page tells the metadata, too. The service begins at the first name only, so pages before `after` are read over. */
  async function* list(
    { prefix: begin = '', after }: ListOptions,
    call: CallContext,
  ): AsyncGenerator<ListedObject> {
    const container = await connected()
    let continuationToken: string | undefined
    do {
      const from = continuationToken === undefined ? {} : { continuationToken }
      const { value } = await retry(rules, call, (own) =>
        container
          .listBlobsFlat({ prefix: prefix + begin, includeMetadata: true, abortSignal: own.signal })
          .byPage({ maxPageSize: pageSize, ...from })
          .next(),
      )
      for (const { name: blob, properties, metadata } of value?.segment.blobItems ?? []) {
        const key = blob.slice(prefix.length)
        const { contentLength: size = 0, etag } = properties
        const held = { version: undefined, size, etag: quoted(etag) }
        const listed = listedFrom(key, held, metadata)
        if (listed !== undefined && (after === undefined || compareKeys(key, after) > 0)) yield listed
      }
      continuationToken = value?.continuationToken || undefined
    } while (continuationToken !== undefined)
  }

  async function head(key: string, call: CallContext): Promise<StoredObject | undefined> {
    return look(await blobOf(key), call)
  }

  async function put(
    key: string,
    source: AssetBinary,
    { previous }: { previous?: StoredObject },
    call: CallContext,
  ): Promise<StoredObject> {
    const upload: Upload = {
      blob: await blobOf(key),
      source,
      previous,
      request: {
        conditions: previous === undefined ? { ifNoneMatch: '*' } : { ifMatch: previous.etag ?? '*' },
        metadata: metadataOf(source),
        blobHTTPHeaders: { blobContentType: source.mediaType },
      },
      call,
    }
    try {
      return (await copy(upload)) ?? (await send(upload))
    } catch (thrown) {
      if (!mayBeThere(thrown)) throw thrown
      const held = await head(key, call)
      if (isMadeFrom(source, held)) return held
      throw thrown
    }
  }

  async function remove(key: string, call: CallContext): Promise<void> {
    const blob = await blobOf(key)
    await retry(rules, call, (own) =>
      blob.deleteIfExists({ deleteSnapshots: 'include', abortSignal: own.signal }),
    )
  }

  async function send(upload: Upload): Promise<StoredObject> {
    const { blob, source, request, call } = upload
    const { size } = source
    if (size !== undefined && size <= singleLimit) {
      return withWholeFile(source, size, buffers, call, async (bytes) => {
        const publish = async (own: CallContext): Promise<StoredObject> => {
          const { etag } = await blob.upload(bytes, size, { ...request, abortSignal: own.signal })
          return storedFrom(source, size, tagOf(etag))
        }
        return retry(rules, call, publish, () => arrived(upload))
      })
    }
    const blockId = blockIds()
    const plan = { blockSize: blockSizeFor(size, blockSize, maxBlocks), parallel: parallelBlocks, buffers }
    const sent = await sendBlocks(source, plan, call, async ({ index, bytes }, blockCall) => {
      const transactionalContentMD5 = createHash('md5').update(bytes).digest()
      await retry(rules, blockCall, (own) =>
        blob.stageBlock(blockId(index), bytes, bytes.length, {
          transactionalContentMD5,
          abortSignal: own.signal,
        }),
      )
    })
    return commit(
      upload,
      sent.size,
      Array.from({ length: sent.count }, (_, index) => blockId(index)),
    )
  }

  function commit(upload: Upload, size: number, blocks: string[]): Promise<StoredObject> {
    const { blob, source, request, call } = upload
    const publish = async (own: CallContext): Promise<StoredObject> => {
      const { etag } = await blob.commitBlockList(blocks, { ...request, abortSignal: own.signal })
      return storedFrom(source, size, tagOf(etag))
    }
    return retry(rules, call, publish, () => arrived(upload))
  }

  /** What a blob holds now; undefined when there is none. */
  function look(blob: BlockBlobClient, call: CallContext): Promise<StoredObject | undefined> {
    return retry(rules, call, (own) => lookOnce(blob, own))
  }

  /** Whether a blob was published although the answer was lost. */
  async function arrived({ blob, source, previous, call }: Upload): Promise<StoredObject | undefined> {
    return arrivedSince(previous, source, await look(blob, call))
  }

  /** Has Azure fetch the file; undefined when it cannot, or will not. */
  async function copy(upload: Upload): Promise<StoredObject | undefined> {
    const { blob, source, call } = upload
    const { size } = source
    if (!copyFromUrl || size === undefined || size <= singleLimit) return undefined
    const blocks = await copies.fetched(blob, source, size, call)
    return blocks && commit(upload, size, blocks)
  }
}

type Upload = {
  blob: BlockBlobClient
  source: AssetBinary
  previous: StoredObject | undefined
  /** Goes with the request that publishes. */
  request: Pick<BlockBlobUploadOptions, 'conditions' | 'metadata' | 'blobHTTPHeaders'>
  call: CallContext
}

/** In a list a tag stands without the quotes that it has in a header. */
const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`)

/** Whoever answers without a tag has not stored anything. */
function tagOf(etag: string | undefined): string {
  if (etag === undefined) throw notAzure(201)
  return etag
}

async function lookOnce(blob: BlockBlobClient, own: CallContext): Promise<StoredObject | undefined> {
  try {
    const { metadata, contentLength, etag, blobType } = await blob.getProperties({ abortSignal: own.signal })
    if (contentLength === undefined || etag === undefined || blobType === undefined) throw notAzure(200)
    return { version: versionFromHeader(metadata?.sourceversion), size: contentLength, etag }
  } catch (thrown) {
    if (azureCode(thrown) === 'BlobNotFound') return undefined
    throw thrown
  }
}
