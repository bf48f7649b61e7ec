import { syncChanged } from '../../src/app/sync'
import { createSynchroniser } from '../../src/runtime/synchroniser'

/** Brings the assets that show changed products in step with the PIM. */
export const main = createSynchroniser('pim-sync', syncChanged)
