import { performWorks, workOffPending } from '../../src/app/batch'
import { checkDeployed } from '../../src/app/doctor/deployed'
import { identify } from '../../src/app/doctor/identity'
import { createWorker } from '../../src/runtime/worker'

/** Continues exports that outlast an event, does work that a batch run sends, and checks the set-up for `bridge doctor`. */
export const main = createWorker('export-worker', {
  pending: workOffPending,
  works: performWorks,
  doctor: checkDeployed,
  identify,
})
