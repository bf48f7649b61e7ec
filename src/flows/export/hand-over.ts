import { BridgeError, toBridgeError } from '../../core/errors'
import { decide } from '../../core/status-table'
import type { Activations } from '../../delivery/activations'
import type { FlowContext } from '../event-flow'
import type { DestinationOutcome } from '../outcome'
import { recordHandOver } from '../record-failure'
import type { Work } from '../work'

const worker = 'export-worker'

/** The activation that has the work now, and why. */
export type AtWorker = Pick<Extract<DestinationOutcome, { kind: 'handed-over' }>, 'reason' | 'worker'>

/**
 * Hands work to an activation of `export-worker`. The `pending` record is written first, so that no acknowledged work
 * depends on one activation.
 * @throws {BridgeError} transient or systemic when it could not be handed over, whatever the cause: only the sender
 * can repeat the event
 */
export async function handOver(
  work: Work,
  activations: Activations,
  context: FlowContext,
): Promise<AtWorker> {
  const { signal } = context.call
  try {
    const id = await recordHandOver(work, context)
    const activation = await activations.start(worker, { pending: [id] }, signal)
    return {
      reason: 'it takes longer than an event allows and continues in another activation',
      worker: activation,
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const { failureClass, code, message, upstream } = toBridgeError(thrown)
    throw new BridgeError(
      decide(failureClass).action === 'retry' ? failureClass : 'transient',
      code,
      `it could not be handed over: ${message}`,
      upstream === undefined ? {} : { upstream },
    )
  }
}
