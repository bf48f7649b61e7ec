import { createAkeneoCalls } from '../src/connectors/akeneo/calls'
import { upstreamName } from '../src/connectors/akeneo/errors'
import { createEventPlatform, type EventPlatform } from '../src/connectors/akeneo/event-platform/client'
import { eventPlatformName } from '../src/connectors/akeneo/event-platform/errors'
import type { EventSubscriber, EventSubscription } from '../src/connectors/akeneo/event-platform/views'
import { connectionInputs, readAkeneoConnection } from '../src/connectors/akeneo/inputs'
import { createAkeneoTokens, credentialInputs } from '../src/connectors/akeneo/token'
import { platformInputs } from '../src/connectors/akeneo/webhook-inputs'
import type { CallContext } from '../src/core/call-context'
import { systemClock } from '../src/core/clock'
import { trimEndOf } from '../src/core/trim'
import { createHttpClient, type HttpClient } from '../src/http/http-client'
import { type InputSource, inputError, readBoth, sourceOf, valuesOf } from '../src/inputs/values'
import type { Environment } from './environment'
import { CommandError } from './output'

/** What a command about the Event Platform works with. */
export type AkeneoParts = {
  platform: EventPlatform
  http: HttpClient
  /** Of the subscriber: tells the workspaces of one PIM apart. */
  name: string
  call: CallContext
}

const prefix = 'AKENEO'

/** What these commands need of their surroundings. */
export type AkeneoEnvironment = Pick<Environment, 'inputs' | 'redactor' | 'namespace' | 'call'>

/** Puts the client together from the inputs of the connection. */
export function openAkeneo(
  { inputs, redactor, namespace, call }: AkeneoEnvironment,
  name: string | undefined,
): AkeneoParts {
  const source = sourceOf(inputs, redactor)
  const [connection, { AKENEO_EVENTS_URL: base }] = readBoth(
    () => readAkeneoConnection(source, prefix),
    () => valuesOf(platformInputs, source),
  )
  const http = createHttpClient()
  const { origin, credentials } = connection
  const clientId = credentials.kind === 'connection' ? credentials.clientId : clientIdIn(source)
  const pim = http.upstream({ name: upstreamName, origins: [origin], concurrency: 1 })
  const account = {
    tokens: createAkeneoTokens(credentials, { origin, upstream: pim, redactor, clock: systemClock }),
    inputs: `${credentialInputs(credentials)}; AKENEO_CLIENT_ID; and that "Event Platform" is ticked for the connection or App`,
  }
  const events = { name: eventPlatformName, origins: [base.origin], concurrency: 1 }
  const platform = createEventPlatform(
    { baseUrl: base.origin + trimEndOf(base.pathname, '/'), pimUrl: origin, clientId },
    {
      upstream: http.upstream(events),
      once: http.upstream({ ...events, maxAttempts: 1 }),
      calls: createAkeneoCalls(origin, { name: upstreamName, upstream: pim, account }),
    },
  )
  const usualName = namespace === undefined ? 'aem-asset-bridge' : `aem-asset-bridge ${namespace}`
  return { platform, http, name: name ?? usualName, call: call() }
}

function clientIdIn(source: InputSource): string {
  const { CLIENT_ID } = valuesOf({ CLIENT_ID: connectionInputs.CLIENT_ID }, source, { prefix })
  if (CLIENT_ID !== undefined) return CLIENT_ID
  throw inputError(
    'AKENEO_CLIENT_ID is not set: the Event Platform wants the client id of the connection; of an App, that of the App',
  )
}

/** A subscriber with what it subscribes to. */
export type Subscribed = { subscriber: EventSubscriber; subscriptions: readonly EventSubscription[] }

/** Everything of the PIM, as the connection may see it. */
export async function allSubscribed({ platform, call }: AkeneoParts): Promise<Subscribed[]> {
  const all: Subscribed[] = []
  for (const subscriber of await platform.subscribers(call)) {
    all.push({ subscriber, subscriptions: await platform.subscriptions(subscriber.id, call) })
  }
  return all
}

/** This workspace's subscriber: by name, else by the URL that one of its subscriptions sends to. */
export const ownOf = (
  all: readonly Subscribed[],
  { name, url }: { name: string; url?: string | undefined },
): Subscribed | undefined =>
  all.find(({ subscriber }) => subscriber.name === name) ??
  all.find(({ subscriptions }) => url !== undefined && subscriptions.some(({ config }) => config.url === url))

/** The subscriptions of type https, as this app's are; others of the subscriber are ignored. */
export const httpsOf = ({ subscriptions }: Subscribed): readonly EventSubscription[] =>
  subscriptions.filter(({ type, source }) => type === 'https' && source === 'pim')

/** The one that is named, or the only one. */
export function oneOf(own: Subscribed, id: string | undefined): EventSubscription {
  const candidates = httpsOf(own)
  const found = id === undefined ? candidates : candidates.filter((it) => it.id === id)
  const [one] = found
  if (one !== undefined && found.length === 1) return one
  if (id !== undefined) throw new CommandError(`${own.subscriber.name} has no subscription ${id}`)
  if (one === undefined)
    throw new CommandError(`${own.subscriber.name} has no subscription: akeneo subscribe`)
  throw new CommandError(
    `${own.subscriber.name} has ${found.length} subscriptions, name one: ${found.map((it) => it.id).join(', ')}`,
  )
}

/** This workspace's subscriber, which there has to be. */
export async function requireOwn(parts: AkeneoParts): Promise<Subscribed> {
  const own = ownOf(await allSubscribed(parts), parts)
  if (own !== undefined) return own
  throw new CommandError(`there is no subscriber ${JSON.stringify(parts.name)}: akeneo subscribe, or --name`)
}
