import { BridgeError, permanentError, systemicError, transientError } from '../../core/errors'
import { connectionCode, isWrongHost } from '../../http/network-error'
import { saying } from '../../http/reason'
import { parseRetryAfter } from '../../http/retry-after'
import { mayPassStatus } from '../../http/status'
import type { UploadAnswer } from '../../http/upload'

const upstream = 'HTTPS'

/** Statuses that refuse every file: the URL, the credentials or the endpoint itself is wrong. */
const everyFile = new Set([401, 403, 404, 405, 407, 417, 421, 426, 501, 505, 507, 511])

/**
 * An answer that is no success, as an error.
 * @param inputs prefix of the inputs
 */
export function toHttpsError(
  { status, headers, text }: UploadAnswer,
  now: number,
  inputs: string,
): BridgeError {
  const details = { upstream, status }
  if (status >= 300 && status < 400) {
    return systemicError(
      'HTTPS_REDIRECTS',
      `the endpoint answered ${status} and redirects to ${hostOf(headers.get('location'))}: set ${inputs}_URL to the final URL`,
      details,
    )
  }
  if (status === 412) {
    return transientError(
      'DESTINATION_CHANGED',
      'the endpoint holds something else than when it was looked at',
      details,
    )
  }
  if (everyFile.has(status)) {
    const hint =
      status === 401 || status === 403
        ? `check ${inputs}_AUTH, ${inputs}_SECRET and ${inputs}_HEADERS`
        : `check ${inputs}_URL and ${inputs}_METHOD`
    return systemicError('HTTPS_UNUSABLE', `the endpoint answered ${status}${saying(text)}: ${hint}`, details)
  }
  if (mayPassStatus(status)) {
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), now)
    return transientError('HTTPS_UNAVAILABLE', `the endpoint answered ${status}${saying(text)}`, {
      ...details,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  return permanentError(
    'HTTPS_REFUSED',
    `the endpoint does not take the file: it answered ${status}${saying(text)}`,
    details,
  )
}

/** A WebDAV server takes no file into a folder that is not there, whatever the file. */
export const folderMissing = (status: number, inputs: string): BridgeError =>
  systemicError(
    'HTTPS_FOLDER_MISSING',
    `the WebDAV server of ${inputs}_URL answered ${status}: the folder of the file is not there. Set the option makeFolders in config/destinations.ts, or use keys without folders`,
    { upstream, status },
  )

/** No folder can be made there: the one of the URL is missing, or the server makes none. */
export const folderNotMade = (status: number, inputs: string): BridgeError =>
  systemicError(
    'HTTPS_FOLDER_MISSING',
    `the server of ${inputs}_URL makes no folder (${status}): check that the folder of the URL is there, and that the server takes MKCOL`,
    { upstream, status },
  )

/** The endpoint takes no more bytes, or does not answer. It may have the file all the same. */
export const idleTooLong = (ms: number): BridgeError =>
  transientError('HTTPS_TIMEOUT', `the endpoint did nothing for ${ms} ms`, { upstream })

/** A request without an answer, as an error. Never the system's own message: it may hold the URL. */
export function toConnectionError(thrown: unknown, inputs: string): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const code = connectionCode(thrown) ?? 'unknown network error'
  const details = { upstream, connection: code }
  return isWrongHost(code)
    ? systemicError('HTTPS_UNREACHABLE', `no connection to the host in ${inputs}_URL: ${code}`, details)
    : transientError('HTTPS_CUT', `the endpoint closed the connection before it answered: ${code}`, details)
}

function hostOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location) ? new URL(location).host : 'another path'
}
