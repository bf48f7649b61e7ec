import {
  BridgeError,
  type ErrorDetails,
  permanentError,
  systemicError,
  transientError,
} from '../../core/errors'
import { isRecord } from '../../core/json'
import { shown } from '../../core/shown'
import { oneLine } from '../../core/visible'
import { connectionCode, isWrongHost } from '../../http/network-error'
import { saying } from '../../http/reason'
import { parseRetryAfter } from '../../http/retry-after'
import { mayPassStatus } from '../../http/status'
import type { UploadAnswer } from '../../http/upload'

const upstream = 'MARKETO'
const dayMs = 24 * 60 * 60 * 1000
/** The daily quota is reset at midnight, Central Standard Time. */
const resetMs = 6 * 60 * 60 * 1000
/** Clocks differ: if the quota is still used up right after the reset, the next attempt follows soon. */
const resetSlackMs = 10 * 60 * 1000

/** An error inside an answer. */
export type MarketoProblem = { code: string; message: string }

/** The errors that an answer of Marketo's names; none when it is a success. */
export function problemsOf(body: Record<string, unknown>): readonly MarketoProblem[] {
  const listed: readonly unknown[] = Array.isArray(body.errors) ? body.errors : []
  const problems = listed
    .filter(isRecord)
    .map(({ code, message }) => ({ code: textOf(code), message: textOf(message) }))
  if (problems.length > 0) return problems
  return body.success === true ? [] : [{ code: 'none', message: 'no reason given' }]
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value == null ? '' : shown(value)

/** Codes that call for a new token. */
export const isTokenProblem = ({ code }: MarketoProblem): boolean => code === '601' || code === '602'

/** No object of that name, in the answer to a search. */
export const isAbsence = ({ code }: MarketoProblem): boolean => code === '702'

/** The rate limit was exceeded: the call had no effect. */
const limits = new Set(['606', '615'])
const passing = new Set(['502', '604', '608', '611', '614', '713', '719'])
const refusals = new Set(['605', '609', '610', '612', '613', '709'])
const folderProblems = new Set(['710', '711'])

/**
 * An error inside an answer with status 200, as ours.
 * @param message Marketo's, free of secrets
 * @param inputs prefix of the inputs
 */
export function toMarketoError({ code, message }: MarketoProblem, now: number, inputs: string): BridgeError {
  const what = `${code}: ${oneLine(message, 200)}`
  const details = { upstream, status: 200 }
  if (isTokenProblem({ code, message })) return tokenRefused(what, inputs)
  if (code === '603') {
    return systemicError(
      'MARKETO_FORBIDDEN',
      `Marketo denies access (${what}): give the API-only user a role with "Read-Write Assets", in its workspace`,
      details,
    )
  }
  if (code === '607') return quotaUsedUp(quotaReset(now) - now)
  if (folderProblems.has(code)) {
    return systemicError(
      'MARKETO_FOLDER_UNUSABLE',
      `${inputs}_FOLDER_ID is no folder that takes files (${what}): set it to one of Design Studio's`,
      details,
    )
  }
  if (refusals.has(code))
    return permanentError('MARKETO_REFUSED', `Marketo refuses the file (${what})`, details)
  if (limits.has(code))
    return transientError(
      'MARKETO_BUSY',
      `Marketo gets more calls than it allows (${what}): other applications call it, too`,
      details,
    )
  if (passing.has(code))
    return transientError('MARKETO_UNAVAILABLE', `Marketo is disturbed (${what})`, details)
  return transientError('MARKETO_FAILED', `Marketo failed (${what})`, details)
}

/** The quota is used up, and nothing will be sent for that long. */
export const quotaUsedUp = (retryAfterMs: number): BridgeError =>
  systemicError(
    'MARKETO_QUOTA',
    'the daily quota of Marketo calls is used up (607): it is reset at midnight, Central Standard Time',
    { upstream, status: 200, retryAfterMs },
  )

/** When the daily quota is reset, in milliseconds since the epoch. */
export function quotaReset(now: number): number {
  const sinceReset = (now - resetMs) % dayMs
  return sinceReset < resetSlackMs ? now + resetSlackMs : now - sinceReset + dayMs
}

/** A new token is refused, too. */
export const tokenRefused = (what: string, inputs: string): BridgeError =>
  systemicError(
    'MARKETO_UNAUTHORIZED',
    `Marketo refuses the token (${what}): check ${inputs}_CLIENT_ID and ${inputs}_CLIENT_SECRET against the LaunchPoint service`,
    { upstream },
  )

/** An answer that is no success by its status alone. */
export function toStatusError(
  { status, headers, text }: UploadAnswer,
  now: number,
  inputs: string,
): BridgeError {
  const details: ErrorDetails = { upstream, status }
  if (status >= 300 && status < 400) {
    const location = headers.get('location')
    const where = location !== undefined && URL.canParse(location) ? new URL(location).host : 'another path'
    return systemicError(
      'MARKETO_REDIRECTS',
      `Marketo answered ${status} and redirects to ${where}: set ${inputs}_URL to the instance's own address`,
      details,
    )
  }
  if (status === 413) return tooLarge(`Marketo answered 413${saying(text)}`, inputs, details)
  if (mayPassStatus(status)) {
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), now)
    const more = retryAfterMs === undefined ? details : { ...details, retryAfterMs }
    return status === 429
      ? transientError('MARKETO_BUSY', `Marketo answered 429${saying(text)}: too many calls`, more)
      : transientError('MARKETO_UNAVAILABLE', `Marketo answered ${status}${saying(text)}`, more)
  }
  if (status === 400 || status === 415 || status === 422)
    return permanentError(
      'MARKETO_REFUSED',
      `Marketo refuses the file: it answered ${status}${saying(text)}`,
      details,
    )
  return systemicError(
    'MARKETO_UNUSABLE',
    `Marketo answered ${status}${saying(text)}: check ${inputs}_URL, and that the instance is in use`,
    details,
  )
}

/** The identity endpoint gives no token. Its reason may name the client id; the secret is masked like any other. */
export function toIdentityError(answer: UploadAnswer, now: number, inputs: string): BridgeError {
  const { status } = answer
  if (status !== 400 && status !== 401 && status !== 403) return toStatusError(answer, now, inputs)
  return systemicError(
    'MARKETO_UNAUTHORIZED',
    `Marketo gives no token (${status})${saying(answer.text)}: check ${inputs}_CLIENT_ID and ${inputs}_CLIENT_SECRET against the LaunchPoint service`,
    { upstream, status },
  )
}

/** A file that this instance never takes. */
export const tooLarge = (why: string, inputs: string, details: ErrorDetails = { upstream }): BridgeError =>
  permanentError(
    'MARKETO_TOO_LARGE',
    `the file is too large for Marketo: ${why}. Export a rendition, or raise ${inputs}_MAX_BYTES where the instance takes more`,
    details,
  )

/** A file of another program has the name. */
export const nameTaken = (name: string, folder: number, inputs: string): BridgeError =>
  permanentError(
    'MARKETO_NAME_TAKEN',
    `${name} stands in another folder of Marketo (${folder}): move it into the one of ${inputs}_FOLDER_ID, or delete it`,
    { upstream },
  )

/** An answer that does not come from Marketo. Whether the request took effect is unknown. */
export const notMarketo = ({ status, headers }: UploadAnswer): BridgeError =>
  transientError(
    'MARKETO_NOT_JSON',
    `Marketo answered ${status} with ${headers.get('content-type') ?? 'no content type'} where JSON was expected: a maintenance page, or an answer that was cut`,
    { upstream, status },
  )

/** A success without a required field. */
export const unexpectedAnswer = (): BridgeError =>
  transientError('MARKETO_UNEXPECTED_ANSWER', 'Marketo answered a success without what belongs into it', {
    upstream,
  })

/** Marketo takes no more bytes, or does not answer. */
export const idleTooLong = (): BridgeError =>
  transientError('MARKETO_TIMEOUT', 'Marketo did nothing for too long', { upstream })

/** A request without an answer, as an error. Never the system's own message: it may hold the URL. */
export function toConnectionError(thrown: unknown, inputs: string): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const code = connectionCode(thrown) ?? 'unknown network error'
  const details = { upstream, connection: code }
  return isWrongHost(code)
    ? systemicError('MARKETO_UNREACHABLE', `no connection to the host in ${inputs}_URL: ${code}`, details)
    : transientError('MARKETO_CUT', `Marketo closed the connection before it answered: ${code}`, details)
}

const withUnknownResult = new Set([
  'MARKETO_TIMEOUT',
  'MARKETO_CUT',
  'MARKETO_NOT_JSON',
  'MARKETO_UNEXPECTED_ANSWER',
  'MARKETO_UNAVAILABLE',
  'MARKETO_FAILED',
])

/**
 * Whether a request may have taken effect despite the failure, so that its result has to be checked before a retry.
 */
export const mayHaveArrived = ({ code }: BridgeError): boolean => withUnknownResult.has(code)

/** Whether another attempt may succeed. An error of the source is not retried here. */
export const isWorthAnotherTry = (error: BridgeError): boolean =>
  error.upstream === upstream && error.failureClass === 'transient'
