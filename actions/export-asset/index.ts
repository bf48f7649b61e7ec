import { exportEvent } from '../../src/app/export'
import { createEventReceiver } from '../../src/runtime/event-receiver'

/** Receives *asset published* and copies the asset to the destinations that its metadata names. */
export const main = createEventReceiver('export-asset', exportEvent)
