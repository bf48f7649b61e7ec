import type * as Library from '@aws-sdk/client-s3'
import { transientError } from '../core/errors'
import { withAttempts } from './attempts'
import { readPrefix } from './azure-inputs'
import { type Block, blockSizeFor, sendBlocks, withWholeFile } from './blocks'
import { createBuffers } from './buffers'
import type { AssetBinary, Destination, DestinationFactory, StoredObject } from './destination'
import { hasS3Inputs, readS3Access, type S3Access } from './s3-inputs'
import { s3Status, toS3Error } from './s3-problem'
import { leaveContentUnsigned } from './s3-unsigned'
import { isMadeFrom, mayBeThere, storedFrom, versionFromHeader, versionToHeader } from './stored'

/** A bucket in Amazon S3, or in a service that speaks its protocol. Where it is comes from the `S3_*` inputs. */
export type S3Options = {
  /**
   * `when-supported` sends a CRC-32 with every part, which S3 checks. Several compatible services refuse it.
   * @default 'when-supported' for AWS, 'when-required' with an S3_ENDPOINT
   */
  checksums?: 'when-supported' | 'when-required'
  /**
   * Writes under the condition that nobody else has written meanwhile. Several compatible services refuse the
   * condition or, worse, overlook it; without it the object is looked at just before it is written.
   * @default true for AWS, false with an S3_ENDPOINT
   */
  conditional?: boolean
}

const mebibyte = 1024 * 1024
/** Up to here a file is one request. */
const singleLimit = 8 * mebibyte
const partSize = 8 * mebibyte
const parallelParts = 3
/** For all uploads of a container together. */
const memoryLimit = 32 * mebibyte
const maxParts = 10_000
/** What a file of unknown size may have. */
const assumedSize = 128 * 1024 * mebibyte
const attemptTimeoutMs = 60_000
const completeTimeoutMs = 180_000
const abortTimeoutMs = 5_000

/** Creates the `s3` destination. */
export const s3 = (options: S3Options = {}): DestinationFactory => ({
  isOn: hasS3Inputs,
  create: (context) => {
    const access = readS3Access(context)
    const isAws = access.endpoint === undefined
    return createS3(access, readPrefix(context.input('S3_PREFIX')), {
      checksums: options.checksums ?? (isAws ? 'when-supported' : 'when-required'),
      conditional: options.conditional ?? isAws,
    })
  },
})

function createS3(access: S3Access, prefix: string, options: Required<S3Options>): Destination {
  const buffers = createBuffers(memoryLimit)
  const { conditional } = options
  const checksum = options.checksums === 'when-supported' ? ({ ChecksumAlgorithm: 'CRC32' } as const) : {}
  const rules = { name: 'S3', timeoutMs: attemptTimeoutMs, toError: toS3Error }
  let service: Promise<Service> | undefined

  return {
    name: 's3',
    can: { head: true, atomic: true, conditional, remove: true, copyFromUrl: false },
    head,
    put,
    remove,
  }

  function connected(): Promise<Service> {
    service ??= connect(access, options)
    return service
  }

  function at(key: string): { Bucket: string; Key: string } {
    return { Bucket: access.bucket, Key: prefix + key }
  }

  async function head(key: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    const { client, library } = await connected()
    return withAttempts(rules, signal, async (abortSignal) => {
      try {
        const {
          Metadata,
          ContentLength = 0,
          ETag,
        } = await client.send(new library.HeadObjectCommand(at(key)), { abortSignal })
        return {
          version: versionFromHeader(Metadata?.sourceversion),
          size: ContentLength,
          ...(ETag === undefined ? {} : { etag: ETag }),
        }
      } catch (thrown) {
        if (s3Status(thrown) === 404) return undefined
        throw thrown
      }
    })
  }

  async function put(
    key: string,
    source: AssetBinary,
    { previous, signal }: { previous?: StoredObject; signal: AbortSignal },
  ): Promise<StoredObject> {
    const upload: Upload = { ...(await connected()), key, source, previous, signal }
    try {
      const { size } = source
      return size !== undefined && size <= singleLimit ? await putWhole(upload, size) : await putParts(upload)
    } catch (thrown) {
      if (!mayBeThere(thrown)) throw thrown
      const held = await head(key, signal)
      if (isMadeFrom(source, held)) return held
      throw thrown
    }
  }

  async function remove(key: string, signal: AbortSignal): Promise<void> {
    const { client, library } = await connected()
    await withAttempts(rules, signal, (abortSignal) =>
      client.send(new library.DeleteObjectCommand(at(key)), { abortSignal }),
    )
  }

  function putWhole(upload: Upload, size: number): Promise<StoredObject> {
    const { client, library, key, source, signal } = upload
    return withWholeFile(source, size, buffers, signal, async (bytes) => {
      const condition = await conditionFor(upload)
      const { ETag } = await withAttempts(rules, signal, (abortSignal) =>
        client.send(
          new library.PutObjectCommand({
            ...at(key),
            ...condition,
            ...described(source),
            Body: bytes,
            ContentLength: size,
          }),
          { abortSignal },
        ),
      )
      return storedFrom(source, size, ETag)
    })
  }

  async function putParts(upload: Upload): Promise<StoredObject> {
    const { client, library, key, source, signal } = upload
    const { UploadId } = await withAttempts(rules, signal, (abortSignal) =>
      client.send(
        new library.CreateMultipartUploadCommand({ ...at(key), ...described(source), ...checksum }),
        { abortSignal },
      ),
    )
    if (UploadId === undefined) throw transientError('S3_INTERRUPTED', 'S3 began an upload without naming it')
    try {
      return await fill(upload, UploadId)
    } catch (thrown) {
      // Parts that belong to no object are billed. The signal of the work may be the reason why we are here.
      const abortSignal = AbortSignal.timeout(abortTimeoutMs)
      await client
        .send(new library.AbortMultipartUploadCommand({ ...at(key), UploadId }), { abortSignal })
        .catch(() => undefined)
      throw thrown
    }
  }

  async function fill(upload: Upload, UploadId: string): Promise<StoredObject> {
    const { client, library, key, source, signal } = upload
    const parts: Library.CompletedPart[] = []
    const blockSize = blockSizeFor(source.size ?? assumedSize, partSize, maxParts)
    const plan = { blockSize, parallel: parallelParts, buffers }
    const { size } = await sendBlocks(source, plan, signal, async ({ index, bytes }: Block, partSignal) => {
      const part = { ...at(key), UploadId, PartNumber: index + 1, Body: bytes, ...checksum }
      const { ETag, ChecksumCRC32 } = await withAttempts(rules, partSignal, (abortSignal) =>
        client.send(new library.UploadPartCommand(part), { abortSignal }),
      )
      parts[index] = {
        PartNumber: index + 1,
        ...(ETag === undefined ? {} : { ETag }),
        ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
      }
    })
    const complete = new library.CompleteMultipartUploadCommand({
      ...at(key),
      ...(await conditionFor(upload)),
      UploadId,
      MultipartUpload: { Parts: parts },
      ...('ChecksumAlgorithm' in checksum ? { MpuObjectSize: size } : {}),
    })
    const { ETag } = await withAttempts({ ...rules, timeoutMs: completeTimeoutMs }, signal, (abortSignal) =>
      client.send(complete, { abortSignal }),
    )
    return storedFrom(source, size, ETag)
  }

  /** The condition to publish under; where the service knows none, a last look instead. */
  async function conditionFor({
    key,
    previous,
    signal,
  }: Upload): Promise<{ IfMatch?: string; IfNoneMatch?: string }> {
    if (conditional) {
      if (previous === undefined) return { IfNoneMatch: '*' }
      return previous.etag === undefined ? {} : { IfMatch: previous.etag }
    }
    const held = await head(key, signal)
    if (held?.etag !== previous?.etag) {
      throw transientError('DESTINATION_CHANGED', 'somebody else wrote this object to S3 meanwhile', {
        upstream: 'S3',
      })
    }
    return {}
  }
}

type Service = { client: Library.S3Client; library: typeof Library }

type Upload = Service & {
  key: string
  source: AssetBinary
  previous: StoredObject | undefined
  signal: AbortSignal
}

const described = (source: AssetBinary): { ContentType: string; Metadata: Record<string, string> } => ({
  ContentType: source.mediaType,
  Metadata: { sourceversion: versionToHeader(source.version) },
})

async function connect(access: S3Access, { checksums }: Required<S3Options>): Promise<Service> {
  const library = await import('@aws-sdk/client-s3')
  const { region, endpoint, credentials } = access
  const client = new library.S3Client({
    region,
    credentials,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Our own attempts instead.
    maxAttempts: 1,
    requestChecksumCalculation: checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, every part would open a connection of its own and wait for a round trip.
    expectContinueHeader: false,
    // Given here, so that no configuration file is looked for.
    retryMode: 'standard',
    defaultsMode: 'standard',
    useArnRegion: false,
    disableMultiregionAccessPoints: false,
    disableS3ExpressSessionAuth: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'aem-asset-bridge',
    requestHandler: { connectionTimeout: 10_000 },
  })
  leaveContentUnsigned(client)
  return { client, library }
}
