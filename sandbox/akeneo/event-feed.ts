import type { MovableClock } from '../clock'
import type { AkeneoStandIn } from './akeneo'
import { createEventDelivery, type DeliveryError, type EventDelivery } from './event-delivery'
import { type Contact, createNotifier, type Notifier } from './event-notifications'
import type { EventSubscription } from './event-subscription'
import { happeningsOf, PREFIX } from './product-events'

/** Who knows the subscriptions, and ends them. */
export type EventManagement = {
  /** As they are now. */
  subscriptions(): readonly EventSubscription[]
  /** From now on the subscription is not active. */
  suspend(id: string, reason: string): void
  /** Takes what the delivery could not do. */
  log?(error: DeliveryError): void
}

/** A PIM whose changes go to whoever subscribes. */
export type EventFeed = EventManagement & { delivery: EventDelivery; notifier: Notifier }

/** What the app subscribes to. */
const TYPES = ['product', 'product-model'].flatMap((name) =>
  ['created', 'updated', 'deleted'].map((verb) => `${PREFIX}${name}.${verb}`),
)

/** One subscription to what happens to products and models, or none without a URL; notifications go there as well. */
const oneSubscription = (
  { url, secret }: { url: string | undefined; secret: string },
  onSuspended: (subscription: EventSubscription, contact: Contact, reason: string) => void,
): EventManagement => {
  const subscriberId = '0194c1d2-0000-7000-8000-000000000001'
  if (url === undefined) return { subscriptions: () => [], suspend: () => undefined }
  const subscription: EventSubscription = {
    id: '0194c1d2-0000-7000-8000-000000000002',
    subscriberId,
    url,
    events: TYPES,
    secrets: { primary: secret },
    status: 'active',
  }
  return {
    subscriptions: () => [subscription],
    suspend: (_, reason) => {
      subscription.status = 'suspended'
      const technicalEmail = 'operator@example.com'
      onSuspended(subscription, { technicalEmail, channels: ['webhook'], webhook: { url, secret } }, reason)
    },
  }
}

/** Subscribes `url` to what happens to the products of a PIM. */
export const createEventFeed = (options: {
  clock: MovableClock
  akeneo: AkeneoStandIn
  url: string | undefined
  secret: string
}): EventFeed => {
  const { clock, akeneo } = options
  const notifier = createNotifier({ clock })
  const management = oneSubscription(options, (subscription, contact, reason) => {
    const about = { subscription, contact, pimUrl: akeneo.url, reason }
    void notifier.notify('subscription.suspended.system', about)
  })
  const delivery = createEventDelivery({
    clock,
    subscriptions: () => management.subscriptions(),
    suspend: ({ id }, reason) => management.suspend(id, reason),
    log: (error) => management.log?.(error),
  })
  akeneo.catalogue.onChange((change) => {
    for (const happening of happeningsOf(change, akeneo.catalogue)) delivery.publish(happening)
  })
  return { ...management, delivery, notifier }
}
