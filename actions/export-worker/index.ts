import { performWorks, workOffPending } from '../../src/app/recorded-work'
import { createWorker } from '../../src/runtime/worker'

/**
 * Continues exports that outlast an event, does work that a batch run or a backfill sends, and checks the set-up for
 * `bridge doctor`.
 */
export const main = createWorker('export-worker', {
  pending: workOffPending,
  works: performWorks,
  // Loaded when it is asked for, as hardly ever.
  backfill: async (slice, context) =>
    (await import('../../src/app/backfill-pages')).workSlice(slice, context),
  doctor: async (write, context) =>
    (await import('../../src/app/doctor/deployed')).checkDeployed(write, context),
  identify: async (nonce, context) =>
    (await import('../../src/app/doctor/identity')).identify(nonce, context),
})
