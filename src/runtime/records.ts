import { openDeadLetters } from '../delivery/dead-letters'
import { openPendingWork } from '../delivery/pending'
import type { FlowContext } from '../flows/event-flow'
import type { RawInputs } from '../inputs/raw-inputs'
import { sourceOf, valuesOf } from '../inputs/values'
import { storeInputs } from '../store/inputs'
import { createStateStore } from '../store/state-store'
import type { Activation } from './activation'

/** The records that flows write to State. Nothing is opened before its first use. */
export type Records = Pick<FlowContext, 'activationId' | 'deadLetters' | 'pending' | 'store' | 'runtime'>

/** The records of the namespace that an activation, or the command line, works in. */
export function createRecords(activation: Activation, inputs: RawInputs): Records {
  const { id, namespace, apiKey } = activation
  const store = createStateStore({
    namespace,
    apiKey,
    region: () => valuesOf(storeInputs, sourceOf(inputs)).STATE_REGION,
  })
  return {
    activationId: id,
    deadLetters: openDeadLetters(store),
    pending: openPendingWork(store),
    store,
    // Under `aio app dev` no action can be started, and no time limit holds.
    runtime: activation.actionName === undefined ? undefined : activation,
  }
}
