import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { crc32 } from 'node:zlib'

/** A request to the strict S3, its body read. */
export type S3Call = {
  operation: string
  key: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
}

/** A part of an upload. */
export type S3Part = { bytes: Buffer; etag: string; crc: string | undefined }

/** An upload that was begun. */
export type S3Upload = {
  key: string
  mediaType: string | undefined
  version: string | undefined
  assetId: string | undefined
  /** Every part has to bring its CRC-32. */
  checked: boolean
  parts: Map<number, S3Part>
}

/** Thrown by an operation to answer an error. */
export class S3Refusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

const minPartBytes = 5 * 1024 * 1024
const maxParts = 10_000

/** A header that was sent once. */
export function s3Header(call: S3Call, name: string): string | undefined {
  const value = call.headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Who asks, for which region, and when. */
export function checkSignedFor(headers: IncomingHttpHeaders, accessKeyId: string, region: string): void {
  const [, id, scope] =
    /Credential=([^/]+)\/\d{8}\/([^/]+)\/s3\/aws4_request/.exec(headers.authorization ?? '') ?? []
  if (id !== accessKeyId) throw new S3Refusal(403, 'InvalidAccessKeyId')
  if (scope !== region) throw new S3Refusal(400, 'AuthorizationHeaderMalformed')
}

/** What S3 says of keys and metadata. */
export function checkNames(call: S3Call): void {
  if (Buffer.byteLength(call.key) > 1024) throw new S3Refusal(400, 'KeyTooLongError')
  const metadata = Object.entries(call.headers).filter(([name]) => name.startsWith('x-amz-meta-'))
  const size = metadata.reduce((sum, [name, value]) => sum + name.length - 11 + String(value).length, 0)
  if (size > 2048) throw new S3Refusal(400, 'MetadataTooLarge')
}

/** The body is what its headers say. @throws {S3Refusal} also where a checksum was promised and is not there */
export function checkBody(call: S3Call, mustHaveCrc = false): void {
  if (call.headers['content-length'] === undefined) throw new S3Refusal(411, 'MissingContentLength')
  const sha256 = s3Header(call, 'x-amz-content-sha256') ?? ''
  // Framed bodies (aws-chunked) would be stored with their frames.
  if (!/^([0-9a-f]{64}|UNSIGNED-PAYLOAD)$/.test(sha256)) throw new S3Refusal(501, 'NotImplemented')
  if (sha256.length === 64 && createHash('sha256').update(call.body).digest('hex') !== sha256) {
    throw new S3Refusal(400, 'XAmzContentSHA256Mismatch')
  }
  const crc = s3Header(call, 'x-amz-checksum-crc32')
  if (crc === undefined && mustHaveCrc) throw new S3Refusal(400, 'InvalidRequest')
  if (crc === undefined) return
  const right = Buffer.alloc(4)
  right.writeUInt32BE(crc32(call.body))
  if (right.toString('base64') !== crc) throw new S3Refusal(400, 'BadDigest')
}

/** If-None-Match and If-Match. @param held the ETag of what is there */
export function checkCondition(call: S3Call, held: string | undefined): void {
  const noneMatch = s3Header(call, 'if-none-match')
  if (noneMatch !== undefined && noneMatch !== '*') throw new S3Refusal(501, 'NotImplemented')
  if (noneMatch === '*' && held !== undefined) throw new S3Refusal(412, 'PreconditionFailed')
  const match = s3Header(call, 'if-match')
  if (match === undefined) return
  if (held === undefined) throw new S3Refusal(404, 'NoSuchKey')
  if (match !== held) throw new S3Refusal(412, 'PreconditionFailed')
}

/**
 * What a policy of the bucket demands of every write, as companies set it, and what S3 itself refuses.
 * @param demanded the encryption that the policy demands; undefined when the bucket has no such policy
 */
export function checkEncryption(call: S3Call, demanded: 'AES256' | 'aws:kms' | undefined): void {
  const encryption = s3Header(call, 'x-amz-server-side-encryption')
  const key = s3Header(call, 'x-amz-server-side-encryption-aws-kms-key-id')
  if (demanded !== undefined && encryption !== demanded) throw new S3Refusal(403, 'AccessDenied')
  if (key !== undefined && encryption !== 'aws:kms') throw new S3Refusal(400, 'InvalidArgument')
}

/** Keeps a part. */
export function takePart(upload: S3Upload, call: S3Call): S3Part {
  checkBody(call, upload.checked)
  const number = Number(call.query.get('partNumber'))
  if (!(Number.isInteger(number) && number >= 1 && number <= maxParts)) {
    throw new S3Refusal(400, 'InvalidArgument')
  }
  const etag = `"${createHash('md5').update(call.body).digest('hex')}"`
  const part = { bytes: call.body, etag, crc: s3Header(call, 'x-amz-checksum-crc32') }
  upload.parts.set(number, part)
  return part
}

/** The parts that a completion lists, put together. */
export function assembled(upload: S3Upload, call: S3Call): Buffer {
  const listed = [...call.body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => part)
  if (listed.length === 0) throw new S3Refusal(400, 'MalformedXML')
  let last = 0
  const parts = listed.map((text, index) => {
    const number = Number(/<PartNumber>(\d+)</.exec(text)?.[1])
    if (number <= last) throw new S3Refusal(400, 'InvalidPartOrder')
    last = number
    const part = upload.parts.get(number)
    const etag = /<ETag>(.*?)<\/ETag>/.exec(text)?.[1]?.replaceAll('&quot;', '"')
    const crc = /<ChecksumCRC32>(.*?)</.exec(text)?.[1]
    if (part === undefined || part.etag !== etag || part.crc !== crc) throw new S3Refusal(400, 'InvalidPart')
    if (index < listed.length - 1 && part.bytes.length < minPartBytes) {
      throw new S3Refusal(400, 'EntityTooSmall')
    }
    return part.bytes
  })
  const bytes = Buffer.concat(parts)
  const announced = s3Header(call, 'x-amz-mp-object-size')
  if (announced !== undefined && Number(announced) !== bytes.length) {
    throw new S3Refusal(400, 'InvalidRequest')
  }
  return bytes
}
