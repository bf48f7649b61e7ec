import { performWorks, workOffPending } from '../../src/app/batch'
import { createWorker } from '../../src/runtime/worker'

/** Goes on with exports that outlast an event, and does the work that a run of the batch hands over. */
export const main = createWorker('export-worker', { pending: workOffPending, works: performWorks })
