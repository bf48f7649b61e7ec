import type { CallContext } from '../core/call-context'
import type { BridgeError } from '../core/errors'
import type { Redactor } from '../core/redaction'
import type { RuntimeCredentials } from '../delivery/activations'
import type { DeadLetters } from '../delivery/dead-letters'
import type { PendingWork } from '../delivery/pending'
import type { RawInputs } from '../inputs/raw-inputs'
import type { Store } from '../store/store'

/** What a flow is run with. */
export type FlowContext = {
  inputs: RawInputs
  redactor: Redactor
  call: CallContext
  /** Of the activation; undefined outside I/O Runtime. */
  activationId: string | undefined
  /** As dead letters name it. */
  action: string
  /** `push`: somebody waits for the answer. `batch`: nobody does, and what was put off is due now. */
  trigger: 'push' | 'batch'
  deadLetters: DeadLetters
  pending: PendingWork
  /** Where what a flow remembers by itself is kept. */
  store: Store
  /** Who the activation is on I/O Runtime, for starting others; undefined where there is time for everything, as on the command line. */
  runtime: RuntimeCredentials | undefined
  /** What failed at one destination is repeated for that one only. */
  onlyDestination?: string | undefined
  /** Files larger than that are left to somebody else, in bytes. */
  maxBytes?: number
  /** Tells of a destination that is known to be down: it is not tried. */
  isDown?: (destination: string) => boolean
}

/** What became of one event: the body of the answer, or one item of it when several events came. */
export type EventResult = {
  message: string
  outcome: string
  /** Moved into destinations. */
  bytes?: number
  /** What became of it at each destination. */
  destinations?: readonly { destination: string; outcome: string }[]
  [field: string]: unknown
}

/** Why a part of an event has to be done again: at one destination, or, without one, as a whole. */
export type Retry = { destination?: string; error: BridgeError }

/** A result, of which a part has to be done again. */
export class Unfinished {
  readonly result: EventResult
  readonly retries: readonly [Retry, ...Retry[]]

  constructor(result: EventResult, retries: readonly [Retry, ...Retry[]]) {
    this.result = result
    this.retries = retries
  }
}

export type FlowResult = EventResult | Unfinished

/**
 * Takes one event, not yet decoded, through its flow.
 * @throws {BridgeError} whose failure class decides whether the event comes again or becomes a dead letter
 */
export type EventFlow = (event: unknown, context: FlowContext) => Promise<FlowResult>
