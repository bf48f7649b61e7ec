import type { Clock } from '../../core/clock'
import { BridgeError, toBridgeError } from '../../core/errors'
import { decide } from '../../core/status-table'
import type { Activations } from '../../delivery/activations'
import { workId } from '../../delivery/dead-letters'
import { nextTry } from '../../delivery/pending'
import type { FlowContext } from '../event-flow'
import type { Delivery, DeliveryEvent } from './delivery-report'

const worker = 'export-worker'

/** Hands work to an activation of its own. Written down first, then started: nothing that is acknowledged depends on one activation. */
export async function handOver(
  destination: string,
  event: DeliveryEvent,
  clock: Clock,
  activations: Activations,
  context: FlowContext,
): Promise<Delivery> {
  const id = workId(event.key, event.raw, destination)
  const { call, redactor } = context
  try {
    const held = await context.pending.read(id, call.signal)
    await context.pending.write(
      {
        id,
        action: context.action,
        event: event.raw,
        destination,
        attempts: held?.attempts ?? 0,
        since: held?.since ?? new Date(clock.now()).toISOString(),
        nextTry: nextTry(clock, 0),
        history: [],
      },
      call.signal,
    )
    const activation = await activations.start(worker, { pending: [id] }, call.signal)
    const reason = 'it outlasts an event and goes on in an activation of its own'
    return { report: { destination, outcome: 'handed-over', reason, worker: activation } }
  } catch (thrown) {
    call.signal.throwIfAborted()
    const error = toBridgeError(thrown)
    // Not handed over, whatever the cause: nobody but the sender knows of it.
    const retry =
      decide(error.failureClass).action === 'retry'
        ? error
        : new BridgeError('transient', error.code, error.message)
    const reason = redactor.text(`it could not be handed over: ${error.message}`)
    return { report: { destination, outcome: 'retry', reason, code: error.code }, retry }
  }
}
