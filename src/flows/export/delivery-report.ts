import type { BridgeError } from '../../core/errors'
import type { EventKey } from '../../events/event'
import type { FileReport } from './export-asset'

/** What the answer says about one destination. */
export type DeliveryReport = {
  destination: string
  outcome: 'done' | 'unchanged' | 'handed-over' | 'skipped' | 'dead-letter' | 'retry'
  files?: readonly FileReport[]
  reason?: string
  code?: string
  deadLetter?: string
  /** The activation that goes on with it. */
  worker?: string
}

/** `retry` is set when the event, or the pending work, has to come again. */
export type Delivery = { report: DeliveryReport; retry?: BridgeError }

/** The event behind a delivery, for the records that may outlive it. */
export type DeliveryEvent = { raw: unknown; key: EventKey }
