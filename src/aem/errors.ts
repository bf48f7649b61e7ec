import { type BridgeError, permanentError, systemicError, transientError } from '../core/errors'
import { isRecord, parseJson } from '../core/json'
import { reasonIn, saying } from '../http/reason'
import type { HttpResponse } from '../http/response'

/** What AEM says about a refusal, or its status. */
export const problemDetail = ({ text, status }: HttpResponse): string => reasonIn(text) || `status ${status}`

/** What was asked of AEM when it refused. */
export type AemRequestKind = 'read' | 'update'

const fourPlaces =
  'look at four places: the API key (AEM_API_KEY, or the client id of the credential), the allow-list (allowedClientIDs of ' +
  'the author tier in api.yaml, by a config pipeline), the scopes (ADC_CECREDENTIALS_METASCOPES), and the product profile ' +
  'of the credential (access to AEM Assets)'

function forbidden(kind: AemRequestKind, { text }: HttpResponse): string {
  if (kind === 'read' || isOfGateway(text))
    return `AEM refused to ${kind} with 403 though the token is good${saying(text)}: ${fourPlaces}`
  return (
    `AEM lets the credential read but not write (403)${saying(text)}: its product profile is read-only by default; ` +
    'grant rep:write on /content/dam to its service group, or add the administrators profile'
  )
}

/** The gateway in front of AEM answers in its own form, with codes such as 403003, before AEM looks at rights. */
function isOfGateway(text: string): boolean {
  const body = parseJson(text)
  return isRecord(body) && 'error_code' in body
}

/**
 * The failure for a status of AEM that is no success. Statuses that may pass are retried before and never get here.
 */
export function aemProblem(kind: AemRequestKind, response: HttpResponse): BridgeError {
  const { status } = response
  const details = { upstream: 'AEM', status }
  if (status === 401) {
    return systemicError(
      'AEM_UNAUTHORIZED',
      `AEM refused a fresh token with 401${saying(response.text)}: check that the credential belongs to the IMS organisation of this AEM`,
      details,
    )
  }
  if (status === 403) return systemicError('AEM_FORBIDDEN', forbidden(kind, response), details)
  if (status === 404 || status === 410) {
    return permanentError(
      'ASSET_NOT_FOUND',
      `AEM has no such asset (${status})${saying(response.text)}: it was deleted or moved, or the technical user cannot see it`,
      details,
    )
  }
  if (status === 409 || status === 423) {
    return transientError(
      'AEM_CONFLICT',
      `AEM cannot take the change now (${status}): ${problemDetail(response)}`,
      details,
    )
  }
  if (status === 428) {
    return systemicError(
      'AEM_PRECONDITION_REQUIRED',
      'AEM did not see the If-Match header (428): check what stands between this app and AEM',
      details,
    )
  }
  if (status >= 300 && status < 400) {
    return systemicError(
      'AEM_REDIRECTS',
      `AEM answered ${status} and redirects; the token is not sent on: check AEM_AUTHOR_URLS`,
      details,
    )
  }
  if (status >= 200 && status < 300) {
    return transientError('AEM_UNEXPECTED_ANSWER', `AEM answered ${status} where 200 was expected`, details)
  }
  // The failure of a proxy, not of this asset.
  if (status === 421)
    return transientError('AEM_UNEXPECTED_ANSWER', 'AEM was reached as another host (421)', details)
  if (status === 406 || status === 407 || (status === 400 && kind === 'read')) {
    return systemicError(
      'AEM_REFUSED',
      `AEM refused to read with ${status}, whatever the asset: ${problemDetail(response)}; check AEM_AUTHOR_URLS and what stands between this app and AEM`,
      details,
    )
  }
  return permanentError(
    'AEM_REFUSED',
    `AEM refused the request with ${status}: ${problemDetail(response)}`,
    details,
  )
}

/**
 * Whether an answer to `<path>.json` says that nothing stands at the path. For `lamp.png.json` without a `lamp.png`, but
 * with a folder `lamp`, Sling takes `png` for a selector of that folder and answers 400, or 300 for the depth `infinity`.
 * Source: Apache Sling, `JsonRenderer` of the GET servlet.
 */
export const isNotAtPath = ({ status }: HttpResponse): boolean => [300, 400, 404, 410].includes(status)

/** Nothing stands at a path; @param status as AEM answered, unless it gave something else. */
export const notAtPath = (status?: number): BridgeError =>
  permanentError(
    'ASSET_NOT_FOUND',
    `AEM has no asset at this path${status === undefined ? ', but another one' : ` (${status})`}: it was deleted or moved, or the technical user cannot see it`,
    { upstream: 'AEM', ...(status === undefined ? {} : { status }) },
  )
