import * as v from 'valibot'
import { parseJson } from '../core/json'
import type { Store } from '../store/store'

const Note = v.object({
  /** Of the notification, such as `subscription.suspended`. */
  type: v.string(),
  /** ISO 8601. */
  at: v.string(),
})

/** What Akeneo has told of the subscription's end. */
export type SubscriptionNote = v.InferOutput<typeof Note>

const key = 'subscription'
const ttlSeconds = 365 * 24 * 3600

/** @returns undefined while nothing is known to be wrong. @throws {BridgeError} when State fails */
export async function readSubscriptionNote(
  store: Store,
  signal: AbortSignal,
): Promise<SubscriptionNote | undefined> {
  const note = v.safeParse(Note, parseJson((await store.get(key, signal)) ?? ''))
  return note.success ? note.output : undefined
}

/**
 * Notes that the subscription has ended, for a run to tell.
 * @throws {BridgeError} when State fails
 */
export const noteSubscription = (store: Store, note: SubscriptionNote, signal: AbortSignal): Promise<void> =>
  store.put(key, JSON.stringify(note), ttlSeconds, signal)

/** The subscription works again. @throws {BridgeError} when State fails */
export const forgetSubscription = (store: Store, signal: AbortSignal): Promise<void> =>
  store.remove(key, signal)
