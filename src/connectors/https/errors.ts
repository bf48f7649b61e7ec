import { BridgeError, permanentError, systemicError, transientError } from '../../core/errors'
import { parseRetryAfter } from '../../http/retry-after'
import { isWrongHost } from '../kit/attempts'
import type { HttpsAnswer } from '../kit/upload-request'

const upstream = 'HTTPS'

/** Refused whatever the file is: the URL, the credentials or the endpoint itself is wrong. */
const everyFile = new Set([401, 403, 404, 405, 407, 417, 421, 426, 501, 505, 507, 511])

/** An answer that is no success, as an error. Nothing of its body is shown: who knows what an endpoint echoes. @param inputs prefix of the inputs */
export function toHttpsError(
  { status, headers }: Pick<HttpsAnswer, 'status' | 'headers'>,
  now: number,
  inputs: string,
): BridgeError {
  const details = { upstream, status }
  if (status >= 300 && status < 400) {
    return systemicError(
      'HTTPS_REDIRECTS',
      `the endpoint answered ${status} and redirects to ${hostOf(headers.location)}: set ${inputs}_URL to the final URL`,
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
    return systemicError('HTTPS_UNUSABLE', `the endpoint answered ${status}: ${hint}`, details)
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
    return transientError('HTTPS_UNAVAILABLE', `the endpoint answered ${status}`, {
      ...details,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  return permanentError(
    'HTTPS_REFUSED',
    `the endpoint does not take the file: it answered ${status}`,
    details,
  )
}

/** A request without an answer, as an error. Never the system's own message: it may hold the URL. */
export function toConnectionError(thrown: unknown, inputs: string): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const code =
    typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string'
      ? thrown.code
      : 'unknown network error'
  if (isWrongHost(code) || /^(ERR_SSL|EPROTO)/.test(code)) {
    return systemicError('HTTPS_UNREACHABLE', `no connection to the host in ${inputs}_URL: ${code}`, {
      upstream,
    })
  }
  return transientError('HTTPS_CUT', `the endpoint closed the connection before it answered: ${code}`, {
    upstream,
  })
}

function hostOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location) ? new URL(location).host : 'another path'
}
