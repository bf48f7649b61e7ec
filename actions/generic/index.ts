import { enrichEvent } from '../../src/app/enrich'
import { createEventReceiver } from '../../src/runtime/event-receiver'

/** Receives *Asset Processing Completed* and brings the asset's metadata in step with the PIM. */
export const main = createEventReceiver('generic', enrichEvent)
