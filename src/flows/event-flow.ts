import type { CallContext } from '../core/call-context'
import { BridgeError } from '../core/errors'
import type { Redactor } from '../core/redaction'
import type { RuntimeCredentials } from '../delivery/activations'
import type { DeadLetters } from '../delivery/dead-letters'
import type { PendingWork } from '../delivery/pending'
import type { RawInputs } from '../inputs/raw-inputs'

/** What a flow is run with. */
export type FlowContext = {
  inputs: RawInputs
  redactor: Redactor
  call: CallContext
  /** Of the activation; undefined outside I/O Runtime. */
  activationId: string | undefined
  /** As dead letters name it. */
  action: string
  deadLetters: DeadLetters
  pending: PendingWork
  /** Who the activation is on I/O Runtime, for starting others; undefined where there is time for everything, as on the command line. */
  runtime: RuntimeCredentials | undefined
  /** A replay of what failed at one destination goes to that one only. */
  onlyDestination?: string | undefined
}

/** What became of one event: the body of the answer, or one item of it when several events came. */
export type EventResult = {
  message: string
  outcome: string
  [field: string]: unknown
}

/** A result, and why the event has to come again though part of it is done. */
export type FlowResult = EventResult | RetryResult

export type RetryResult = { result: EventResult; retry: BridgeError }

/** Tells a result that asks for the event again from a plain one. */
export const asksAgain = (result: FlowResult): result is RetryResult => result.retry instanceof BridgeError

/**
 * Takes one event, not yet decoded, through its flow.
 * @throws {BridgeError} whose failure class decides whether the event comes again or becomes a dead letter
 */
export type EventFlow = (event: unknown, context: FlowContext) => Promise<FlowResult>
