import { pimEvents } from '../../src/app/pim-events'
import { createWebhook } from '../../src/runtime/webhook'

/** Receives what Akeneo tells about its products, and hands it over. */
export const main = createWebhook('pim-events', pimEvents)
