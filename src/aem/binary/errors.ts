import { type BridgeError, permanentError, systemicError, transientError } from '../../core/errors'
import { saying } from '../../http/reason'
import { parseRetryAfter } from '../../http/retry-after'
import { isUnsupported } from '../../http/status'

type Answer = { status: number; headers: ReadonlyMap<string, string>; text: string }

/** What an answer of the author to a download means that is neither a file nor a redirect. */
export function authorProblem(answer: Answer, now: number): BridgeError {
  const { status, text } = answer
  const details = { upstream: 'AEM', status }
  if (status === 404 || status === 410)
    return permanentError('ASSET_NOT_FOUND', `AEM has no file there (${status})${saying(text)}`, details)
  if (status === 401)
    return systemicError(
      'AEM_UNAUTHORIZED',
      `AEM refused the token for a download (401)${saying(text)}`,
      details,
    )
  if (status === 403)
    return systemicError(
      'AEM_FORBIDDEN',
      `AEM refused a download with 403${saying(text)}: check that the client id is allow-listed and may read /content/dam`,
      details,
    )
  return unavailable('AEM', answer, now)
}

/** The same for an answer to a link that AEM has just given: the file exists, or AEM would have answered 404. */
export function linkProblem(answer: Answer, now: number): BridgeError {
  const { status, text } = answer
  if (status === 401 || status === 403) {
    return systemicError(
      'AEM_LINK_REFUSED',
      `the blob store of AEM refused the link that AEM had just given (${status})${saying(text)}: check for a proxy between this app and the store that adds or changes anything`,
      { upstream: 'AEM', status },
    )
  }
  return unavailable('the blob store of AEM', answer, now)
}

function unavailable(who: string, { status, headers, text }: Answer, now: number): BridgeError {
  const details = { upstream: 'AEM', status }
  if (status === 416)
    return transientError('AEM_NO_SUCH_RANGE', `${who} has no such part of the file (416)`, details)
  if (isUnsupported(status))
    return systemicError(
      'AEM_UNAVAILABLE',
      `${who} does not support downloads (${status})${saying(text)}`,
      details,
    )
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'), now)
  return transientError('AEM_UNAVAILABLE', `${who} answered a download with ${status}${saying(text)}`, {
    ...details,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** A page in place of a file. */
export const notAFile = (status: number): BridgeError =>
  transientError(
    'AEM_NOT_A_FILE',
    `AEM answered ${status} with an HTML page in place of the file: a login or hibernation page`,
    { upstream: 'AEM' },
  )

/** Whether resuming the read may help. After a changed file the caller starts over with the asset instead. */
export const mayReadOn = ({ failureClass, code }: BridgeError): boolean =>
  failureClass === 'transient' && code !== 'AEM_FILE_CHANGED'
