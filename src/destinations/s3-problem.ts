import { BridgeError, type FailureClass } from '../core/errors'
import { parseRetryAfter } from '../http/retry-after'
import { connectionCode, isWrongHost } from './attempts'

/** What is used of the library's error; never its message. */
type Refusal = {
  name: string
  $metadata?: { httpStatusCode?: number }
  $response?: { headers?: Record<string, string> }
}

const changed = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']
const passing = [
  'RequestTimeout',
  'NoSuchUpload',
  'BadDigest',
  'IncompleteBody',
  'InvalidPart',
  'OperationAborted',
]
const refused = ['EntityTooLarge', 'InvalidArgument', 'KeyTooLong', 'KeyTooLongError', 'MetadataTooLarge']
const missing = ['NoSuchBucket', 'InvalidBucketName']
/** These answer 400; what answers 401 or 403 need not be listed. */
const unauthorized = ['AuthorizationHeaderMalformed', 'ExpiredToken', 'InvalidToken', 'TokenRefreshRequired']

/** S3's own word for what is wrong, such as `NoSuchBucket`; empty when it gave none. */
export function s3Code(thrown: unknown): string {
  const { name } = asRefusal(thrown)
  return /^[A-Za-z]{1,80}$/.test(name) && name !== 'Error' && name !== 'UnknownError' ? name : ''
}

/** The HTTP status that was answered; undefined when there was no answer. */
export const s3Status = (thrown: unknown): number | undefined => asRefusal(thrown).$metadata?.httpStatusCode

/** What the library threw, as an error of ours. */
export function toS3Error(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const status = s3Status(thrown)
  if (status === undefined) return unreachable(thrown)
  const code = s3Code(thrown)
  const answer = `S3 answered ${status}${code === '' ? '' : ` ${code}`}`
  const retryAfterMs = parseRetryAfter(asRefusal(thrown).$response?.headers?.['retry-after'], Date.now())
  const error = (failureClass: FailureClass, ours: string, meaning: string): BridgeError =>
    new BridgeError(failureClass, ours, `${answer}: ${meaning}`, {
      upstream: 'S3',
      status,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })

  if (changed.includes(code) || status === 412) {
    return error('transient', 'DESTINATION_CHANGED', 'somebody else wrote this object meanwhile')
  }
  if (passing.includes(code)) return error('transient', 'S3_INTERRUPTED', 'the upload was interrupted')
  if (refused.includes(code) || status === 413)
    return error('permanent', 'S3_REFUSED', 'it does not take this file')
  if (missing.includes(code))
    return error('systemic', 'S3_BUCKET_MISSING', 'the bucket in S3_BUCKET is not there')
  if (status >= 300 && status < 400)
    return error('systemic', 'S3_REDIRECTS', 'the bucket is in another region than S3_REGION says')
  if (status === 401 || status === 403 || unauthorized.includes(code)) {
    return error(
      'systemic',
      'S3_UNAUTHORIZED',
      'check the S3_ inputs and the policy of the bucket (s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket)',
    )
  }
  if (status === 501 || status === 505) {
    return error(
      'systemic',
      'S3_NOT_SUPPORTED',
      'the service does not know a header of ours: set checksums to when-required, or conditional to false, in config/destinations.ts',
    )
  }
  if (status === 408 || status === 429 || status >= 500)
    return error('transient', 'S3_UNAVAILABLE', 'it is not available')
  if (status === 404)
    return error('systemic', 'S3_UNEXPECTED_ANSWER', 'there is no such bucket, or no S3 service')
  return error('permanent', 'S3_REFUSED', 'it does not take this file')
}

function unreachable(thrown: unknown): BridgeError {
  const code = connectionCode(thrown) ?? (thrown instanceof Error ? thrown.name : 'unknown error')
  return new BridgeError(
    isWrongHost(code) ? 'systemic' : 'transient',
    'S3_UNREACHABLE',
    `S3 cannot be reached: ${code}`,
    { upstream: 'S3' },
  )
}

const asRefusal = (thrown: unknown): Refusal => (thrown instanceof Error ? (thrown as Refusal) : { name: '' })
