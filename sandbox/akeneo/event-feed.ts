import type { MovableClock } from '../clock'
import type { AkeneoStandIn } from './akeneo'
import { createEventDelivery, type EventDelivery } from './event-delivery'
import { createNotifier, type Notifier } from './event-notifications'
import { type EventPlatformStandIn, startEventPlatform } from './event-platform'
import type { EventPlatformSettings } from './event-settings'
import { happeningsOf } from './product-events'

/** The Event Platform in front of a PIM: what is managed there is what is delivered. */
export type EventFeed = {
  /** The subscribers; empty at first. */
  platform: EventPlatformStandIn
  /** What goes to the subscribers. */
  delivery: EventDelivery
  /** The notifications about their subscriptions. */
  notifier: Notifier
  close(): Promise<void>
}

/** Starts the platform; from now on it receives every change in the PIM. */
export const startEventFeed = async (options: {
  clock: MovableClock
  akeneo: AkeneoStandIn
  settings?: Partial<EventPlatformSettings>
  port?: number
}): Promise<EventFeed> => {
  const { clock, akeneo } = options
  const notifier = createNotifier({ clock })
  const platform = await startEventPlatform({
    ...options,
    onStatus: (type, about) => {
      void notifier.notify(type, about)
      if (type === 'subscription.resumed') delivery.resumed(about.subscription.id)
    },
  })
  const delivery = createEventDelivery({
    clock,
    subscriptions: () => platform.subscriptions(),
    suspend: ({ id }, reason) => platform.suspend(id, reason),
    log: (error) => platform.log(error),
  })
  akeneo.catalogue.onChange((change) => {
    for (const happening of happeningsOf(change, akeneo.catalogue)) delivery.publish(happening)
  })
  return { platform, delivery, notifier, close: platform.close }
}
