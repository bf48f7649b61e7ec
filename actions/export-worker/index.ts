import { workOffPending } from '../../src/batch'
import { createWorker } from '../../src/runtime/worker'

/** Goes on with exports that outlast an event, in an activation of its own. */
export const main = createWorker('export-worker', workOffPending)
