import { BridgeError, type FailureClass } from '../core/errors'
import { parseRetryAfter } from '../http/retry-after'
import { connectionCode, isWrongHost } from './attempts'

/** What is used of the library's error; never its message, for that holds the URL with its signature. */
type Refusal = {
  statusCode?: number
  code?: string
  response?: { headers: { get(name: string): string | undefined } }
}

const changed = ['BlobAlreadyExists', 'ConditionNotMet', 'TargetConditionNotMet']
const broken = ['ContainerNotFound', 'ContainerBeingDeleted', 'ContainerDisabled', 'ResourceNotFound']
const unauthorized = ['AuthenticationFailed', 'InvalidAuthenticationInfo', 'InvalidQueryParameterValue']
const blocksLost = ['InvalidBlockList', 'InvalidBlobOrBlock', 'InvalidBlockId']
const busy = ['PendingCopyOperation', 'SystemInUse']

/** Azure's own word for what is wrong, such as `BlobNotFound`; empty when it gave none. */
export function azureCode(thrown: unknown): string {
  const { response, code } = asRefusal(thrown)
  const text = response?.headers.get('x-ms-error-code') ?? code ?? ''
  return /^[A-Za-z]{1,80}$/.test(text) ? text : ''
}

/**
 * What the library threw, as an error of ours.
 * @param expiry when the SAS in use expires, in milliseconds since the epoch
 */
export function toAzureError(thrown: unknown, expiry?: number): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const { statusCode: status, response } = asRefusal(thrown)
  if (status === undefined) return unreachable(thrown)
  const code = azureCode(thrown)
  const answer = `Azure answered ${status}${code === '' ? '' : ` ${code}`}`
  const retryAfterMs = parseRetryAfter(response?.headers.get('retry-after'), Date.now())
  const error = (failureClass: FailureClass, ours: string, meaning: string): BridgeError =>
    new BridgeError(failureClass, ours, `${answer}: ${meaning}`, {
      upstream: 'AZURE',
      status,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })

  if (changed.includes(code))
    return error('transient', 'DESTINATION_CHANGED', 'somebody else wrote this blob meanwhile')
  if (blocksLost.includes(code)) {
    return error('transient', 'AZURE_BLOCKS_LOST', 'another upload of the same blob came in between')
  }
  if (broken.includes(code)) return error('systemic', 'AZURE_CONTAINER_MISSING', 'the container is not there')
  if (status === 401 || status === 403 || unauthorized.includes(code)) {
    return error('systemic', 'AZURE_UNAUTHORIZED', hint(expiry))
  }
  if (
    status === 408 ||
    status === 429 ||
    (status >= 500 && status !== 501 && status !== 505) ||
    busy.includes(code)
  ) {
    return error('transient', 'AZURE_UNAVAILABLE', 'it is not available')
  }
  if (status === 404) return error('transient', 'DESTINATION_CHANGED', 'the blob was removed meanwhile')
  if (status === 400 || status === 409 || status === 411 || status === 412 || status === 413) {
    return error('permanent', 'AZURE_REFUSED', 'it does not take this file')
  }
  return error(
    'systemic',
    'AZURE_UNEXPECTED_ANSWER',
    'this is no storage account, or it cannot do what is needed',
  )
}

function hint(expiry: number | undefined): string {
  if (expiry !== undefined && expiry <= Date.now()) {
    return `the SAS in AZURE_BLOB_SAS_URL expired on ${new Date(expiry).toISOString()}`
  }
  return 'check the AZURE_BLOB_ inputs, the permissions of the SAS (read, create, write, delete) and the firewall of the account'
}

function unreachable(thrown: unknown): BridgeError {
  const code = connectionCode(thrown) ?? (thrown instanceof Error ? thrown.name : 'unknown error')
  return new BridgeError(
    isWrongHost(code) ? 'systemic' : 'transient',
    'AZURE_UNREACHABLE',
    `Azure cannot be reached: ${code}`,
    { upstream: 'AZURE' },
  )
}

const asRefusal = (thrown: unknown): Refusal => (thrown instanceof Error ? (thrown as Refusal) : {})
