import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import type { Redactor } from '../core/redaction'
import type { RuntimeCredentials } from '../delivery/activations'
import type { DeadLetters } from '../delivery/dead-letters'
import type { PendingWork } from '../delivery/pending'
import type { RawInputs } from '../inputs/raw-inputs'
import type { Store } from '../store/store'
import type { KeptReads } from './kept-reads'
import type { Outcome } from './outcome'

/** What a flow is run with. */
export type FlowContext = {
  inputs: RawInputs
  redactor: Redactor
  clock: Clock
  call: CallContext
  /** Of the activation; undefined outside I/O Runtime. */
  activationId: string | undefined
  /** As dead letters name it. */
  action: string
  /** `push`: the sender waits for the answer. `batch`: no sender waits, and deferred exports are due. */
  trigger: 'push' | 'batch'
  /** To read, list and remove; `record-failure.ts` writes. */
  deadLetters: DeadLetters
  /** The same. */
  pending: PendingWork
  /** The State service, for what a flow stores itself. */
  store: Store
  /**
   * The identity of the activation on I/O Runtime, for starting others; undefined on the command line, where no time
   * limit holds.
   */
  runtime: RuntimeCredentials | undefined
  /** An operator replays a dead letter: what was dropped before does not count. */
  isReplay?: boolean
  /** What failed at one destination is repeated for that one only. */
  onlyDestination?: string | undefined
  /** Files larger than this many bytes are left to another activation. */
  maxBytes?: number
  /** Whether a destination is known to be down; it is then skipped. */
  isDown?: (destination: string) => boolean
  /** What the flows of the same assets share, where one of them comes right after the other. */
  reads?: KeptReads
  /** The asset was read some time ago: nothing may be changed from it. */
  isOlder?: boolean
  /** Whether AEM's blob store is known to be down; its files are then skipped. */
  areFilesDown?: () => boolean
}

/**
 * Takes one event, not yet decoded, through its flow.
 * @throws {BridgeError} whose failure class decides whether the event comes again or becomes a dead letter
 */
export type EventFlow = (event: unknown, context: FlowContext) => Promise<Outcome>

/** The flow of each action, by its name. */
export type Flows = Readonly<Record<string, EventFlow>>
