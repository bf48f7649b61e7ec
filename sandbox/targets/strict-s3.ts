import { randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { answerFault, createStorageFaults, type StorageAnswer, type StorageFaults } from './storage-faults'
import {
  assembled,
  checkBody,
  checkCondition,
  checkEncryption,
  checkNames,
  checkSignedFor,
  type S3Call,
  S3Refusal,
  type S3Upload,
  s3Header,
  takePart,
} from './strict-s3-rules'

/**
 * An S3 that takes its own rules seriously: conditions, checksums, sizes and order of parts, region, lengths of names.
 * Signatures are not calculated.
 */
export type StrictS3 = {
  /** As inputs of the `s3` destination. */
  inputs: Readonly<Record<string, string>>
  objects: Map<string, StoredS3Object>
  /** Uploads that were begun and neither completed nor aborted. */
  uploads: Map<string, S3Upload>
  /** The operations that were asked for, oldest first. */
  calls: S3Call[]
  /** How often an operation was asked for. */
  count(operation: string): number
  failNext: StorageFaults['failNext']
  close(): Promise<void>
}

type StoredS3Object = {
  bytes: Buffer
  etag: string
  mediaType: string | undefined
  version: string | undefined
  assetId?: string | undefined
}

/** How the bucket is set up. */
export type StrictS3Rules = {
  /** Whether the caller has `s3:ListBucket`; without it, what is missing answers 403. @default true */
  mayList?: boolean
  /** What the policy of the bucket demands in `x-amz-server-side-encryption`; without it, nothing is written. @default nothing */
  encryption?: 'AES256' | 'aws:kms'
  /** Answers a completion with an empty ETag, as Ceph's gateway does. @default false */
  emptyTag?: boolean
}

const bucket = 'assets'
/** Of an answer, however many are asked for. */
const maxKeys = 1_000
const region = 'eu-west-1'
const accessKeyId = 'AKIDSTRICT'

/** Starts it on a free port of this process. */
export async function startStrictS3({
  mayList = true,
  encryption,
  emptyTag = false,
}: StrictS3Rules = {}): Promise<StrictS3> {
  const objects = new Map<string, StoredS3Object>()
  const uploads = new Map<string, S3Upload>()
  const calls: S3Call[] = []
  const { failNext, take } = createStorageFaults()

  const operations: Readonly<Record<string, (call: S3Call) => StorageAnswer>> = {
    HeadObject: ({ key }) => {
      const held = objects.get(key)
      if (held === undefined) return { status: mayList ? 404 : 403 }
      return {
        status: 200,
        headers: {
          etag: held.etag,
          'content-length': `${held.bytes.length}`,
          ...(held.mediaType === undefined ? {} : { 'content-type': held.mediaType }),
          ...(held.version === undefined ? {} : { 'x-amz-meta-sourceversion': held.version }),
          ...(held.assetId === undefined ? {} : { 'x-amz-meta-assetid': held.assetId }),
        },
      }
    },
    ListObjectsV2: ({ query }) => {
      if (!mayList) throw new S3Refusal(403, 'AccessDenied')
      const begin = query.get('prefix') ?? ''
      // A token goes on behind a key; with one, S3 ignores where to start.
      const token = query.get('continuation-token')
      const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'hex').toString()
      const keys = [...objects.keys()]
        .filter((key) => key.startsWith(begin) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      const page = keys.slice(0, Math.min(maxKeys, Number(query.get('max-keys') ?? maxKeys)))
      const isCut = page.length < keys.length
      const next = Buffer.from(page.at(-1) ?? '').toString('hex')
      const contents = page.map((key) => {
        const { etag, bytes } = objects.get(key) ?? { etag: '', bytes: [] }
        return `<Contents><Key>${escaped(key)}</Key><ETag>${escaped(etag)}</ETag><Size>${bytes.length}</Size></Contents>`
      })
      return xml(
        `<ListBucketResult><Name>${bucket}</Name><Prefix>${escaped(begin)}</Prefix><KeyCount>${page.length}</KeyCount>` +
          `<IsTruncated>${isCut}</IsTruncated>${isCut ? `<NextContinuationToken>${next}</NextContinuationToken>` : ''}` +
          `${contents.join('')}</ListBucketResult>`,
      )
    },
    PutObject: (call) => {
      checkBody(call)
      checkEncryption(call, encryption)
      checkCondition(call, objects.get(call.key)?.etag)
      return publish(call.key, call.body, describedBy(call.headers))
    },
    DeleteObject: ({ key }) => {
      objects.delete(key)
      return { status: 204 }
    },
    CreateMultipartUpload: (call) => {
      checkEncryption(call, encryption)
      const id = randomUUID()
      const checked = s3Header(call, 'x-amz-checksum-algorithm') === 'CRC32'
      uploads.set(id, { key: call.key, ...describedBy(call.headers), checked, parts: new Map() })
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
    },
    UploadPart: (call) => {
      const { etag, crc } = takePart(uploadOf(call), call)
      return { status: 200, headers: { etag, ...(crc === undefined ? {} : { 'x-amz-checksum-crc32': crc }) } }
    },
    CompleteMultipartUpload: (call) => {
      const upload = uploadOf(call)
      const bytes = assembled(upload, call)
      checkCondition(call, objects.get(call.key)?.etag)
      uploads.delete(call.query.get('uploadId') ?? '')
      const { headers } = publish(call.key, bytes, upload)
      return xml(
        `<CompleteMultipartUploadResult><ETag>${emptyTag ? '' : headers?.etag}</ETag></CompleteMultipartUploadResult>`,
      )
    },
    AbortMultipartUpload: (call) => {
      uploadOf(call)
      uploads.delete(call.query.get('uploadId') ?? '')
      return { status: 204 }
    },
  }

  const server = createServer((incoming, outgoing) => {
    const send = (answer: StorageAnswer | undefined): void => {
      if (answer === undefined) return
      outgoing.writeHead(answer.status, answer.headers)
      outgoing.end(incoming.method === 'HEAD' ? undefined : answer.body)
    }
    answer(incoming, outgoing).then(send, (thrown: unknown) => {
      if (thrown instanceof S3Refusal) send(problem(thrown.status, thrown.code))
      else outgoing.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined

  return {
    inputs: {
      S3_BUCKET: bucket,
      S3_REGION: region,
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: 'strict-secret-access-key',
    },
    objects,
    uploads,
    calls,
    count: (operation) => calls.filter((call) => call.operation === operation).length,
    failNext,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<StorageAnswer | undefined> {
    const url = new URL(incoming.url ?? '/', 'http://localhost')
    const [, name, ...path] = url.pathname.split('/').map(decodeURIComponent)
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const call: S3Call = {
      operation: operationOf(incoming.method ?? '', url.searchParams),
      key: path.join('/'),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    }
    calls.push(call)
    const fault = take(call.operation)
    if (fault !== undefined) {
      if (fault.takesEffect) done(call, name)
      return answerFault(fault, outgoing, problem)
    }
    return done(call, name)
  }

  function done(call: S3Call, name: string | undefined): StorageAnswer {
    checkSignedFor(call.headers, accessKeyId, region)
    if (name !== bucket) throw new S3Refusal(404, 'NoSuchBucket')
    checkNames(call)
    return operations[call.operation]?.(call) ?? problem(501, 'NotImplemented')
  }

  function publish(
    key: string,
    bytes: Buffer,
    { mediaType, version, assetId }: Pick<StoredS3Object, 'mediaType' | 'version' | 'assetId'>,
  ): StorageAnswer {
    const etag = `"${randomUUID()}"`
    objects.set(key, { bytes, etag, mediaType, version, assetId })
    return { status: 200, headers: { etag } }
  }

  function uploadOf(call: S3Call): S3Upload {
    const upload = uploads.get(call.query.get('uploadId') ?? '')
    if (upload === undefined || upload.key !== call.key) throw new S3Refusal(404, 'NoSuchUpload')
    return upload
  }
}

function operationOf(method: string, query: URLSearchParams): string {
  if (method === 'HEAD') return 'HeadObject'
  if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2'
  if (method === 'PUT') return query.has('partNumber') ? 'UploadPart' : 'PutObject'
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload'
  return method
}

const describedBy = (headers: IncomingHttpHeaders): Pick<S3Upload, 'mediaType' | 'version' | 'assetId'> => ({
  mediaType: headers['content-type'],
  version: headers['x-amz-meta-sourceversion']?.toString(),
  assetId: headers['x-amz-meta-assetid']?.toString(),
})

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const xml = (body: string, status = 200): StorageAnswer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
})

const problem = (status: number, code: string): StorageAnswer =>
  xml(`<Error><Code>${code}</Code><Message>${code} at /?X-Amz-Signature=leaked</Message></Error>`, status)
