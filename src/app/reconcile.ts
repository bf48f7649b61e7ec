import { systemicError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import type { PreparedJob } from '../flows/run/run-result'
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

/**
 * Asks the PIM which products have changed since the last run, and updates their assets. With a PIM that cannot be asked
 * that, there is nothing to run.
 */
export function reconcile(context: FlowContext): PreparedJob {
  const { inputs, store, clock } = context
  const [{ run, start }, sync] = readBoth(
    () => ({
      run: readRunSettings(inputs),
      start: valuesOf(syncInputs, sourceOf(inputs)).PIM_SYNC_START,
    }),
    () => openSync(context),
  )
  const { EXPORT_MAX_ATTEMPTS: maxAttempts, PENDING_MAX: maxPending } = run
  const pim = polled(sync.pim)
  if (pim === undefined) return cannotPoll(readSettings(inputs).PIM_COMMUNICATOR)
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
): (PimCommunicator & Required<Pick<PimCommunicator, 'changesSince'>>) | undefined {
  const { changesSince } = pim
  return changesSince === undefined ? undefined : { ...pim, changesSince: changesSince.bind(pim) }
}

function cannotPoll(name: string): PreparedJob {
  const { code, message } = systemicError(
    'PIM_WITHOUT_CHANGES',
    `the communicator ${name} cannot tell what has changed, so there is nothing to poll. Give it changesSince, or turn the alarm off: reconcile: 'off' under alarms in config/deployment.ts, then remove reconcile-alarm (docs/operations.md)`,
  )
  return { notSetUp: { outcome: 'skipped', message, counts: {}, details: { code } } }
}
