import { systemicError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import type { RunResult } from '../flows/run/run-result'
import { syncInputs } from '../flows/sync/inputs'
import { reconcileProducts } from '../flows/sync/reconcile-products'
import { syncAction } from '../flows/sync/recorded-work'
import { readBoth, sourceOf, valuesOf } from '../inputs/values'
import { createCursorKeeper } from '../journal/cursor'
import type { PimCommunicator } from '../plugin/pim'
import { openSync, syncRecorded } from './enrich'
import { readRunSettings } from './run-settings'
import { readSettings } from './settings'

/** An alarm comes every ten minutes. */
const runMs = 8 * 60_000

/** Asks the PIM which products have changed since the last run, and updates their assets. */
export function reconcile(context: FlowContext): () => Promise<RunResult> {
  const { inputs, store, clock } = context
  const [{ run, start }, sync] = readBoth(
    () => ({
      run: readRunSettings(inputs),
      start: valuesOf(syncInputs, sourceOf(inputs)).PIM_SYNC_START,
    }),
    () => openSync(context),
  )
  const { EXPORT_MAX_ATTEMPTS: maxAttempts, PENDING_MAX: maxPending } = run
  const pim = polled(sync.pim, readSettings(inputs).PIM_COMMUNICATOR)
  const own: FlowContext = { ...context, runtime: undefined }
  const parts = {
    ...sync,
    pim,
    start,
    flows: { [syncAction]: syncRecorded },
    cursor: createCursorKeeper(`pim ${pim.name} ${pim.source ?? ''}`, { store, clock }),
    limits: { runMs, maxAttempts, maxPending },
  }
  return () => reconcileProducts(parts, own)
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
