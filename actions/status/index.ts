import { status } from '../../src/app/status'
import { createStatusPage } from '../../src/runtime/status-page'

/** Tells a monitor how the app is. */
export const main = createStatusPage('status', status)
