import { performWorks, workOffPending } from '../../src/app/batch'
import { createWorker } from '../../src/runtime/worker'

/** Continues exports that outlast an event, and does work that a batch run sends. */
export const main = createWorker('export-worker', { pending: workOffPending, works: performWorks })
