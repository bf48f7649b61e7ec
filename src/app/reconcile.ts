import { systemicError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import type { RunResult } from '../flows/run/run-result'
import { parsePollStart } from '../flows/sync/poll-start'
import { reconcileProducts } from '../flows/sync/reconcile-products'
import { syncAction } from '../flows/sync/recorded-work'
import { parseBatchSettings } from '../inputs/settings'
import { createCursorKeeper } from '../journal/cursor'
import type { PimCommunicator } from '../plugin/pim'
import { openSync, syncRecorded } from './enrich'

/** An alarm comes every ten minutes. */
const runMs = 8 * 60_000

/** Asks the PIM what has changed since the last run, and brings the assets of that in step. */
export function reconcile(context: FlowContext): () => Promise<RunResult> {
  const { inputs, store, clock } = context
  const { EXPORT_MAX_ATTEMPTS: maxAttempts, PENDING_MAX: maxPending } = parseBatchSettings(inputs)
  const start = parsePollStart(inputs.PIM_SYNC_START)
  const sync = openSync(context)
  const pim = polled(sync.pim)
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

function polled(pim: PimCommunicator): PimCommunicator & Required<Pick<PimCommunicator, 'changesSince'>> {
  const { changesSince } = pim
  if (changesSince !== undefined) return { ...pim, changesSince: changesSince.bind(pim) }
  throw systemicError(
    'PIM_WITHOUT_CHANGES',
    `the communicator ${pim.name} cannot tell what has changed: give it changesSince, or take reconcile-alarm out of ext.config.yaml and deploy`,
  )
}
