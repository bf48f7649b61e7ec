import { pimEvent } from '../../src/app/pim-events'
import { createWebhook } from '../../src/runtime/webhook'

/** Receives the events of Akeneo about products, and hands them to `pim-sync`. */
export const main = createWebhook('pim-events', pimEvent)
