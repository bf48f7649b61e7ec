import { randomBytes } from 'node:crypto'
import type { MovableClock } from '../clock'
import type { JsonObject } from '../json'
import { type ConfigRules, changedConfig, configView, type EventConfig } from './event-config'
import type { EventContact, EventSubscriber } from './event-contact'
import type { EventLogEntry } from './event-logs'
import type { EventPlatformSettings, StatusListener, StatusType } from './event-settings'
import type { EventSubscription } from './event-subscription'
import { Refused } from './refusal'

/** A subscription with its history: a change is known at once, and in effect later. */
type Kept = {
  id: string
  subscriberId: string
  status: EventSubscription['status']
  createdAt: number
  updatedAt: number
  /** Oldest first; the last one is what the API shows. */
  versions: { config: EventConfig; effectiveAt: number }[]
}

/** All subscribers and subscriptions of a PIM. Methods throw a {@link Refused} as the API does. */
export type EventRegister = {
  subscribers(): EventSubscriber[]
  subscriber(id: string): EventSubscriber
  subscribe(name: string, contact: EventContact): EventSubscriber
  unsubscribe(subscriber: EventSubscriber): void
  of(subscriberId: string): Kept[]
  find(subscriberId: string, id: string): Kept
  byId(id: string): Kept
  create(subscriber: EventSubscriber, body: JsonObject): Kept
  change(subscription: Kept, body: JsonObject): Kept
  remove(subscription: Kept): void
  /** By the platform with a reason, by the user without. */
  suspend(subscription: Kept, reason: string | undefined): void
  resume(subscription: Kept): void
  revoke(subscription: Kept, reason: string): void
  view(subscription: Kept): JsonObject
  inEffect(): EventSubscription[]
}

/** A uuid of version 7: it begins with the time. */
const uuidV7 = (now: number): string => {
  const random = randomBytes(10).toString('hex')
  const time = now.toString(16).padStart(12, '0')
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${random.slice(0, 3)}`,
    `8${random.slice(3, 6)}`,
    random.slice(6, 18),
  ].join('-')
}

/** Creates an empty register. */
export const createEventRegister = (options: {
  clock: MovableClock
  settings: EventPlatformSettings
  pimUrl: string
  checkUrl: ConfigRules['checkUrl']
  log: (entry: EventLogEntry) => void
  onStatus: StatusListener | undefined
}): EventRegister => {
  const { clock, settings, pimUrl, checkUrl, log, onStatus } = options
  const subscribers = new Map<string, EventSubscriber>()
  const subscriptions = new Map<string, Kept>()

  const rules = (): ConfigRules => ({ pimUrl, checkUrl, wholeChanges: settings.wholeChanges })
  const effectiveAt = (): number => clock.now() + settings.effectiveAfterMs

  const latest = ({ versions }: Kept): EventConfig => {
    const config = versions.at(-1)?.config
    if (config === undefined) throw new Error('a subscription without a configuration')
    return config
  }

  const asDelivered = (it: Kept): EventSubscription => {
    const due = it.versions.filter((version) => version.effectiveAt <= clock.now()).at(-1) ?? it.versions[0]
    if (due === undefined) throw new Error('a subscription without a configuration')
    return {
      id: it.id,
      subscriberId: it.subscriberId,
      status: it.status,
      ...due.config,
      effectiveAt: due.effectiveAt,
    }
  }

  const atLimit = (what: string): Refused =>
    new Refused(settings.limitStatus, `The limit of ${settings.most} ${what} has been reached`)

  const become = (
    it: Kept,
    status: EventSubscription['status'],
    { operation, type, reason }: { operation: string; type: StatusType; reason?: string },
  ): void => {
    it.status = status
    it.updatedAt = clock.now()
    log({ subscription: it, operation })
    const contact = subscribers.get(it.subscriberId)?.contact
    if (contact === undefined) return
    onStatus?.(type, {
      subscription: asDelivered(it),
      contact,
      pimUrl,
      ...(reason === undefined ? {} : { reason }),
    })
  }

  const register: EventRegister = {
    subscribers: () => [...subscribers.values()],
    subscriber: (id) => {
      const found = subscribers.get(id)
      if (found === undefined || found.status === 'deleted') throw new Refused(404, 'Subscriber not found')
      return found
    },
    subscribe: (name, contact) => {
      const active = register.subscribers().filter(({ status }) => status === 'active')
      if (active.length >= settings.most) throw atLimit('subscribers')
      const now = clock.now()
      const subscriber: EventSubscriber = {
        ...{ id: uuidV7(now), name, contact },
        ...{ status: 'active', createdAt: now, updatedAt: now },
      }
      subscribers.set(subscriber.id, subscriber)
      return subscriber
    },
    unsubscribe: (subscriber) => {
      subscriber.status = 'deleted'
      for (const it of register.of(subscriber.id)) it.status = 'deleted'
    },
    of: (subscriberId) => [...subscriptions.values()].filter((it) => it.subscriberId === subscriberId),
    byId: (id) => {
      const found = subscriptions.get(id)
      if (found === undefined || found.status === 'deleted') throw new Refused(404, 'Subscription not found')
      return found
    },
    find: (subscriberId, id) => {
      const found = register.byId(id)
      if (found.subscriberId !== subscriberId) throw new Refused(404, 'Subscription not found')
      return found
    },
    create: (subscriber, body) => {
      const config = changedConfig(body, undefined, rules())
      const others = register.of(subscriber.id).filter(({ status }) => status !== 'deleted')
      if (others.length >= settings.most) throw atLimit('subscriptions')
      const now = clock.now()
      const created: Kept = {
        ...{ id: uuidV7(now), subscriberId: subscriber.id, status: 'active', createdAt: now, updatedAt: now },
        versions: [{ config, effectiveAt: effectiveAt() }],
      }
      subscriptions.set(created.id, created)
      return created
    },
    change: (it, body) => {
      it.versions.push({ config: changedConfig(body, latest(it), rules()), effectiveAt: effectiveAt() })
      it.updatedAt = clock.now()
      return it
    },
    remove: (it) => {
      it.status = 'deleted'
    },
    suspend: (it, reason) => {
      if (it.status !== 'active') throw new Refused(422, `The subscription is ${it.status}, not active`)
      const by = reason === undefined ? 'user' : 'system'
      become(it, 'suspended', {
        operation: `subscription_suspended_by_the_${by}`,
        type: `subscription.suspended.${by}`,
        ...(reason === undefined ? {} : { reason }),
      })
    },
    resume: (it) => {
      if (it.status !== 'suspended') throw new Refused(422, `The subscription is ${it.status}, not suspended`)
      become(it, 'active', { operation: 'subscription_resumed', type: 'subscription.resumed' })
    },
    revoke: (it, reason) => {
      become(it, 'revoked', { operation: 'subscription_revoked', type: 'subscription.revoked', reason })
    },
    view: (it) => {
      const config = latest(it)
      return {
        ...{ id: it.id, source: 'pim', subject: pimUrl, type: 'https' },
        events: [...config.events],
        status: it.status,
        config: configView(config),
        subscriber_id: it.subscriberId,
        send_product_identifier: config.sendProductIdentifier ?? false,
        ...(config.filter === undefined ? {} : { filter: config.filter }),
        created_at: new Date(it.createdAt).toISOString(),
        updated_at: new Date(it.updatedAt).toISOString(),
      }
    },
    inEffect: () => [...subscriptions.values()].filter(({ status }) => status !== 'deleted').map(asDelivered),
  }
  return register
}
