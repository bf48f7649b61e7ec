import type { FailureClass } from './errors'

/** What a receiver does with an event that failed. */
export type PushDecision =
  /** Answer this status; the sender delivers the event again. */
  | { action: 'retry'; statusCode: number }
  /** Write a dead letter, then answer 200. */
  | { action: 'dead-letter' }

/**
 * The one table that turns a failure into an answer.
 *
 * I/O Events delivers again for 24 hours after 429 and 5xx (but 505) and drops the event for good after
 * anything else, so only what cannot ever work may be answered without an error.
 * Source: Adobe I/O Events documentation, "retry".
 */
const decisions: Record<FailureClass, PushDecision> = {
  transient: { action: 'retry', statusCode: 503 },
  systemic: { action: 'retry', statusCode: 503 },
  permanent: { action: 'dead-letter' },
}

/** Decides what to do with an event whose flow failed with this class. */
export const decide = (failureClass: FailureClass): PushDecision => decisions[failureClass]
