import { randomUUID } from 'node:crypto'
import type { MovableClock } from '../clock'
import { createFaults, type Faults, seededRandom } from '../faults'
import { type AkeneoEvent, envelope } from './event-envelope'
import { parseFilter } from './event-filter'
import { createPace, type Pace } from './event-rate'
import { jsonBytes, signedHeaders } from './event-signature'
import type { EventSubscription } from './event-subscription'
import { type Posted, post } from './post'
import { type Happening, PREFIX } from './product-events'

/** A line for the platform's log; the management API adds ids and dates, and puts equal ones together. */
export type DeliveryError = {
  subscription: EventSubscription
  eventId: string
  operation: 'failed_to_deliver_event'
  error_type: 'failed_delivery'
  /** Of a set that is not public; `destination_timeout` and `connection_refused` are known to be in it. */
  error_reason: string
  /** The status; 500 when there was none. */
  error_code: number
  error_message: string
}

/** The subscriptions that the delivery serves. */
export type DeliveryOptions = {
  clock: MovableClock
  /** As they are now. */
  subscriptions: () => Iterable<EventSubscription>
  /** Must see to it that the subscription is not active any longer. */
  suspend: (subscription: EventSubscription, reason: string) => void
  log?: (error: DeliveryError) => void
  /** How long a receiver may take, in ms of real time; 5 s as Akeneo's. */
  answerWithinMs?: number
}

/** One try. `outcome` is the HTTP status, or why there is none. */
export type Attempt = { at: number; outcome: number | string }

/** An event on its way to one subscription. `lost` means that the subscription was not active any more. */
export type Delivery = {
  subscription: EventSubscription
  event: AkeneoEvent
  state: 'queued' | 'sending' | 'waiting' | 'delivered' | 'dropped' | 'lost'
  attempts: Attempt[]
  /** When the next attempt is due, in ms since the epoch, while `waiting`. */
  dueAt?: number
}

/** What may be changed at any time. */
export type DeliverySettings = {
  /** The number of next events that are lost. */
  lose: number
  /** Sends what is due in another order, always the same for one seed; in the order of the events without. */
  shuffle: number | undefined
  /** No suspension by the success rate below so many attempts; Akeneo names no such number, so it is 1. */
  fewestAttempts: number
}

/** The delivering half of the Event Platform. */
export type EventDelivery = {
  /** Takes what happened for every subscription that wants it. Nothing is sent yet. */
  publish(happening: Happening): Delivery[]
  /** Sends what is due by the clock and within the rate, each event once; resolves with those, when all have an end. */
  deliverDue(): Promise<Delivery[]>
  /** Makes a delivery due once more, as happens where each event comes at least once. */
  repeat(delivery: Delivery): void
  /** Begins to count afresh, for a subscription that was resumed. */
  resumed(subscriptionId: string): void
  /** Events a second that a subscription is given now. */
  rate(subscriptionId: string): number
  /** All so far, oldest first. */
  deliveries: Delivery[]
  settings: DeliverySettings
  /** What goes wrong on the way to a receiver; `path` is that of its URL. */
  faults: Faults
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const RETRY_MINUTES = [5, 10, 20]
const THROTTLED_MS = 1000
const LEAST_SHARE = 0.9

const messages: Record<string, string> = {
  destination_timeout: 'the destination took too long to respond',
  connection_refused: 'the destination refused the connection',
  connection_failed: 'the connection to the destination broke',
}

/**
 * Starts the delivery (Akeneo, key platform behaviors). It is as strict as its documentation: 200 within five seconds
 * and nothing else is success; 404 and redirects suspend at once, and so does a success rate below 90 % within the last
 * hour, were it by the first event. Time-outs, broken connections and 5xx come again after 5, 10 and 20 minutes; 429
 * comes again at a slower rate, whatever `Retry-After` says, and after an hour counts as failure and is dropped; other
 * statuses do not come again. What waits for a subscription that is not active any more is lost. It holds nothing open.
 */
export const createEventDelivery = (options: DeliveryOptions): EventDelivery => {
  const { clock, answerWithinMs = 5000 } = options
  const deliveries: Delivery[] = []
  const paces = new Map<string, Pace>()
  const faults = createFaults()
  const settings: DeliverySettings = { lose: 0, shuffle: undefined, fewestAttempts: 1 }

  const paceOf = (id: string): Pace => {
    const pace = paces.get(id) ?? createPace()
    paces.set(id, pace)
    return pace
  }

  const wants = (it: EventSubscription, { type, data }: Happening): boolean =>
    it.status === 'active' &&
    clock.now() >= (it.effectiveAt ?? 0) &&
    it.events.includes(`${PREFIX}${type}`) &&
    (it.filter === undefined || parseFilter(it.filter)(data))

  const activeNow = (id: string): EventSubscription | undefined => {
    for (const it of options.subscriptions()) if (it.id === id && it.status === 'active') return it
    return undefined
  }

  const wait = (delivery: Delivery, ms: number): void => {
    delivery.state = 'waiting'
    delivery.dueAt = clock.now() + ms
  }

  /** Retries that were made because of a failure; those after a 429 are none. */
  const failedSoFar = ({ attempts }: Delivery): number =>
    attempts.filter(({ outcome }) => outcome !== 429 && outcome !== 200).length

  const failed = (
    delivery: Delivery,
    subscription: EventSubscription,
    posted: Posted,
    comesAgain: boolean,
  ) => {
    const status = 'status' in posted ? posted.status : undefined
    const reason = 'reason' in posted ? posted.reason : 'unexpected_status'
    options.log?.({
      subscription,
      eventId: delivery.event.id,
      operation: 'failed_to_deliver_event',
      error_type: 'failed_delivery',
      error_reason: reason,
      error_code: status ?? 500,
      error_message: messages[reason] ?? `the destination answered ${status}`,
    })
    const { share, attempts } = paceOf(subscription.id).count(false, clock.now())
    const minutes = RETRY_MINUTES[failedSoFar(delivery) - 1]
    if (comesAgain && minutes !== undefined) wait(delivery, minutes * MINUTE_MS)
    else delivery.state = 'dropped'
    // what was on its way at the same time may have had it suspended
    if (activeNow(subscription.id) === undefined) return
    if (status === 404) options.suspend(subscription, 'The endpoint responded with 404 Not Found')
    else if (status !== undefined && status >= 300 && status < 400)
      options.suspend(subscription, `The endpoint responded with a redirection (${status})`)
    else if (share < LEAST_SHARE && attempts >= settings.fewestAttempts)
      options.suspend(subscription, 'Success rate dropped below 90%')
  }

  const judge = (delivery: Delivery, subscription: EventSubscription, posted: Posted): void => {
    const outcome = 'status' in posted ? posted.status : posted.reason
    delivery.attempts.push({ at: clock.now(), outcome })
    const pace = paceOf(subscription.id)
    if (outcome === 200) {
      pace.faster()
      pace.count(true, clock.now())
      delivery.state = 'delivered'
      return
    }
    const first = delivery.attempts[0]?.at ?? clock.now()
    if (outcome === 429) {
      pace.slower()
      if (clock.now() - first <= HOUR_MS) {
        wait(delivery, THROTTLED_MS)
        return
      }
    }
    failed(delivery, subscription, posted, typeof outcome === 'string' || outcome < 300 || outcome >= 500)
  }

  const send = async (delivery: Delivery, subscription: EventSubscription): Promise<Delivery> => {
    delivery.state = 'sending'
    delete delivery.dueAt
    const body = jsonBytes(delivery.event)
    const { url, headers, secrets } = subscription
    const posted = await post({
      url,
      headers: { ...headers, ...signedHeaders(body, secrets) },
      body,
      answerWithinMs,
      fault: faults.take('POST', new URL(url).pathname),
    })
    judge(delivery, subscription, posted)
    return delivery
  }

  const shuffled = (due: Delivery[]): Delivery[] => {
    if (settings.shuffle === undefined) return due
    const random = seededRandom(settings.shuffle)
    const keyed = due.map((delivery) => ({ delivery, key: random() }))
    return keyed.sort((a, b) => a.key - b.key).map(({ delivery }) => delivery)
  }

  return {
    deliveries,
    settings,
    faults,
    repeat: (delivery) => wait(delivery, 0),
    resumed: (id) => paceOf(id).forget(),
    rate: (id) => paceOf(id).rate(),
    publish: (happening) => {
      const id = randomUUID()
      const mine = [...options.subscriptions()].filter((it) => wants(it, happening))
      if (mine.length > 0 && settings.lose > 0) {
        settings.lose -= 1
        return []
      }
      const queued = mine.map(
        (subscription): Delivery => ({
          subscription,
          event: envelope(happening, { id, time: clock.now(), subscription }),
          state: 'queued',
          attempts: [],
        }),
      )
      deliveries.push(...queued)
      return queued
    },
    deliverDue: async () => {
      const now = clock.now()
      const due = deliveries.filter(
        ({ state, dueAt }) => state === 'queued' || (state === 'waiting' && (dueAt ?? now) <= now),
      )
      const sent: Promise<Delivery>[] = []
      for (const id of new Set(due.map(({ subscription }) => subscription.id))) {
        const mine = due.filter(({ subscription }) => subscription.id === id)
        const subscription = activeNow(id)
        if (subscription === undefined) for (const delivery of mine) delivery.state = 'lost'
        else
          for (const delivery of shuffled(mine).slice(0, paceOf(id).take(mine.length, now)))
            sent.push(send(delivery, subscription))
      }
      return Promise.all(sent)
    },
  }
}
