import * as v from 'valibot'
import type { CallContext } from '../../../core/call-context'
import { BridgeError } from '../../../core/errors'
import { isRecord, type JsonObject } from '../../../core/json'
import { trimEndOf } from '../../../core/trim'
import type { Upstream } from '../../../http/http-client'
import { type HttpResponse, isOk, jsonBody } from '../../../http/response'
import type { AkeneoCalls } from '../calls'
import { eventPlatformName, platformRefusal, platformSurprise } from './errors'
import { type EventLog, type EventSubscriber, type EventSubscription, EventViews } from './views'

/** The wanted state of a subscription. A change sends all fields, since partial changes are not documented. */
export type SubscriptionWish = {
  url: string
  /** Full names of types. */
  events: readonly string[]
  /** Both sign each event, in headers of their own. */
  secrets: { primary: string; secondary?: string }
  filter?: string
  /** Adds a product's identifier to its uuid. */
  sendProductIdentifier: boolean
}

/** The contact for suspended and revoked subscriptions: an e-mail address, and the receiver of the events. */
export type ContactWish = { email: string; webhook: { url: string; secret: string } }

/** A page of the log; `more` is the query of the next one. */
export type EventLogPage = {
  logs: readonly EventLog[]
  more: Readonly<Record<string, string>> | undefined
}

/**
 * The management API of Akeneo's Event Platform (getting started, concepts, logs). Methods throw BridgeErrors:
 * `AKENEO_EVENTS_FORBIDDEN`, `_LIMIT`, `_URL_REFUSED`, `_NOT_FOUND`, `_REFUSED`, `_UNEXPECTED_ANSWER`;
 * `AKENEO_UNAUTHORIZED`; and what the HTTP client throws.
 */
export type EventPlatform = {
  /** Those of the PIM that are not deleted. */
  subscribers(call: CallContext): Promise<readonly EventSubscriber[]>
  /** After a lost answer it is looked up, so that there are not two. */
  createSubscriber(name: string, contact: ContactWish, call: CallContext): Promise<EventSubscriber>
  updateSubscriber(id: string, contact: ContactWish, call: CallContext): Promise<void>
  /** Succeeds when it is deleted already. */
  deleteSubscriber(id: string, call: CallContext): Promise<void>
  /** Those of a subscriber that are not deleted, of whatever type. */
  subscriptions(subscriberId: string, call: CallContext): Promise<readonly EventSubscription[]>
  /** After a lost answer it is looked up, so that there are not two. */
  createSubscription(
    subscriberId: string,
    wish: SubscriptionWish,
    call: CallContext,
  ): Promise<EventSubscription>
  updateSubscription(
    subscription: EventSubscription,
    wish: SubscriptionWish,
    call: CallContext,
  ): Promise<void>
  /** Succeeds when it is suspended or resumed already. */
  setActive(subscription: EventSubscription, active: boolean, call: CallContext): Promise<void>
  /** Succeeds when it is deleted already. */
  deleteSubscription(subscription: EventSubscription, call: CallContext): Promise<void>
  /** A page of the log of the last 30 days; names of parameters are not public. */
  logs(query: Readonly<Record<string, string>>, call: CallContext): Promise<EventLogPage>
}

type Sent = { method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; path: string; body?: JsonObject; once?: boolean }

/** Where the API is, and who calls it. */
export type EventPlatformOptions = {
  /** Without a slash at the end. */
  baseUrl: string
  /** The origin of the PIM. */
  pimUrl: string
  /** Of the connection or the App. */
  clientId: string
}

/**
 * Creates the client.
 * @param parts.upstream for requests that are safe to retry
 * @param parts.once the same system, for requests that are not: it makes one attempt
 * @param parts.calls of the PIM, for its tokens
 */
export function createEventPlatform(
  { baseUrl, pimUrl, clientId }: EventPlatformOptions,
  parts: { upstream: Upstream; once: Upstream; calls: AkeneoCalls },
): EventPlatform {
  const isOurs = ({ status, subject }: { status: string; subject?: string | undefined }): boolean =>
    status !== 'deleted' && (subject === undefined || trimEndOf(subject, '/') === pimUrl)

  function send({ method, path, body, once = false }: Sent, call: CallContext): Promise<HttpResponse> {
    const upstream = once ? parts.once : parts.upstream
    return parts.calls.withToken(call, (token) =>
      upstream.request(
        {
          method,
          url: `${baseUrl}/${path}`,
          headers: {
            accept: 'application/json',
            'content-type': 'application/json',
            'x-pim-url': pimUrl,
            'x-pim-token': token,
            'x-pim-client-id': clientId,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        call,
      ),
    )
  }

  async function requested(sent: Sent, what: string, call: CallContext): Promise<HttpResponse> {
    const response = await send(sent, call)
    if (isOk(response)) return response
    throw platformRefusal(response, what)
  }

  async function list<S extends v.GenericSchema>(
    path: string,
    [schema, what]: [S, string],
    call: CallContext,
  ): Promise<v.InferOutput<S>[]> {
    const response = await requested({ method: 'GET', path }, `to list ${what}`, call)
    const { items } = pageOf(jsonBody(eventPlatformName, response))
    return items.map((item) => read(schema, item, what))
  }

  /** A creation whose answer was lost may have happened. */
  async function created<T>(
    make: () => Promise<T>,
    find: () => Promise<T | undefined>,
    call: CallContext,
  ): Promise<T> {
    try {
      return await make()
    } catch (thrown) {
      if (!(thrown instanceof BridgeError) || thrown.failureClass !== 'transient') throw thrown
      call.logger.warn('a creation was not answered: looking whether it happened', {
        code: thrown.code,
      })
      const found = await find()
      if (found === undefined) throw thrown
      return found
    }
  }

  const subscribers: EventPlatform['subscribers'] = async (call) =>
    (await list('subscribers', [EventViews.subscriber, 'subscribers'], call)).filter(isOurs)

  const subscriptions: EventPlatform['subscriptions'] = async (subscriberId, call) => {
    const path = `subscribers/${encodeURIComponent(subscriberId)}/subscriptions`
    const found = await list(path, [EventViews.subscription, 'subscriptions'], call)
    return found.filter(isOurs).map((it) => ({ ...it, subscriberId }))
  }

  async function remove(path: string, what: string, call: CallContext): Promise<void> {
    const response = await send({ method: 'DELETE', path }, call)
    if (!isOk(response) && response.status !== 404) throw platformRefusal(response, what)
  }

  const bodyOf = (wish: SubscriptionWish): JsonObject => ({
    source: 'pim',
    subject: pimUrl,
    type: 'https',
    events: wish.events,
    config: { url: wish.url, secret: wish.secrets },
    ...(wish.filter === undefined ? {} : { filter: wish.filter }),
    send_product_identifier: wish.sendProductIdentifier,
  })

  return {
    subscribers,
    subscriptions,
    createSubscriber: (name, contact, call) =>
      created(
        async () => {
          const body = { name, contact: contactOf(contact) }
          const sent: Sent = { method: 'POST', path: 'subscribers', body, once: true }
          const response = await requested(sent, 'to create a subscriber', call)
          return read(EventViews.subscriber, jsonBody(eventPlatformName, response), 'a subscriber')
        },
        async () => (await subscribers(call)).find((it) => it.name === name),
        call,
      ),
    updateSubscriber: async (id, contact, call) => {
      const path = `subscribers/${encodeURIComponent(id)}`
      const body = { contact: contactOf(contact) }
      await requested({ method: 'PATCH', path, body }, 'to change the subscriber', call)
    },
    deleteSubscriber: (id, call) =>
      remove(`subscribers/${encodeURIComponent(id)}`, 'to delete the subscriber', call),
    createSubscription: (subscriberId, wish, call) =>
      created(
        async () => {
          const path = `subscribers/${encodeURIComponent(subscriberId)}/subscriptions`
          const sent: Sent = { method: 'POST', path, body: bodyOf(wish), once: true }
          const response = await requested(sent, 'to create a subscription', call)
          const body = jsonBody(eventPlatformName, response)
          return { ...read(EventViews.subscription, body, 'a subscription'), subscriberId }
        },
        async () => (await subscriptions(subscriberId, call)).find((it) => it.config.url === wish.url),
        call,
      ),
    updateSubscription: async (it, wish, call) => {
      const sent: Sent = { method: 'PATCH', path: pathOf(it), body: bodyOf(wish) }
      await requested(sent, 'to change the subscription', call)
    },
    setActive: async (it, active, call) => {
      const path = `${pathOf(it)}/${active ? 'resume' : 'suspend'}`
      const response = await send({ method: 'POST', path }, call)
      if (isOk(response)) return
      const now = (await subscriptions(it.subscriberId, call)).find(({ id }) => id === it.id)
      if (now?.status === (active ? 'active' : 'suspended')) return
      throw platformRefusal(response, `to ${active ? 'resume' : 'suspend'} the subscription`)
    },
    deleteSubscription: (it, call) => remove(pathOf(it), 'to delete the subscription', call),
    logs: async (query, call) => {
      const parameters = new URLSearchParams(query).toString()
      const path = `logs${parameters === '' ? '' : `?${parameters}`}`
      const response = await requested({ method: 'GET', path }, 'to show its log', call)
      const { items, more } = pageOf(jsonBody(eventPlatformName, response))
      return { logs: items.map((item) => read(EventViews.log, item, 'the log')), more }
    },
  }
}

const contactOf = ({ email, webhook }: ContactWish): JsonObject => ({
  technical_email: email,
  notification_channels: ['email', 'webhook'],
  notification_webhook_url: webhook.url,
  notification_webhook_secret: webhook.secret,
})

const pathOf = ({ id, subscriberId }: EventSubscription): string =>
  `subscribers/${encodeURIComponent(subscriberId)}/subscriptions/${encodeURIComponent(id)}`

function read<S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  throw platformSurprise(`${what} in a form that is not known`)
}

/** Lists are plain arrays. The form of the pages of the log is not documented. Both forms are accepted. */
function pageOf(body: unknown): {
  items: readonly unknown[]
  more: Readonly<Record<string, string>> | undefined
} {
  if (Array.isArray(body)) return { items: body, more: undefined }
  const { _embedded: embedded, _links: links, ...rest } = isRecord(body) ? body : {}
  const holder = isRecord(embedded) ? embedded : rest
  const items = [holder.items, holder.data, holder.logs, holder.results].find(Array.isArray)
  if (items === undefined) throw platformSurprise('no list')
  const next = isRecord(links) ? links.next : isRecord(rest.links) ? rest.links.next : rest.next
  const href = isRecord(next) ? next.href : next
  // The token is sent to the configured address, whatever host the link names.
  const mark = typeof href === 'string' ? href.indexOf('?') : -1
  const more = mark < 0 ? undefined : Object.fromEntries(new URLSearchParams(String(href).slice(mark)))
  return { items, more }
}
