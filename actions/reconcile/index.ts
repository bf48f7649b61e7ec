import { lookAfterAlerts } from '../../src/app/alerts'
import { reconcile } from '../../src/app/reconcile'
import { createJob } from '../../src/runtime/job'

/** Finds products that changed in the PIM, with or without an event. Fired by an alarm. */
export const main = createJob('reconcile', reconcile, lookAfterAlerts)
