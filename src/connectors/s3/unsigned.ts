import type { S3Client } from '@aws-sdk/client-s3'

/**
 * Leaves the content of files out of the signature. Otherwise every byte would be hashed with SHA-256 once more
 * before it is sent. TLS protects the bytes, and the CRC-32 where the service checks it. Plain http is for loopback
 * only. The requests themselves, and all bodies that are no file, are signed.
 */
export function leaveContentUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args
      if (hasHeaders(request) && Buffer.isBuffer(request.body))
        request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
      return next(args)
    },
    { step: 'build', name: 'leaveContentUnsigned' },
  )
}

const hasHeaders = (request: unknown): request is { headers: Record<string, string>; body: unknown } =>
  typeof request === 'object' &&
  request !== null &&
  'body' in request &&
  'headers' in request &&
  typeof request.headers === 'object'
