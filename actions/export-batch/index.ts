import { exportBatch } from '../../src/app/batch'
import { createJob } from '../../src/runtime/job'

/** Drains the journal: what push put off, and what it missed. Fired by an alarm. */
export const main = createJob('export-batch', exportBatch, async (result, context) =>
  // Loaded at the end of a run.
  (await import('../../src/app/alerts')).lookAfterAlerts(result, context),
)
