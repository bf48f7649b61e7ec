import * as v from 'valibot'
import { type CallContext, untilAborted } from '../core/call-context'
import type { Clock } from '../core/clock'
import { type BridgeError, systemicError, transientError } from '../core/errors'
import { isRecord } from '../core/json'
import { type RetryRules, retry } from '../http/retry'
import { mayPassStatus } from '../http/status'
import type { Tokens } from '../http/tokens'

/** An event registration of the workspace, as far as an operator needs it. */
export type Registration = {
  id: string
  name: string
  /** Its journaling endpoint, for `JOURNAL_URL`; undefined when the service does not say. */
  journalUrl: string | undefined
  /** `webhook`, `webhook_batch` or `journal`. */
  deliveryType: string | undefined
  /** `<package>/<action>`; undefined when it delivers to none. */
  runtimeAction: string | undefined
  /** False when events are no longer pushed: they are then in the journal only. */
  isEnabled: boolean | undefined
  /** As the service puts it. */
  status: string | undefined
}

/** Where the registrations are looked up. */
export type RegistrationsOptions = {
  /** Ids from the Developer Console: `project.org.id`, `project.id` and `project.workspace.id` of its download. */
  workspace: { consumerOrgId: string; projectId: string; workspaceId: string }
  apiKey: string
  /** `<id>@AdobeOrg`. */
  orgId: string
  /** @default https://api.adobe.io */
  baseUrl?: string
  /** Of one attempt. @default 20000 */
  timeoutMs?: number
  /** After the first attempt. @default 2 */
  retries?: number
}

const upstream = 'IO_EVENTS'
const text = v.optional(v.nullable(v.string()))

/** The endpoint stands in a field or in a link, depending on the version of the API. */
const Listing = v.object({
  _embedded: v.optional(
    v.object({
      registrations: v.array(
        v.object({
          registration_id: v.string(),
          name: text,
          events_url: text,
          delivery_type: text,
          runtime_action: text,
          enabled: v.optional(v.nullable(v.boolean())),
          status: text,
          webhook_status: text,
          _links: v.optional(v.object({ 'rel:events': v.optional(v.object({ href: v.string() })) })),
        }),
      ),
    }),
  ),
})

/**
 * The event registrations of a workspace, by Adobe's own client. For the command line, where one request and one kind
 * of error are enough.
 * @throws {BridgeError} systemic `IO_EVENTS_REFUSED` when the service refuses; transient `IO_EVENTS_UNAVAILABLE`
 */
export async function listRegistrations(
  options: RegistrationsOptions,
  parts: { tokens: Tokens; clock: Clock; random: () => number },
  call: CallContext,
): Promise<readonly Registration[]> {
  const {
    apiKey,
    orgId,
    workspace,
    baseUrl = 'https://api.adobe.io',
    timeoutMs = 20_000,
    retries = 2,
  } = options
  const { tokens, clock, random } = parts
  const { consumerOrgId, projectId, workspaceId } = workspace
  const { init } = await import('@adobe/aio-lib-events')
  const token = await tokens.token(call)
  // The address is said, so that no setting of the machine sends the token elsewhere. The library's own repetition knows
  // no deadline.
  const client = await init(orgId, apiKey, token, { timeout: timeoutMs, retries: 0, eventsBaseURL: baseUrl })
  const rules: RetryRules = { clock, random, attempts: retries + 1, toError: toBridgeError }
  const answer = await retry(rules, call, () =>
    untilAborted(client.getAllRegistrationsForWorkspace(consumerOrgId, projectId, workspaceId), call.signal),
  )
  const listing = v.safeParse(Listing, answer)
  if (!isRecord(answer) || !listing.success) throw unavailable('answered something else than registrations')
  return (listing.output._embedded?.registrations ?? []).map((it) => ({
    id: it.registration_id,
    name: it.name ?? '',
    journalUrl: it.events_url ?? it._links?.['rel:events']?.href,
    deliveryType: it.delivery_type ?? undefined,
    runtimeAction: it.runtime_action ?? undefined,
    isEnabled: it.enabled ?? undefined,
    status: it.status ?? it.webhook_status ?? undefined,
  }))
}

/** The library gives the status only in the text of its error. */
function toBridgeError(thrown: unknown): BridgeError {
  const message = thrown instanceof Error ? thrown.message : ''
  const status = Number(/\b([1-5]\d\d) - /.exec(message)?.[1] ?? 0)
  if (status < 400 || mayPassStatus(status)) {
    return unavailable(status === 0 ? 'did not answer properly' : `answered ${status}`)
  }
  return systemicError(
    'IO_EVENTS_REFUSED',
    `I/O Events refused to list the registrations (${status}): check that the I/O Management API is in the workspace, ADC_CECREDENTIALS_CLIENTID and ADC_CECREDENTIALS_ORGID, and the ids of organization, project and workspace`,
    { upstream, status },
  )
}

const unavailable = (what: string): BridgeError =>
  transientError('IO_EVENTS_UNAVAILABLE', `I/O Events ${what}; try again later`, { upstream })
