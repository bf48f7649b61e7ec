import type { EventContact } from './event-contact'
import type { EventSubscription } from './event-subscription'

/** What public sources leave open, and what an operator of the PIM decides; may be changed at any time. */
export type EventPlatformSettings = {
  /** Accepts `http://127.0.0.1` as the address of a receiver; Akeneo takes public `https://` only. */
  acceptLoopback: boolean
  /** Whether "Event Platform" is ticked for the connection; unticking also suspends: `untick` of the stand-in. */
  permitted: boolean
  /** Subscribers to a PIM, and subscriptions of each. */
  most: number
  /** The status of a creation past the limit. */
  limitStatus: number
  /** How long a creation or a change takes to become effective. */
  effectiveAfterMs: number
  /** A PATCH of a subscription has to name everything. */
  wholeChanges: boolean
  /** Entries of a page of the log; undefined for a bare list. */
  logsPerPage: number | undefined
}

/** The new status of a subscription, and the actor. */
export type StatusType =
  | 'subscription.suspended.system'
  | 'subscription.suspended.user'
  | 'subscription.revoked'
  | 'subscription.resumed'

/** Hears what has become of a subscription. */
export type StatusListener = (
  type: StatusType,
  about: { subscription: EventSubscription; contact: EventContact; pimUrl: string; reason?: string },
) => void
