import type { FlowContext, Flows } from '../flows/event-flow'
import type { Outcome } from '../flows/outcome'
import { performAll } from '../flows/run/remote-lane'
import { type WorkedOff, workOff } from '../flows/run/work-off'
import type { Work } from '../flows/work'
import { enrichEvent, enrichingInRun } from './enrich'
import { exportEvent } from './export'
import { readRunSettings } from './run-settings'
import { syncRecorded } from './sync'

const exporting = {
  'export-asset': exportEvent,
  // Letters of earlier versions name the worker.
  'export-worker': exportEvent,
}

/** The flow of each action whose events are in the journal, for all of one run. */
export const journalFlows = (): Flows => ({ generic: enrichingInRun(), ...exporting })

/** The flow of each action, for what comes by another way than its own event. */
export const flows: Flows = { generic: enrichEvent, ...exporting, 'pim-sync': syncRecorded }

/** Does the pending work of these ids; an id without a record is done already. */
export const workOffPending = (
  ids: readonly string[],
  context: FlowContext,
): Promise<readonly WorkedOff[]> => {
  const { EXPORT_MAX_ATTEMPTS: maxAttempts } = readRunSettings(context.inputs)
  return workOff(ids, { flows, maxAttempts }, context)
}

/** Does work that a run hands over. */
export const performWorks = (
  works: readonly Work[],
  context: FlowContext,
): Promise<readonly (Outcome | null)[]> => {
  const { EXPORT_CONCURRENCY: concurrency } = readRunSettings(context.inputs)
  return performAll(works, { flows: { ...flows, ...journalFlows() }, concurrency }, context)
}
