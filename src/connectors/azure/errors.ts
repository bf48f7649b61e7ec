import { BridgeError, permanentError, systemicError, transientError } from '../../core/errors'
import { connectionCode, isWrongHost } from '../../http/network-error'
import { saying } from '../../http/reason'
import { parseRetryAfter } from '../../http/retry-after'
import { mayPassStatus } from '../../http/status'

/** What is used of the library's error; never its message, for that holds the URL with its signature. */
type Refusal = {
  statusCode?: number
  code?: string
  response?: { headers: { get(name: string): string | undefined }; bodyAsText?: string | null }
}

const changed = ['BlobAlreadyExists', 'BlobNotFound', 'ConditionNotMet', 'TargetConditionNotMet']
const broken = ['ContainerNotFound', 'ContainerBeingDeleted', 'ContainerDisabled', 'ResourceNotFound']
const unauthorized = ['AuthenticationFailed', 'InvalidAuthenticationInfo', 'InvalidQueryParameterValue']
const blocksLost = ['InvalidBlockList', 'InvalidBlobOrBlock', 'InvalidBlockId']
const cut = ['Md5Mismatch', 'Crc64Mismatch', 'IncompleteBody']
const busy = ['PendingCopyOperation', 'SystemInUse', 'BlobBeingRehydrated']
/** Somebody else holds a lease: it ends by itself after a minute at most, or when its holder gives it up. */
const leased = [
  'LeaseIdMissing',
  'LeaseIdMismatchWithBlobOperation',
  'LeaseLost',
  'LeaseAlreadyPresent',
  'LeaseAlreadyBroken',
]

/** Errors after which the same request may pass, whatever the status. */
export const azureAgain: readonly string[] = ['AZURE_CUT', 'AZURE_UNAVAILABLE']

/** Azure's own word for what is wrong, such as `BlobNotFound`; empty when it gave none. */
export function azureCode(thrown: unknown): string {
  const { response, code } = asRefusal(thrown)
  const text = response?.headers.get('x-ms-error-code') ?? code ?? ''
  return /^[A-Za-z0-9]{1,80}$/.test(text) && text !== 'PARSE' ? text : ''
}

/** What an error depends on besides the answer. */
export type AzurePlace = {
  /** In milliseconds since the epoch. */
  now: number
  /** Prefix of the inputs. */
  inputs: string
  /** The input that names the host. */
  hostInput: string
  /** When the SAS in use expires, in milliseconds since the epoch. */
  expiry?: number
}

/** What the library threw, as an error of ours. */
export function toAzureError(thrown: unknown, place: AzurePlace): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const { statusCode: status, response } = asRefusal(thrown)
  if (status === undefined) return unreachable(thrown, place)
  const code = azureCode(thrown)
  const retryAfterMs = parseRetryAfter(response?.headers.get('retry-after'), place.now)
  const say = (meaning: string): string =>
    `Azure answered ${status}${code === '' ? '' : ` ${code}`}${saying(response?.bodyAsText)}: ${meaning}`
  const details = { upstream: 'AZURE', status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }

  if (changed.includes(code)) {
    return transientError('DESTINATION_CHANGED', say('another writer changed this blob meanwhile'), details)
  }
  if (blocksLost.includes(code)) {
    const meaning = say('another upload of the same blob came in between')
    return transientError('AZURE_BLOCKS_LOST', meaning, details)
  }
  if (leased.includes(code)) {
    const meaning = say('another client holds a lease on this blob; its owner can break it')
    return transientError('AZURE_LEASED', meaning, details)
  }
  if (cut.includes(code)) {
    return transientError('AZURE_CUT', say('what arrived is not what was sent'), details)
  }
  if (broken.includes(code)) {
    return systemicError('AZURE_CONTAINER_MISSING', say('the container is not there'), details)
  }
  if (status === 401 || status === 403 || unauthorized.includes(code)) {
    return systemicError('AZURE_UNAUTHORIZED', say(hint(code, place)), details)
  }
  if (mayPassStatus(status) || busy.includes(code)) {
    return transientError('AZURE_UNAVAILABLE', say('it is not available'), details)
  }
  if (
    status === 413 ||
    (isAboutThisFile(status) && code !== '' && !isAboutTheVersion(response?.bodyAsText))
  ) {
    const meaning = code === 'BlobArchived' ? archivedHint : 'it does not take this file'
    return permanentError('AZURE_REFUSED', say(meaning), details)
  }
  const meaning = say(
    'this is no storage account, something in between answers, or it cannot do what is needed',
  )
  return systemicError('AZURE_UNEXPECTED_ANSWER', meaning, details)
}

/** An answer that does not come from Azure, such as a page of a proxy. */
export const notAzure = (status: number): BridgeError =>
  systemicError(
    'AZURE_UNEXPECTED_ANSWER',
    `${status} without the headers of a blob: this is no storage account, or something in between answers`,
    { upstream: 'AZURE', status },
  )

const archivedHint =
  'the blob is archived, and cannot be replaced: rehydrate it to the hot or the cool tier, or delete it, then export the asset again'

const isAboutThisFile = (status: number): boolean => [400, 409, 411, 412].includes(status)

/** A service that does not know the library's version of the protocol takes no file at all. */
const isAboutTheVersion = (body: string | null | undefined): boolean => /x-ms-version/i.test(body ?? '')

function hint(code: string, { now, inputs, expiry }: AzurePlace): string {
  if (expiry !== undefined && expiry <= now) {
    return `the SAS in ${inputs}_SAS_URL expired on ${new Date(expiry).toISOString()}`
  }
  if (code === 'AuthorizationPermissionMismatch') {
    return 'the SAS lacks a permission: it needs read, create and write, delete where files are removed, and list for bridge verify'
  }
  if (code === 'AuthenticationFailed') {
    return 'the signature is refused: it is not whole, its key was renewed, or it is not valid now; make a new one'
  }
  return `check the ${inputs}_ inputs, the permissions of the SAS (read, create, write, delete) and the firewall of the account`
}

function unreachable(thrown: unknown, { hostInput }: AzurePlace): BridgeError {
  const code = connectionCode(thrown) ?? (thrown instanceof Error ? thrown.name : 'unknown error')
  const message = `Azure cannot be reached: ${code}`
  const details = { upstream: 'AZURE', connection: code }
  return isWrongHost(code)
    ? systemicError('AZURE_UNREACHABLE', `${message}; check ${hostInput}`, details)
    : transientError('AZURE_UNREACHABLE', message, details)
}

const asRefusal = (thrown: unknown): Refusal => (thrown instanceof Error ? (thrown as Refusal) : {})
