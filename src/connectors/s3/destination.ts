import type * as Library from '@aws-sdk/client-s3'
import { startAttempt } from '../../core/attempt'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, transientError } from '../../core/errors'
import { mayPass, type RetryRules, retry, timeLimit } from '../../http/retry'
import type {
  AssetBinary,
  Destination,
  DestinationContext,
  DestinationFactory,
  StoredObject,
} from '../../plugin/destination'
import { prefixed } from '../../plugin/inputs'
import { type Block, blockSizeFor, sendBlocks, withWholeFile } from '../kit/blocks'
import { createBuffers } from '../kit/buffers'
import { checkByKey } from '../kit/check-by-key'
import { arrivedSince, isMadeFrom, mayBeThere, metadataOf, storedFrom } from '../kit/stored'
import { s3Check } from './check'
import { connectS3, type Service } from './client'
import { s3Again, toS3Error, toS3HeadError } from './errors'
import { hasS3Inputs, readS3Access, type S3Access, s3Inputs } from './inputs'
import { s3Objects, tagOf } from './objects'

/** A bucket in Amazon S3, or in a service that speaks its protocol. Where it is comes from the `S3_*` inputs. */
export type S3Options = {
  /** Begin of the inputs' names: `S3` for `S3_BUCKET` and its like. A second bucket needs its own. @default 'S3' */
  inputs?: string
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
export const s3 = ({ inputs = 'S3', ...options }: S3Options = {}): DestinationFactory => ({
  inputs: prefixed(inputs, s3Inputs),
  docs: 'docs/connectors/s3.md',
  isOn: (context) => hasS3Inputs(context, inputs),
  create: (context) => {
    const access = readS3Access(context, inputs)
    const isAws = access.endpoint === undefined
    return createS3(access, context, {
      checksums: options.checksums ?? (isAws ? 'when-supported' : 'when-required'),
      conditional: options.conditional ?? isAws,
    })
  },
})

function createS3(
  access: S3Access,
  { name, redactor, clock, random }: Pick<DestinationContext, 'name' | 'redactor' | 'clock' | 'random'>,
  { checksums, conditional }: Required<Omit<S3Options, 'inputs'>>,
): Destination {
  const buffers = createBuffers(memoryLimit)
  const { prefix, inputs, encryption } = access
  const checksum = checksums === 'when-supported' ? ({ ChecksumAlgorithm: 'CRC32' } as const) : {}
  const toError = (thrown: unknown): BridgeError => toS3Error(thrown, clock.now(), inputs)
  const rules: RetryRules = {
    clock,
    random,
    limit: timeLimit('S3', attemptTimeoutMs),
    toError,
    mayPass: (error) => mayPass(error) || s3Again.includes(error.code),
  }
  const headRules: RetryRules = { ...rules, toError: (thrown) => toS3HeadError(thrown, clock.now(), inputs) }
  let service: Promise<Service> | undefined
  const { head, look, list } = s3Objects({ connected, at, prefix, rules, headRules })

  return {
    name,
    head,
    put,
    remove,
    list,
    check: (call) =>
      checkByKey({ head, put, remove }, { redactor, ...s3Check(inputs), writeUnpublished }, call),
  }

  /** An upload in parts that has none, and is given up. */
  async function writeUnpublished(key: string, call: CallContext): Promise<void> {
    const { client, library } = await connected()
    const { UploadId } = await retry(rules, call, (own) =>
      client.send(new library.CreateMultipartUploadCommand({ ...at(key), ...encryption }), {
        abortSignal: own.signal,
      }),
    )
    await retry(rules, call, (own) =>
      client.send(new library.AbortMultipartUploadCommand({ ...at(key), UploadId }), {
        abortSignal: own.signal,
      }),
    )
  }

  function connected(): Promise<Service> {
    service ??= connectS3(access, checksums)
    return service
  }

  function at(key: string): { Bucket: string; Key: string } {
    return { Bucket: access.bucket, Key: prefix + key }
  }

  /** Whether an object was published although the answer was lost. */
  async function arrived({ key, source, previous, call }: Upload): Promise<StoredObject | undefined> {
    return arrivedSince(previous, source, await head(key, call))
  }

  async function put(
    key: string,
    source: AssetBinary,
    { previous }: { previous?: StoredObject },
    call: CallContext,
  ): Promise<StoredObject> {
    const upload: Upload = { ...(await connected()), key, source, previous, call }
    try {
      const { size } = source
      return size !== undefined && size <= singleLimit ? await putWhole(upload, size) : await putParts(upload)
    } catch (thrown) {
      if (!mayBeThere(thrown)) throw thrown
      const held = await head(key, call)
      if (isMadeFrom(source, held)) return held
      throw thrown
    }
  }

  async function remove(key: string, call: CallContext): Promise<void> {
    const { client, library } = await connected()
    await retry(rules, call, (own) =>
      client.send(new library.DeleteObjectCommand(at(key)), { abortSignal: own.signal }),
    )
  }

  function putWhole(upload: Upload, size: number): Promise<StoredObject> {
    const { client, library, key, source, call } = upload
    return withWholeFile(source, size, buffers, call, async (bytes) => {
      const condition = await conditionFor(upload)
      const request = {
        ...at(key),
        ...condition,
        ...described(source),
        ...encryption,
        Body: bytes,
        ContentLength: size,
      }
      const publish = async (own: CallContext): Promise<StoredObject> => {
        const { ETag } = await client.send(new library.PutObjectCommand(request), { abortSignal: own.signal })
        return storedFrom(source, size, tagOf(ETag))
      }
      return retry(rules, call, publish, () => arrived(upload))
    })
  }

  async function putParts(upload: Upload): Promise<StoredObject> {
    // The first part is read meanwhile. Who awaits it last, learns of a failure.
    const begun = begin(upload)
    begun.catch(() => undefined)
    try {
      return await fill(upload, begun)
    } catch (thrown) {
      await abandon(upload, begun)
      throw thrown
    }
  }

  /** @returns the id of an upload in parts */
  async function begin({ client, library, key, source, call }: Upload): Promise<string> {
    const request = { ...at(key), ...described(source), ...encryption, ...checksum }
    const { UploadId } = await retry(rules, call, (own) =>
      client.send(new library.CreateMultipartUploadCommand(request), { abortSignal: own.signal }),
    )
    if (UploadId === undefined) throw transientError('S3_INTERRUPTED', 'S3 began an upload without naming it')
    return UploadId
  }

  /** Removes the parts of an upload that failed: those that belong to no object are billed. */
  async function abandon({ client, library, key }: Upload, begun: Promise<string>): Promise<void> {
    const UploadId = await begun.catch(() => undefined)
    if (UploadId === undefined) return
    // The signal of the work may be the reason why we are here.
    const attempt = startAttempt(new AbortController().signal, abortTimeoutMs)
    await client
      .send(new library.AbortMultipartUploadCommand({ ...at(key), UploadId }), {
        abortSignal: attempt.signal,
      })
      .catch(() => undefined)
      .finally(attempt.release)
  }

  async function fill(upload: Upload, begun: Promise<string>): Promise<StoredObject> {
    const { client, library, key, source, call } = upload
    const parts: Library.CompletedPart[] = []
    const blockSize = blockSizeFor(source.size ?? assumedSize, partSize, maxParts)
    const plan = { blockSize, parallel: parallelParts, buffers }
    const { size } = await sendBlocks(source, plan, call, async ({ index, bytes }: Block, partCall) => {
      const UploadId = await begun
      const part = { ...at(key), UploadId, PartNumber: index + 1, Body: bytes, ...checksum }
      parts[index] = await retry(rules, partCall, async (own) => {
        const { ETag, ChecksumCRC32 } = await client.send(new library.UploadPartCommand(part), {
          abortSignal: own.signal,
        })
        return {
          PartNumber: index + 1,
          ETag: tagOf(ETag),
          ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
        }
      })
    })
    const complete = new library.CompleteMultipartUploadCommand({
      ...at(key),
      ...(await conditionFor(upload)),
      UploadId: await begun,
      MultipartUpload: { Parts: parts },
      ...('ChecksumAlgorithm' in checksum ? { MpuObjectSize: size } : {}),
    })
    const publish = async (own: CallContext): Promise<StoredObject> => {
      const { ETag } = await client.send(complete, { abortSignal: own.signal })
      // Ceph's gateway completes with an empty tag; the object has one.
      if (ETag !== '') return storedFrom(source, size, tagOf(ETag))
      return (await look({ client, library }, key, own)) ?? storedFrom(source, size, undefined)
    }
    return retry({ ...rules, limit: timeLimit('S3', completeTimeoutMs) }, call, publish, () =>
      arrived({ ...upload, source: { ...source, size } }),
    )
  }

  /** The condition to publish under; where the service knows none, a last look instead. */
  async function conditionFor({
    key,
    previous,
    call,
  }: Upload): Promise<{ IfMatch?: string; IfNoneMatch?: string }> {
    if (conditional) {
      if (previous === undefined) return { IfNoneMatch: '*' }
      return previous.etag === undefined ? {} : { IfMatch: previous.etag }
    }
    const held = await head(key, call)
    if (held?.etag !== previous?.etag) {
      throw transientError('DESTINATION_CHANGED', 'somebody else wrote this object to S3 meanwhile', {
        upstream: 'S3',
      })
    }
    return {}
  }
}

type Upload = Service & {
  key: string
  source: AssetBinary
  previous: StoredObject | undefined
  call: CallContext
}

const described = (source: AssetBinary): { ContentType: string; Metadata: Record<string, string> } => ({
  ContentType: source.mediaType,
  Metadata: metadataOf(source),
})
