import type { MovableClock } from '../clock'
import type { AkeneoStandIn } from './akeneo'
import { createEventDelivery, type EventDelivery } from './event-delivery'
import { type Contact, createNotifier, type Notifier } from './event-notifications'
import type { EventSubscription } from './event-subscription'
import { happeningsOf } from './product-events'

/** What the app subscribes to, without the common prefix. */
const TYPES = ['product.created', 'product.updated', 'product.deleted']
const MODEL_TYPES = TYPES.map((type) => type.replace('product', 'product-model'))

/** A PIM whose changes go to one subscriber. */
export type EventFeed = {
  /** As it is now; undefined when nobody subscribes. */
  subscription(): EventSubscription | undefined
  delivery: EventDelivery
  notifier: Notifier
}

/** Subscribes `url` to what happens to products of the PIM; also its notifications go there. */
export const createEventFeed = (options: {
  clock: MovableClock
  akeneo: AkeneoStandIn
  url: string | undefined
  secret: string
}): EventFeed => {
  const { clock, akeneo, url, secret } = options
  let subscription: EventSubscription | undefined =
    url === undefined
      ? undefined
      : {
          id: '0194c1d2-0000-7000-8000-000000000002',
          subscriberId: '0194c1d2-0000-7000-8000-000000000001',
          url,
          events: [...TYPES, ...MODEL_TYPES].map((type) => `com.akeneo.pim.v1.${type}`),
          secrets: { primary: secret },
          status: 'active',
        }
  const contact: Contact = {
    technicalEmail: 'operator@example.com',
    channels: ['webhook'],
    ...(url === undefined ? {} : { webhook: { url, secret } }),
  }
  const notifier = createNotifier({ clock })
  const delivery = createEventDelivery({
    clock,
    subscriptions: () => (subscription === undefined ? [] : [subscription]),
    suspend: (suspended, reason) => {
      subscription = { ...suspended, status: 'suspended' }
      const about = { subscription, contact, pimUrl: akeneo.url, reason }
      void notifier.notify('subscription.suspended.system', about)
    },
  })
  akeneo.catalogue.onChange((change) => {
    for (const happening of happeningsOf(change, akeneo.catalogue)) delivery.publish(happening)
  })
  return { subscription: () => subscription, delivery, notifier }
}
