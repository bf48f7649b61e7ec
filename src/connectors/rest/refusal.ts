import { permanentError, systemicError } from '../../core/errors'
import { saying } from '../../http/reason'
import type { HttpResponse } from '../../http/response'

/** In errors and logs. */
export const upstreamName = 'PIM'

/**
 * The error for an answer that is no success.
 * @param inputs prefix of the inputs
 * @param url the input that the URL came from, without its prefix
 */
export function refusal({ status, text }: HttpResponse, inputs: string, url = 'URL'): Error {
  const details = { upstream: upstreamName, status }
  if (status === 401 || status === 403) {
    return systemicError(
      'PIM_UNAUTHORIZED',
      `the PIM refused the request with ${status}${saying(text)}: check ${inputs}_HEADERS`,
      details,
    )
  }
  if (status >= 300 && status < 400) {
    return systemicError(
      'PIM_REDIRECTS',
      `the PIM answered ${status} and redirects: set ${inputs}_${url} to the final URL`,
      details,
    )
  }
  return permanentError('PIM_REFUSED', `the PIM refused the request with ${status}${saying(text)}`, details)
}
