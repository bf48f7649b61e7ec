import { systemClock } from '../core/clock'
import type { Redactor } from '../core/redaction'
import { createActivations } from '../delivery/activations'
import { createDeadLetters } from '../delivery/dead-letters'
import { createLeases } from '../delivery/lease'
import { createPendingWork } from '../delivery/pending'
import { createRunReports } from '../delivery/run-reports'
import type { FlowContext } from '../flows/event-flow'
import type { RawInputs } from '../inputs/raw-inputs'
import { parseStateRegion } from '../inputs/settings'
import { createCursorKeeper } from '../journal/cursor'
import { createStateStore } from '../store/state-store'
import type { Activation } from './activation'

/** Where a flow keeps what must outlive it. Nothing is opened before its first use. */
export type Records = Pick<FlowContext, 'activationId' | 'deadLetters' | 'pending' | 'activations' | 'runs'>

/** The records of the namespace that an activation, or the command line, works in. */
export function createRecords(activation: Activation, inputs: RawInputs, redactor: Redactor): Records {
  const { id, namespace, apiKey } = activation
  const store = createStateStore({ namespace, apiKey, region: () => parseStateRegion(inputs) })
  return {
    activationId: id,
    deadLetters: createDeadLetters(store, { clock: systemClock, redactor }),
    pending: createPendingWork(store, { redactor }),
    activations: createActivations(activation),
    runs: {
      leases: createLeases({ store, clock: systemClock }),
      reports: createRunReports(store, { redactor }),
      cursor: (url) => createCursorKeeper(url, { store, clock: systemClock }),
    },
  }
}
