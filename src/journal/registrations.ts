import * as v from 'valibot'
import type { CallContext } from '../core/call-context'
import { BridgeError, systemicError, transientError } from '../core/errors'
import { isRecord, parseJson } from '../core/json'
import type { HttpClient, HttpRequest } from '../http/http-client'
import { isOk } from '../http/response'
import { type Tokens, withToken } from '../http/tokens'

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
  /** `ok`, or as the service sees a receiver that has failed too often. */
  health: 'ok' | 'unstable' | 'disabled'
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
const Listed = v.object({
  registration_id: v.string(),
  name: text,
  events_url: text,
  delivery_type: text,
  runtime_action: text,
  enabled: v.optional(v.nullable(v.boolean())),
  status: text,
  webhook_status: text,
  _links: v.optional(v.object({ 'rel:events': v.optional(v.object({ href: v.string() })) })),
})

const Listing = v.object({ _embedded: v.optional(v.object({ registrations: v.array(Listed) })) })

/** What an update has to repeat, since it replaces all. */
const Kept = v.object({
  name: v.string(),
  description: text,
  delivery_type: v.picklist(['webhook', 'webhook_batch', 'journal']),
  webhook_url: text,
  runtime_action: text,
  client_id: text,
  events_of_interest: v.array(v.object({ provider_id: v.string(), event_code: v.string() })),
  subscriber_filters: v.optional(v.nullable(v.array(v.unknown()))),
})

type Parts = { tokens: Tokens; http: HttpClient }

/**
 * The event registrations of a workspace. The app does not use `@adobe/aio-lib-events` for it: that takes 800 KB of a
 * bundle. Source of the protocol: Adobe I/O Events, Registration API.
 * @throws {BridgeError} systemic `IO_EVENTS_REFUSED` when the service refuses; transient `IO_EVENTS_UNAVAILABLE`
 */
export async function listRegistrations(
  options: RegistrationsOptions,
  parts: Parts,
  call: CallContext,
): Promise<readonly Registration[]> {
  const answer = await open(options, parts, call)('list the registrations')
  const listing = v.safeParse(Listing, answer)
  if (!isRecord(answer) || !listing.success) throw unavailable('answered something else than registrations')
  return (listing.output._embedded?.registrations ?? []).map(registrationOf)
}

/**
 * Has a registration push again: it repeats to the service what that holds, with `enabled: true`, since an update
 * replaces all. What could not be pushed meanwhile is in the journal only.
 * @throws {BridgeError} systemic `IO_EVENTS_REFUSED` when the service refuses, when the registration is of a kind that
 * cannot be repeated, or when it is another one afterwards; transient `IO_EVENTS_UNAVAILABLE`
 */
export async function enableRegistration(
  id: string,
  options: RegistrationsOptions,
  parts: Parts,
  call: CallContext,
): Promise<Registration> {
  const send = open(options, parts, call)
  const read = (): Promise<unknown> => send('show the registration', { id })
  const before = v.safeParse(Kept, await read())
  if (!before.success) throw notRepeatable()
  await send('enable the registration', { id, update: { ...updateOf(before.output), enabled: true } })
  const after = await read()
  const [kept, listed] = [v.safeParse(Kept, after), v.safeParse(Listed, after)]
  if (!kept.success || !listed.success) throw unavailable('answered something else than a registration')
  if (JSON.stringify(updateOf(kept.output)) !== JSON.stringify(updateOf(before.output))) throw changed()
  return registrationOf(listed.output)
}

/** A webhook that delivers to an action has a URL of the service, which it sets by itself and takes from nobody. */
function updateOf(registration: v.InferOutput<typeof Kept>) {
  const { name, description, delivery_type, client_id, events_of_interest } = registration
  const { webhook_url, runtime_action, subscriber_filters: filters } = registration
  const receiver = runtime_action ? { runtime_action } : webhook_url ? { webhook_url } : {}
  return {
    ...{ name, description: description ?? '', delivery_type, events_of_interest, ...receiver },
    ...(client_id ? { client_id } : {}),
    ...(filters?.length ? { subscriber_filters: filters } : {}),
  }
}

const registrationOf = (it: v.InferOutput<typeof Listed>): Registration => ({
  id: it.registration_id,
  name: it.name ?? '',
  journalUrl: it.events_url ?? it._links?.['rel:events']?.href,
  deliveryType: it.delivery_type ?? undefined,
  runtimeAction: it.runtime_action ?? undefined,
  isEnabled: it.enabled ?? undefined,
  status: it.status ?? it.webhook_status ?? undefined,
  health: healthOf(it),
})

/** Which field tells is not documented, nor in which letters. */
function healthOf({ enabled, status, webhook_status }: v.InferOutput<typeof Listed>): Registration['health'] {
  const told = [status, webhook_status].map((text) => text?.toUpperCase() ?? '')
  const says = (word: string): boolean => told.some((text) => text.includes(word))
  if (enabled === false || says('DISABLED')) return 'disabled'
  return says('UNSTABLE') ? 'unstable' : 'ok'
}

/** Asks for one registration, or for all; an update replaces all that it holds. */
type Send = (
  what: string,
  about?: { id?: string; update?: Readonly<Record<string, unknown>> },
) => Promise<unknown>

function open(options: RegistrationsOptions, { tokens, http }: Parts, call: CallContext): Send {
  const { apiKey, orgId, workspace, baseUrl = 'https://api.adobe.io', timeoutMs, retries = 2 } = options
  const ids = [workspace.consumerOrgId, workspace.projectId, workspace.workspaceId]
  const base = `${baseUrl}/events/${ids.map(encodeURIComponent).join('/')}/registrations`
  const client = http.upstream({
    name: upstream,
    origins: [new URL(baseUrl).origin],
    concurrency: 1,
    attemptTimeoutMs: timeoutMs ?? 20_000,
    maxAttempts: retries + 1,
  })
  return async (what, { id, update } = {}) => {
    const request = (token: string): HttpRequest => ({
      method: update === undefined ? 'GET' : 'PUT',
      url: id === undefined ? base : `${base}/${encodeURIComponent(id)}`,
      headers: {
        accept: 'application/hal+json',
        authorization: `Bearer ${token}`,
        'x-api-key': apiKey,
        'x-ims-org-id': orgId,
        ...(update === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(update === undefined ? {} : { body: JSON.stringify(update) }),
    })
    const response = await withToken(tokens, call, (token) => client.request(request(token), call)).catch(
      (thrown: unknown) => {
        call.signal.throwIfAborted()
        throw thrown instanceof BridgeError && thrown.upstream === upstream ? notAnswered(thrown) : thrown
      },
    )
    if (isOk(response)) return parseJson(response.text)
    if (response.status < 400) throw unavailable(`answered ${response.status}`)
    throw refused(what, response.status)
  }
}

const notAnswered = ({ status }: BridgeError): BridgeError =>
  unavailable(status === undefined ? 'did not answer properly' : `answered ${status}`)

const refused = (what: string, status: number): BridgeError =>
  systemicError(
    'IO_EVENTS_REFUSED',
    `I/O Events refused to ${what} (${status}): check that the I/O Management API is in the workspace, ADC_CECREDENTIALS_CLIENTID and ADC_CECREDENTIALS_ORGID, and the ids of organization, project and workspace`,
    { upstream, status },
  )

const unavailable = (what: string): BridgeError =>
  transientError('IO_EVENTS_UNAVAILABLE', `I/O Events ${what}; try again later`, { upstream })

const notRepeatable = (): BridgeError =>
  systemicError(
    'IO_EVENTS_REFUSED',
    'the registration has fields that this command cannot repeat, and an update would lose them: enable it in the Developer Console',
    { upstream },
  )

const changed = (): BridgeError =>
  systemicError(
    'IO_EVENTS_REFUSED',
    'the registration is enabled, but I/O Events changed other fields of it: compare it in the Developer Console',
    { upstream },
  )
