import { reconcile } from '../../src/app/reconcile'
import { createJob } from '../../src/runtime/job'

/** Finds products that changed in the PIM, with or without an event. Fired by an alarm. */
export const main = createJob('reconcile', reconcile, async (result, context) =>
  // Loaded at the end of a run.
  (await import('../../src/app/alerts')).lookAfterAlerts(result, context),
)
