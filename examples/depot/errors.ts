import { BridgeError, permanentError, systemicError, transientError } from '../../src/core/errors'
import { connectionCode, isWrongHost } from '../../src/http/network-error'
import { parseRetryAfter } from '../../src/http/retry-after'
import { mayPassStatus } from '../../src/http/status'
import type { UploadAnswer } from '../../src/http/upload'

const upstream = 'Depot'

/** An answer that is no success, as an error. @param now in ms since the epoch @param inputs their prefix */
export function toDepotError({ status, headers }: UploadAnswer, now: number, inputs: string): BridgeError {
  const details = { upstream, status }
  if (status === 401)
    return systemicError('DEPOT_UNAUTHORIZED', `the server answered 401: check ${inputs}_TOKEN`, details)
  if (status === 403)
    return systemicError(
      'DEPOT_FORBIDDEN',
      `the server answered 403: check the rights of ${inputs}_TOKEN`,
      details,
    )
  if (status === 412)
    return transientError('DESTINATION_CHANGED', 'another file is there than when it was looked at', details)
  if (mayPassStatus(status)) {
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), now)
    return transientError('DEPOT_UNAVAILABLE', `the server answered ${status}`, {
      ...details,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  if (status === 413 || status === 415)
    return permanentError(
      'DEPOT_REFUSED',
      `the server does not take this file: it answered ${status}`,
      details,
    )
  // What is not known to be about one file is taken to be about all of them: nothing is given up then.
  return systemicError('DEPOT_UNUSABLE', `the server answered ${status}: check ${inputs}_URL`, details)
}

/** A request without an answer, as an error. Never the system's own message: it may hold the URL. */
export function toConnectionError(thrown: unknown, inputs: string): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const code = connectionCode(thrown) ?? 'unknown network error'
  const details = { upstream, connection: code }
  return isWrongHost(code)
    ? systemicError('DEPOT_UNREACHABLE', `no connection to the host in ${inputs}_URL: ${code}`, details)
    : transientError('DEPOT_CUT', `the server closed the connection before it answered: ${code}`, details)
}

/** The server takes no more bytes, or does not answer. It may have the file all the same. */
export const idleTooLong = (ms: number): BridgeError =>
  transientError('DEPOT_TIMEOUT', `the server did nothing for ${ms} ms`, { upstream })
