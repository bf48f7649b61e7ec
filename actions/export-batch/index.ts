import { lookAfterAlerts } from '../../src/app/alerts'
import { exportBatch } from '../../src/app/batch'
import { createJob } from '../../src/runtime/job'

/** Drains the journal: what push put off, and what it missed. Fired by an alarm. */
export const main = createJob('export-batch', exportBatch, lookAfterAlerts)
