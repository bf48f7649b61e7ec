import * as v from 'valibot'
import { type BridgeError, systemicError, transientError } from '../core/errors'
import { saying } from '../http/reason'
import { type HttpResponse, jsonBody } from '../http/response'

export const upstreamName = 'JOURNAL'

/** An event in a journal. */
export type Entry = {
  position: string
  /** As it was written, not yet decoded. */
  event: unknown
}

/**
 * An event may be anything: one that cannot be decoded becomes a dead letter later, and must not block the others.
 */
const Page = v.object({
  events: v.array(v.object({ position: v.pipe(v.string(), v.minLength(1)), event: v.optional(v.unknown()) })),
})

/**
 * Reads a page of a journal.
 * @throws {BridgeError} transient, `JOURNAL_NOT_JSON` or `JOURNAL_UNEXPECTED_ANSWER`: a page is read whole or again,
 * never in part
 */
export function parsePage(response: HttpResponse): readonly Entry[] {
  const page = v.safeParse(Page, jsonBody(upstreamName, response))
  if (!page.success) throw unexpected(response.status, 'a page without positions')
  return page.output.events.map(({ position, event = null }) => ({ position, event }))
}

/** What a status other than 200, 204 and 410 means. */
export function journalProblem({ status, text }: HttpResponse): BridgeError {
  const details = { upstream: upstreamName, status }
  if (status === 401) {
    return systemicError(
      'JOURNAL_UNAUTHORIZED',
      `the journal refused the token (401)${saying(text)}: check that ADC_CECREDENTIALS_CLIENTID and its scopes belong to the project of the event registration`,
      details,
    )
  }
  if (status === 403) {
    return systemicError(
      'JOURNAL_FORBIDDEN',
      `the journal refused access (403)${saying(text)}: add the I/O Management API to the workspace, and check that ADC_CECREDENTIALS_CLIENTID and ADC_CECREDENTIALS_ORGID are those of the project of the registration`,
      details,
    )
  }
  if (status === 404) {
    return systemicError(
      'JOURNAL_NOT_FOUND',
      `there is no such journal (404)${saying(text)}: the event registration is gone, or was created again under another address; copy its journaling endpoint to JOURNAL_URL`,
      details,
    )
  }
  if (status >= 300 && status < 400) {
    return systemicError(
      'JOURNAL_REDIRECTS',
      `the journal answered ${status}: a redirect is not followed, for it would take the token elsewhere; check JOURNAL_URL`,
      details,
    )
  }
  if (status >= 400 && status < 500 && status !== 410) {
    return systemicError(
      'JOURNAL_REFUSED',
      `the journal refused the request with ${status}${saying(text)}: check JOURNAL_URL and JOURNAL_START, and whether the stored cursor belongs to this journal`,
      details,
    )
  }
  return unexpected(status, 'neither a page nor its end')
}

export const unexpected = (status: number, what: string): BridgeError =>
  transientError('JOURNAL_UNEXPECTED_ANSWER', `the journal answered ${status} with ${what}`, {
    upstream: upstreamName,
    status,
  })
