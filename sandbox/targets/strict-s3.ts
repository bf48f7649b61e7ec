import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { crc32 } from 'node:zlib'

/** An S3 that takes its own rules seriously: conditions, checksums, sizes of parts. Signatures are not calculated. */
export type StrictS3 = {
  /** As inputs of the `s3` destination. */
  inputs: Readonly<Record<string, string>>
  objects: Map<string, StoredS3Object>
  /** Uploads that were begun and neither completed nor aborted. */
  uploads: Map<string, Upload>
  /** `METHOD name`, oldest first; the name is the operation's own. */
  calls: string[]
  /** Answers this to the next call of an operation, which takes effect or not. */
  failNext(operation: string, answer: { status: number; code?: string; takesEffect?: boolean }): void
  close(): Promise<void>
}

export type StoredS3Object = {
  bytes: Buffer
  etag: string
  mediaType: string | undefined
  version: string | undefined
}
type Part = { bytes: Buffer; etag: string; crc: string | undefined }
type Upload = {
  key: string
  mediaType: string | undefined
  version: string | undefined
  parts: Map<number, Part>
}
type Call = {
  operation: string
  key: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: Buffer
}
type Answer = { status: number; headers?: Record<string, string>; body?: string }

const bucket = 'assets'
const accessKeyId = 'AKIDSTRICT'
const minPartBytes = 5 * 1024 * 1024

/** Thrown by an operation to answer an error. */
class Refusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

/** Starts it on a free port of this process. */
export async function startStrictS3(): Promise<StrictS3> {
  const objects = new Map<string, StoredS3Object>()
  const uploads = new Map<string, Upload>()
  const calls: string[] = []
  const faults: { operation: string; status: number; code?: string; takesEffect?: boolean }[] = []

  const operations: Readonly<Record<string, (call: Call) => Answer>> = {
    HeadObject: ({ key }) => {
      const held = objects.get(key)
      if (held === undefined) return { status: 404 }
      return {
        status: 200,
        headers: {
          etag: held.etag,
          'content-length': `${held.bytes.length}`,
          ...(held.mediaType === undefined ? {} : { 'content-type': held.mediaType }),
          ...(held.version === undefined ? {} : { 'x-amz-meta-sourceversion': held.version }),
        },
      }
    },
    PutObject: (call) => {
      checkBody(call)
      checkCondition(call)
      return publish(call.key, call.body, describedBy(call.headers))
    },
    DeleteObject: ({ key }) => {
      objects.delete(key)
      return { status: 204 }
    },
    CreateMultipartUpload: ({ key, headers }) => {
      const id = randomUUID()
      uploads.set(id, { key, ...describedBy(headers), parts: new Map() })
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
    },
    UploadPart: (call) => {
      checkBody(call)
      const etag = `"${createHash('md5').update(call.body).digest('hex')}"`
      const crc = header(call, 'x-amz-checksum-crc32')
      uploadOf(call).parts.set(Number(call.query.get('partNumber')), { bytes: call.body, etag, crc })
      return { status: 200, headers: { etag, ...(crc === undefined ? {} : { 'x-amz-checksum-crc32': crc }) } }
    },
    CompleteMultipartUpload: (call) => {
      const upload = uploadOf(call)
      const bytes = assembled(upload, call)
      checkCondition(call)
      uploads.delete(call.query.get('uploadId') ?? '')
      const { headers } = publish(call.key, bytes, upload)
      return xml(
        `<CompleteMultipartUploadResult><ETag>${headers?.etag}</ETag></CompleteMultipartUploadResult>`,
      )
    },
    AbortMultipartUpload: (call) => {
      uploadOf(call)
      uploads.delete(call.query.get('uploadId') ?? '')
      return { status: 204 }
    },
  }

  const server = createServer((incoming, outgoing) => {
    const send = ({ status, headers = {}, body = '' }: Answer): void => {
      outgoing.writeHead(status, headers)
      outgoing.end(incoming.method === 'HEAD' ? undefined : body)
    }
    answer(incoming).then(send, (thrown: unknown) => {
      if (thrown instanceof Refusal) send(problem(thrown.status, thrown.code))
      else outgoing.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined

  return {
    inputs: {
      S3_BUCKET: bucket,
      S3_REGION: 'eu-west-1',
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: 'strict-secret-access-key',
    },
    objects,
    uploads,
    calls,
    failNext: (operation, fault) => faults.push({ operation, ...fault }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function answer(incoming: IncomingMessage): Promise<Answer> {
    const url = new URL(incoming.url ?? '/', 'http://localhost')
    const [, name, ...path] = url.pathname.split('/').map(decodeURIComponent)
    const operation = operationOf(incoming.method ?? '', url.searchParams)
    calls.push(operation)
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    if (!incoming.headers.authorization?.includes(`Credential=${accessKeyId}/`))
      throw new Refusal(403, 'InvalidAccessKeyId')
    if (name !== bucket) throw new Refusal(404, 'NoSuchBucket')
    const fault = faults.findIndex((it) => it.operation === operation)
    const [struck] = fault < 0 ? [] : faults.splice(fault, 1)
    if (struck !== undefined && !struck.takesEffect) return problem(struck.status, struck.code)
    const call: Call = {
      operation,
      key: path.join('/'),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    }
    const done = operations[operation]?.(call) ?? problem(501, 'NotImplemented')
    return struck === undefined ? done : problem(struck.status, struck.code)
  }

  function publish(
    key: string,
    bytes: Buffer,
    described: Pick<StoredS3Object, 'mediaType' | 'version'>,
  ): Answer {
    const etag = `"${randomUUID()}"`
    objects.set(key, { bytes, etag, mediaType: described.mediaType, version: described.version })
    return { status: 200, headers: { etag } }
  }

  function checkCondition(call: Call): void {
    const held = objects.get(call.key)
    if (header(call, 'if-none-match') === '*' && held !== undefined)
      throw new Refusal(412, 'PreconditionFailed')
    const match = header(call, 'if-match')
    if (match !== undefined && held === undefined) throw new Refusal(404, 'NoSuchKey')
    if (match !== undefined && match !== held?.etag) throw new Refusal(412, 'PreconditionFailed')
  }

  function uploadOf(call: Call): Upload {
    const upload = uploads.get(call.query.get('uploadId') ?? '')
    if (upload === undefined || upload.key !== call.key) throw new Refusal(404, 'NoSuchUpload')
    return upload
  }
}

function operationOf(method: string, query: URLSearchParams): string {
  if (method === 'HEAD') return 'HeadObject'
  if (method === 'PUT') return query.has('partNumber') ? 'UploadPart' : 'PutObject'
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload'
  return method
}

function assembled(upload: Upload, call: Call): Buffer {
  const listed = [...call.body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => part)
  const parts = listed.map((text, index) => {
    const number = Number(/<PartNumber>(\d+)</.exec(text)?.[1])
    const part = upload.parts.get(number)
    const etag = /<ETag>(.*?)<\/ETag>/.exec(text)?.[1]?.replaceAll('&quot;', '"')
    const crc = /<ChecksumCRC32>(.*?)</.exec(text)?.[1]
    if (part === undefined || part.etag !== etag || part.crc !== crc) throw new Refusal(400, 'InvalidPart')
    if (index < listed.length - 1 && part.bytes.length < minPartBytes)
      throw new Refusal(400, 'EntityTooSmall')
    return part.bytes
  })
  const bytes = Buffer.concat(parts)
  const announced = header(call, 'x-amz-mp-object-size')
  if (announced !== undefined && Number(announced) !== bytes.length) throw new Refusal(400, 'InvalidRequest')
  return bytes
}

function checkBody(call: Call): void {
  const sha256 = header(call, 'x-amz-content-sha256') ?? ''
  // Framed bodies (aws-chunked) would be stored with their frames.
  if (!/^([0-9a-f]{64}|UNSIGNED-PAYLOAD)$/.test(sha256)) throw new Refusal(501, 'NotImplemented')
  if (sha256.length === 64 && createHash('sha256').update(call.body).digest('hex') !== sha256) {
    throw new Refusal(400, 'XAmzContentSHA256Mismatch')
  }
  const crc = header(call, 'x-amz-checksum-crc32')
  if (crc === undefined) return
  const right = Buffer.alloc(4)
  right.writeUInt32BE(crc32(call.body))
  if (right.toString('base64') !== crc) throw new Refusal(400, 'BadDigest')
}

function header(call: Call, name: string): string | undefined {
  const value = call.headers[name]
  return typeof value === 'string' ? value : undefined
}

const describedBy = (headers: IncomingMessage['headers']): Pick<StoredS3Object, 'mediaType' | 'version'> => ({
  mediaType: headers['content-type'],
  version: headers['x-amz-meta-sourceversion']?.toString(),
})

const xml = (body: string, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
})

const problem = (status: number, code = 'InternalError'): Answer =>
  xml(`<Error><Code>${code}</Code><Message>${code} at /?X-Amz-Signature=leaked</Message></Error>`, status)
