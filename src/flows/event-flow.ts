import type { CallContext } from '../core/call-context'
import type { Redactor } from '../core/redaction'
import type { RawInputs } from '../inputs/raw-inputs'

/** What a flow is run with. */
export type FlowContext = { inputs: RawInputs; redactor: Redactor; call: CallContext }

/** What became of one event: the body of the answer, or one item of it when several events came. */
export type EventResult = {
  message: string
  outcome: string
  [field: string]: unknown
}

/**
 * Takes one event, not yet decoded, through its flow.
 * @throws {BridgeError} whose failure class decides whether the event comes again or becomes a dead letter
 */
export type EventFlow = (event: unknown, context: FlowContext) => Promise<EventResult>
