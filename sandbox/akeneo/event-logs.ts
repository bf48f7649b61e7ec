import { randomUUID } from 'node:crypto'
import type { MovableClock } from '../clock'
import type { JsonObject } from '../json'
import type { EventSubscription } from './event-subscription'

/** What goes into the log, besides what the log adds itself. */
export type EventLogEntry = {
  subscription: Pick<EventSubscription, 'id' | 'subscriberId'>
  operation: string
  error_type?: string
  error_reason?: string
  error_code?: number
  error_message?: string
}

/** The log of the platform. */
export type EventLogs = {
  add(entry: EventLogEntry): void
  /** What is not older than 30 days, newest first. */
  list(): readonly JsonObject[]
}

const windowMs = 5 * 60_000
const keptMs = 30 * 24 * 3_600_000

/** Creates a log; equal errors of a subscription within five minutes are one entry, with the time of the last. */
export const createEventLogs = (clock: MovableClock): EventLogs => {
  const entries: { begun: number; at: number; key: string | undefined; fields: JsonObject }[] = []
  return {
    add: ({ subscription, operation, error_type, error_reason, error_code, error_message }) => {
      const now = clock.now()
      const isError = error_type !== undefined
      const key = isError ? JSON.stringify([subscription.id, error_message]) : undefined
      const same = entries.find((it) => it.key !== undefined && it.key === key && it.begun > now - windowMs)
      if (same !== undefined) {
        same.at = now
        return
      }
      entries.push({
        begun: now,
        at: now,
        key,
        fields: {
          log_id: randomUUID(),
          log_type: isError ? 'error' : 'action',
          subscriber_id: subscription.subscriberId,
          subscription_id: subscription.id,
          operation,
          ...(isError ? { error_type } : {}),
          ...(error_reason === undefined ? {} : { error_reason }),
          ...(error_code === undefined ? {} : { error_code }),
          ...(error_message === undefined ? {} : { error_message }),
          request: {},
          response: {},
        },
      })
    },
    list: () =>
      entries
        .filter(({ at }) => at > clock.now() - keptMs)
        .sort((a, b) => b.at - a.at)
        .map(({ at, fields }) => ({ ...fields, timestamp: new Date(at).toISOString() })),
  }
}
