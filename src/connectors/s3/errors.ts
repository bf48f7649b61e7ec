import { BridgeError, permanentError, systemicError, transientError } from '../../core/errors'
import { connectionCode, isWrongHost } from '../../http/network-error'
import { inBrackets, reasonOfValue } from '../../http/reason'
import { parseRetryAfter } from '../../http/retry-after'
import { isUnsupported, mayPassStatus } from '../../http/status'

/** What is used of the library's error. Its message is that of S3 where S3 gave a code, else the library's own. */
type Refusal = {
  name: string
  message?: string
  $fault?: string
  $metadata?: { httpStatusCode?: number }
  $response?: { statusCode?: number; headers?: Record<string, string> }
}

const changed = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']
const interrupted = ['NoSuchUpload', 'InvalidPart', 'OperationAborted']
const cut = ['BadDigest', 'IncompleteBody', 'RequestTimeout', 'XAmzContentSHA256Mismatch']
/** A copy or a completion may answer 200 and fail afterwards, with one of these in the body. */
const unavailable = ['InternalError', 'ServiceUnavailable', 'SlowDown']
const refused = [
  'EntityTooLarge',
  'InvalidArgument',
  'InvalidURI',
  'KeyTooLong',
  'KeyTooLongError',
  'MetadataTooLarge',
]
const missing = ['NoSuchBucket', 'InvalidBucketName']
const elsewhere = ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'TemporaryRedirect']
/** These answer 400; what answers 401 or 403 need not be listed. */
const unauthorized = ['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired']

/** Errors after which the same request may pass, whatever the status. */
export const s3Again: readonly string[] = ['S3_CUT', 'S3_UNAVAILABLE']

/** S3's own word for what is wrong, such as `NoSuchBucket` or `KMS.NotFoundException`; empty when it gave none. */
function codeOf({ name, $fault }: Refusal): string {
  const isKnown = $fault !== undefined && /^(KMS\.)?[A-Za-z]{1,80}$/.test(name)
  return isKnown && !['Error', 'Unknown', 'UnknownError'].includes(name) ? name : ''
}

/** The HTTP status that was answered; undefined when there was no answer. */
export function s3Status(thrown: unknown): number | undefined {
  const { $metadata, $response } = asRefusal(thrown)
  return $metadata?.httpStatusCode ?? $response?.statusCode
}

/**
 * What the library threw, as an error of ours.
 * @param now in milliseconds since the epoch
 * @param inputs prefix of the inputs
 */
export function toS3Error(thrown: unknown, now: number, inputs: string): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const status = s3Status(thrown)
  if (status === undefined) return unreachable(thrown, inputs)
  const code = codeOf(asRefusal(thrown))
  const headers = asRefusal(thrown).$response?.headers ?? {}
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
  const said = code === '' ? '' : inBrackets(reasonOfValue(asRefusal(thrown).message))
  const say = (meaning: string): string =>
    `S3 answered ${status}${code === '' ? '' : ` ${code}`}${said}: ${meaning}`
  const details = { upstream: 'S3', status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }

  if (changed.includes(code) || status === 412) {
    const meaning = say(`another writer changed this object meanwhile${status === 412 ? conditionHint : ''}`)
    return transientError('DESTINATION_CHANGED', meaning, details)
  }
  if (interrupted.includes(code)) {
    return transientError('S3_INTERRUPTED', say('another client ended the upload'), details)
  }
  if (cut.includes(code)) return transientError('S3_CUT', say('what arrived is not what was sent'), details)
  if (refused.includes(code) || status === 413) {
    return permanentError('S3_REFUSED', say('it does not take this file'), details)
  }
  if (missing.includes(code)) {
    return systemicError('S3_BUCKET_MISSING', say(`the bucket in ${inputs}_BUCKET is not there`), details)
  }
  const region = headers['x-amz-bucket-region']
  if (elsewhere.includes(code) || (region !== undefined && status >= 300 && status < 400)) {
    return systemicError('S3_WRONG_REGION', say(`the bucket is ${regionHint(region, inputs)}`), details)
  }
  if (code.startsWith('KMS.') && !mayPassStatus(status)) {
    const meaning = say(
      `the KMS key cannot be used: check ${inputs}_SSE_KMS_KEY_ID and the policy of the key`,
    )
    return systemicError('S3_UNAUTHORIZED', meaning, details)
  }
  if (status === 401 || status === 403 || unauthorized.includes(code)) {
    return systemicError('S3_UNAUTHORIZED', say(hintsFor(inputs)[code] ?? policyHint(inputs)), details)
  }
  if (isUnsupported(status)) return systemicError('S3_NOT_SUPPORTED', say(optionHint), details)
  if (mayPassStatus(status) || unavailable.includes(code)) {
    return transientError('S3_UNAVAILABLE', say('it is not available'), details)
  }
  const meaning = say('there is no such bucket, no S3 service, or something in between answers')
  return systemicError('S3_UNEXPECTED_ANSWER', meaning, details)
}

/** The same for HEAD, whose answers have no body that says more. */
export function toS3HeadError(thrown: unknown, now: number, inputs: string): BridgeError {
  const error = toS3Error(thrown, now, inputs)
  if (thrown instanceof BridgeError || (error.status !== 400 && error.status !== 403)) return error
  const meaning =
    error.status === 403
      ? 'the credentials are refused, or the object is not there and s3:ListBucket is not granted; grant it, so that S3 can say "not there"'
      : `the credentials have expired (${inputs}_SESSION_TOKEN), or the bucket is in another region than ${inputs}_REGION says`
  return systemicError('S3_UNAUTHORIZED', `S3 answered ${error.status}: ${meaning}`, {
    upstream: 'S3',
    status: error.status,
  })
}

/** An answer that does not come from S3, such as a page of a proxy. */
export const notS3 = (status: number): BridgeError =>
  systemicError(
    'S3_UNEXPECTED_ANSWER',
    `${status} without an ETag: this is no S3 service, or something in between answers`,
    { upstream: 'S3', status },
  )

const regionHint = (region: string | undefined, inputs: string): string =>
  region !== undefined && /^[a-z0-9-]{1,40}$/.test(region)
    ? `in ${region}: set ${inputs}_REGION to it`
    : `in another region than ${inputs}_REGION says`

const policyHint = (inputs: string): string =>
  `check the ${inputs}_ inputs and what the policy allows (s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload on the objects, s3:ListBucket on the bucket); where it demands server-side encryption, set ${inputs}_SSE`

/** Ceph's gateway does so. */
const conditionHint =
  '; where this never passes, the service misjudges conditions: set the option conditional to false in config/destinations.ts'

const optionHint =
  'the service does not know a header of ours: set the option checksums to when-required, or conditional to false, in config/destinations.ts'

const hintsFor = (inputs: string): Readonly<Record<string, string>> => ({
  ExpiredToken: `the session has expired: set ${inputs}_SESSION_TOKEN and its keys anew, or use keys that last`,
  InvalidAccessKeyId: `${inputs}_ACCESS_KEY_ID is not known there`,
  InvalidToken: `${inputs}_SESSION_TOKEN does not belong to these keys`,
  RequestTimeTooSkewed: 'the clock of the app and that of the service differ',
  SignatureDoesNotMatch: `${inputs}_SECRET_ACCESS_KEY does not belong to ${inputs}_ACCESS_KEY_ID`,
})

function unreachable(thrown: unknown, inputs: string): BridgeError {
  const code = connectionCode(thrown) ?? (thrown instanceof Error ? thrown.name : 'unknown error')
  const message = `S3 cannot be reached: ${code}`
  const details = { upstream: 'S3', connection: code }
  return isWrongHost(code)
    ? systemicError('S3_UNREACHABLE', `${message}; check ${inputs}_ENDPOINT and ${inputs}_REGION`, details)
    : transientError('S3_UNREACHABLE', message, details)
}

const asRefusal = (thrown: unknown): Refusal => (thrown instanceof Error ? (thrown as Refusal) : { name: '' })
