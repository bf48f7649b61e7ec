import * as v from 'valibot'
import type { CallContext } from '../../../src/core/call-context'
import { messageOf } from '../../../src/core/shown'
import {
  answeredWith,
  type RegistrationsOptions,
  type RegistrationsParts,
  unavailable,
} from '../../../src/journal/registrations-api'

/** A source of events, as I/O Events lists it. */
export type Provider = {
  id: string
  label: string
  /** Whatever else may tell which system it is. */
  traits: readonly string[]
}

/** What the setup does through `@adobe/aio-lib-events`. */
export type EventsLibrary = {
  providers(): Promise<readonly Provider[]>
  /** The codes of the events that a provider offers. */
  codesOf(providerId: string): Promise<readonly string[]>
  /**
   * One attempt: an answer that is lost says nothing about the registration.
   * @returns its id, when the service tells it
   */
  create(body: Readonly<Record<string, unknown>>): Promise<string | undefined>
  /** One attempt. It replaces all that the registration holds. */
  update(id: string, body: Readonly<Record<string, unknown>>): Promise<void>
  remove(id: string): Promise<void>
}

const text = v.optional(v.nullable(v.string()))

const Providers = v.object({
  _embedded: v.optional(
    v.object({
      providers: v.array(
        v.object({ id: v.string(), label: text, description: text, source: text, instance_id: text }),
      ),
    }),
  ),
})
const Events = v.object({
  _embedded: v.optional(v.object({ eventmetadata: v.array(v.object({ event_code: v.string() })) })),
})
const Created = v.object({ registration_id: v.string() })

/**
 * Opens `@adobe/aio-lib-events` 4.1.0. Its errors name the status in their text only, and its retries would repeat a
 * `POST` whose answer was lost: so only what reads is retried.
 * @param retries of what reads
 * @throws {BridgeError} systemic `IO_EVENTS_REFUSED`; transient `IO_EVENTS_UNAVAILABLE`
 */
export async function openEventsLibrary(
  { workspace, apiKey, orgId, baseUrl, retries = 2, timeoutMs = 20_000 }: RegistrationsOptions,
  { tokens }: RegistrationsParts,
  call: CallContext,
): Promise<EventsLibrary> {
  const { init } = await import('@adobe/aio-lib-events')
  const token = await tokens.token(call)
  const open = (times: number) =>
    init(orgId, apiKey, token, {
      timeout: timeoutMs,
      retries: times,
      ...(baseUrl === undefined ? {} : { eventsBaseURL: baseUrl }),
    })
  const [reads, writes] = [await open(retries), await open(0)]
  const { consumerOrgId, projectId, workspaceId } = workspace
  const place = [consumerOrgId, projectId, workspaceId] as const
  return {
    async providers() {
      const answer = await told('list the providers', reads.getAllProviders(consumerOrgId))
      const found = v.safeParse(Providers, answer)
      if (!found.success) throw unavailable('answered something else than providers')
      return (found.output._embedded?.providers ?? []).map(
        ({ id, label, description, source, instance_id }) => ({
          id,
          label: label ?? id,
          traits: [id, label, instance_id, source, description].flatMap((one) => one ?? []),
        }),
      )
    },
    async codesOf(providerId) {
      const answer = await told(
        'list the events of a provider',
        reads.getAllEventMetadataForProvider(encodeURIComponent(providerId)),
      )
      const found = v.safeParse(Events, answer)
      if (!found.success) throw unavailable('answered something else than the events of a provider')
      return (found.output._embedded?.eventmetadata ?? []).map(({ event_code: code }) => code)
    },
    async create(body) {
      const answer = await told('make a registration', writes.createRegistration(...place, body))
      const made = v.safeParse(Created, answer)
      return made.success ? made.output.registration_id : undefined
    },
    async update(id, body) {
      await told('update a registration', writes.updateRegistration(...place, encodeURIComponent(id), body))
    },
    async remove(id) {
      await told('delete a registration', writes.deleteRegistration(...place, encodeURIComponent(id)))
    },
  }

  async function told(what: string, answer: Promise<unknown>): Promise<unknown> {
    try {
      return await answer
    } catch (thrown) {
      call.signal.throwIfAborted()
      const [, status] = /\b([3-5]\d\d) - /.exec(messageOf(thrown)) ?? []
      throw status === undefined ? unavailable('did not answer properly') : answeredWith(what, Number(status))
    }
  }
}
