import * as v from 'valibot'
import type { CallContext } from '../core/call-context'
import { isRecord } from '../core/json'
import {
  openRegistrationsApi,
  type RegistrationsOptions,
  type RegistrationsParts,
  refused,
  unavailable,
} from './registrations-api'

export type { RegistrationsOptions }

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

/** A registration with what only its management needs. */
export type HeldRegistration = Registration & {
  /** As the service writes it. */
  createdAt: string | undefined
  /** `event_delivery_format` is `cloud_events_v1` or `adobe_io`, where the service tells it. */
  events: readonly {
    provider_id: string
    event_code: string
    event_delivery_format?: string | null | undefined
  }[]
  /** What an update has to repeat; undefined when it is of a kind that cannot be repeated. */
  update: ReturnType<typeof updateOf> | undefined
}

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

const Listing = v.object({ _embedded: v.optional(v.object({ registrations: v.array(v.unknown()) })) })

/** What only its management needs. */
const Held = v.object({
  created_date: text,
  events_of_interest: v.array(
    v.object({ provider_id: v.string(), event_code: v.string(), event_delivery_format: text }),
  ),
})

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

/**
 * The event registrations of a workspace. The app does not use `@adobe/aio-lib-events` for it: that takes 800 KB of a
 * bundle. Source of the protocol: Adobe I/O Events, Registration API.
 * @throws {BridgeError} systemic `IO_EVENTS_REFUSED` when the service refuses; transient `IO_EVENTS_UNAVAILABLE`
 */
export async function listRegistrations(
  options: RegistrationsOptions,
  parts: RegistrationsParts,
  call: CallContext,
): Promise<readonly Registration[]> {
  return (await listed(options, parts, call)).map(({ view }) => registrationOf(view))
}

/**
 * The same, with all that an update has to repeat.
 * @throws {BridgeError} as {@link listRegistrations}
 */
export async function listHeldRegistrations(
  options: RegistrationsOptions,
  parts: RegistrationsParts,
  call: CallContext,
): Promise<readonly HeldRegistration[]> {
  return (await listed(options, parts, call)).map(({ view, raw }) => {
    const [held, kept] = [v.safeParse(Held, raw), v.safeParse(Kept, raw)]
    return {
      ...registrationOf(view),
      createdAt: held.success ? (held.output.created_date ?? undefined) : undefined,
      events: held.success ? held.output.events_of_interest : [],
      update: kept.success ? updateOf(kept.output) : undefined,
    }
  })
}

async function listed(options: RegistrationsOptions, parts: RegistrationsParts, call: CallContext) {
  const answer = await openRegistrationsApi(options, parts, call)('list the registrations')
  const listing = v.safeParse(Listing, answer)
  if (!isRecord(answer) || !listing.success) throw notRegistrations()
  return (listing.output._embedded?.registrations ?? []).map((raw) => {
    const view = v.safeParse(Listed, raw)
    if (!view.success) throw notRegistrations()
    return { view: view.output, raw }
  })
}

const notRegistrations = () => unavailable('answered something else than registrations')

/**
 * Has a registration push again: it repeats to the service what that holds, with `enabled: true`, since an update
 * replaces all. What could not be pushed meanwhile is in the journal only.
 * @throws {BridgeError} systemic `IO_EVENTS_REFUSED` when the service refuses, when the registration is of a kind that
 * cannot be repeated, or when it is another one afterwards; transient `IO_EVENTS_UNAVAILABLE`
 */
export async function enableRegistration(
  id: string,
  options: RegistrationsOptions,
  parts: RegistrationsParts,
  call: CallContext,
): Promise<Registration> {
  const ask = openRegistrationsApi(options, parts, call)
  const path = `/${encodeURIComponent(id)}`
  const read = (): Promise<unknown> => ask('show the registration', { path })
  const before = v.safeParse(Kept, await read())
  if (!before.success) throw notRepeatable()
  const body = { ...updateOf(before.output), enabled: true }
  await ask('enable the registration', { path, method: 'PUT', body })
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

const notRepeatable = () =>
  refused(
    'the registration has fields that this command cannot repeat, and an update would lose them: enable it in the Developer Console',
  )

const changed = () =>
  refused(
    'the registration is enabled, but I/O Events changed other fields of it: compare it in the Developer Console',
  )
