import { reconcile } from '../../src/app/reconcile'
import { createJob } from '../../src/runtime/job'

/** Finds what the PIM has changed and no event told. Fired by an alarm. */
export const main = createJob('reconcile', reconcile)
