import { setTimeout as pause } from 'node:timers/promises'
import type { MovableClock } from '../clock'
import { createFaults, type Faults } from '../faults'
import type { StatusListener, StatusType } from './event-settings'
import { jsonBytes, signedHeaders } from './event-signature'
import { post } from './post'

/** One that was sent or given up. `attempts` are the webhook's: statuses, or why there is none. */
export type Notification = {
  type: StatusType
  subscriptionId: string
  attempts: (number | string)[]
  /** Where it went by e-mail as well, or instead. */
  email?: string
}

/** Tells subscribers what becomes of their subscriptions. */
export type Notifier = {
  /** Resolves when the webhook has taken it or it was given up; it is never an error. */
  notify(...status: Parameters<StatusListener>): Promise<Notification>
  /** All so far, in the order in which they ended. */
  sent: Notification[]
  faults: Faults
}

const WAITS_MS = [1000, 2000]

/**
 * Creates the notifier (Akeneo, notification webhooks): signed with the one secret of the contact, any 2xx within five
 * seconds is good, 5xx, 429 and broken connections come again after one and two seconds, and what no webhook takes goes
 * by e-mail.
 */
export const createNotifier = (options: {
  clock: MovableClock
  answerWithinMs?: number
  sleep?: (ms: number) => Promise<void>
}): Notifier => {
  const { clock, answerWithinMs = 5000, sleep = (ms) => pause(ms, undefined, { ref: false }) } = options
  const sent: Notification[] = []
  const faults = createFaults()

  const call = async (
    webhook: { url: string; secret: string },
    message: unknown,
  ): Promise<(number | string)[]> => {
    const body = jsonBytes(message)
    const headers = signedHeaders(body, { primary: webhook.secret })
    const attempts: (number | string)[] = []
    for (const wait of [0, ...WAITS_MS]) {
      if (wait > 0) await sleep(wait)
      const fault = faults.take('POST', new URL(webhook.url).pathname)
      const posted = await post({ url: webhook.url, headers, body, answerWithinMs, fault })
      const outcome = 'status' in posted ? posted.status : posted.reason
      attempts.push(outcome)
      if (typeof outcome === 'number' && outcome !== 429 && outcome < 500) break
    }
    return attempts
  }

  return {
    sent,
    faults,
    notify: async (type, { subscription, contact, pimUrl, reason }) => {
      const message = {
        notification_type: type,
        timestamp: new Date(clock.now()).toISOString(),
        subscription_id: subscription.id,
        subscriber_id: subscription.subscriberId,
        destination: subscription.url,
        events: subscription.events,
        ...(reason === undefined ? {} : { reason }),
        subject: pimUrl,
      }
      const webhook = contact.channels.includes('webhook') ? contact.webhook : undefined
      const attempts = webhook === undefined ? [] : await call(webhook, message)
      const last = attempts.at(-1)
      const taken = typeof last === 'number' && last >= 200 && last < 300
      const email = !taken || contact.channels.includes('email')
      const notification = {
        type,
        subscriptionId: subscription.id,
        attempts,
        ...(email ? { email: contact.technicalEmail } : {}),
      }
      sent.push(notification)
      return notification
    },
  }
}
