import { type BridgeError, permanentError, systemicError } from '../../../core/errors'
import { reasonIn } from '../../../http/reason'
import type { HttpResponse } from '../../../http/response'

/** In errors and logs. The codes of the HTTP client begin with it. */
export const eventPlatformName = 'AKENEO_EVENTS'

/** The name of the permission in the PIM; without it all calls are refused. */
const permission = '"Event Platform"'

const details = ({ status }: HttpResponse) => ({ upstream: eventPlatformName, status })

/**
 * Why the Event Platform refused a call that was not answered 401. Bodies of refusals are not public, so its own words
 * are looked for in the usual places, and a known cause by status or words.
 * @param what was asked for, such as `to create a subscriber`
 */
export function platformRefusal(response: HttpResponse, what: string): BridgeError {
  const { status } = response
  const reason = reasonOf(response)
  const said = `the Event Platform refused ${what} (${status}, ${reason})`
  if (isFull(reason)) {
    return systemicError(
      'AKENEO_EVENTS_LIMIT',
      `${said}: Akeneo allows 20 subscribers to a PIM and 20 subscriptions to each; akeneo status lists them; delete one that is not needed`,
      details(response),
    )
  }
  if (status === 403) {
    return systemicError(
      'AKENEO_EVENTS_FORBIDDEN',
      `${said}: tick ${permission} in the PIM, in the settings of the connection or the App`,
      details(response),
    )
  }
  if ((status >= 300 && status < 400) || status === 404 || status === 405) {
    return systemicError(
      'AKENEO_EVENTS_NOT_FOUND',
      `${said}: check AKENEO_EVENTS_URL; does your edition have the Event Platform? Only SaaS (Enterprise, Growth) does`,
      details(response),
    )
  }
  if (/https/i.test(reason.replace(/\bhttps?:\/\/\w\S*/gi, ''))) {
    return systemicError(
      'AKENEO_EVENTS_URL_REFUSED',
      `${said}: Akeneo sends to public https:// addresses only; give --url the address that npx aio app get-url pim-events prints`,
      details(response),
    )
  }
  return permanentError('AKENEO_EVENTS_REFUSED', said, details(response))
}

/** Other limits exist, too: of a filter, of headers. */
const isFull = (reason: string): boolean =>
  /\blimit|maximum number|too many|quota/i.test(reason) && !/filter|operator|header|character/i.test(reason)

/** A success whose body is something else than the API documents. */
export const platformSurprise = (what: string): BridgeError =>
  systemicError(
    'AKENEO_EVENTS_UNEXPECTED_ANSWER',
    `the Event Platform answered ${what}: check AKENEO_EVENTS_URL`,
    { upstream: eventPlatformName },
  )

/** The platform's own words, on one line and bounded. */
const reasonOf = ({ text }: HttpResponse): string => reasonIn(text) || 'no reason given'
