import { systemClock } from '../core/clock'
import { systemicError } from '../core/errors'
import { createLeases } from '../delivery/lease'
import { createRunReports } from '../delivery/run-reports'
import type { FlowContext } from '../flows/event-flow'
import { createParking } from '../flows/run/parking'
import { type Supervised, supervisedRun } from '../flows/run/supervised-run'
import { syncInputs } from '../flows/sync/inputs'
import { reconcileProducts } from '../flows/sync/reconcile-products'
import { syncAction } from '../flows/sync/recorded-work'
import { takeParkedSyncs } from '../flows/sync/take-parked-syncs'
import { readBoth, sourceOf, valuesOf } from '../inputs/values'
import { createCursorKeeper } from '../journal/cursor'
import type { PimCommunicator } from '../plugin/pim'
import { openSync, syncRecorded } from './enrich'
import { readRunSettings, readSettings } from './settings'

/** An alarm comes every ten minutes. */
const runMs = 8 * 60_000

/** Asks the PIM what has changed since the last run, and brings the assets of that in step. */
export async function reconcile(context: FlowContext): Promise<Supervised> {
  const { inputs, store, redactor } = context
  const [{ run, start }, sync] = readBoth(
    () => ({
      run: readRunSettings(inputs),
      start: valuesOf(syncInputs, sourceOf(inputs)).PIM_SYNC_START,
    }),
    () => openSync(context),
  )
  const { EXPORT_MAX_ATTEMPTS: maxAttempts, PENDING_MAX: maxPending } = run
  const pim = polled(sync.pim, readSettings(inputs).PIM_COMMUNICATOR)
  const clock = systemClock
  const parked = new Map<string, number>()
  const parking = createParking({ clock, maxAttempts, parked }, context)
  const flows = { [syncAction]: syncRecorded }
  const own: FlowContext = { ...context, trigger: 'batch', runtime: undefined }
  const parts = {
    ...sync,
    pim,
    start,
    parking,
    parked,
    cursor: createCursorKeeper(`pim ${pim.name} ${pim.source ?? ''}`, { store, clock }),
    takeParked: (run: { endsAt: number }) => takeParkedSyncs({ flows, clock, parking, parked }, own, run),
    limits: { runMs, maxPending },
  }
  const supervision = {
    clock,
    leases: createLeases({ store, clock }),
    reports: createRunReports(store, { redactor }),
  }
  return supervisedRun('reconcile', supervision, () => reconcileProducts(parts, own), context)
}

function polled(
  pim: PimCommunicator,
  name: string,
): PimCommunicator & Required<Pick<PimCommunicator, 'changesSince'>> {
  const { changesSince } = pim
  if (changesSince !== undefined) return { ...pim, changesSince: changesSince.bind(pim) }
  throw systemicError(
    'PIM_WITHOUT_CHANGES',
    `the communicator ${name} cannot tell what has changed: give it changesSince, or switch reconcile-alarm off (alarms: { reconcile: 'off' } in config/deployment.ts), run npm run generate, and deploy`,
  )
}
