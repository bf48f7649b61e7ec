import { systemicError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import { reserveMs } from '../flows/reserve'
import type { PreparedJob, RunResult } from '../flows/run/run-result'
import { sweepInputs } from '../flows/sweep/inputs'
import { type SweepResult, sweepForLost } from '../flows/sweep/sweep'
import { syncInputs } from '../flows/sync/inputs'
import { reconcileProducts } from '../flows/sync/reconcile-products'
import { syncAction } from '../flows/sync/recorded-work'
import { isLoopback } from '../http/origin'
import { isSet, readBoth, sourceOf, valuesOf } from '../inputs/values'
import { createCursorKeeper } from '../journal/cursor'
import { journalInputs } from '../journal/inputs'
import { enrichEvent, enrichingInBatches } from './enrich'
import { graphFor } from './enrich-graph'
import { readRunSettings } from './run-settings'
import { readSettings } from './settings'
import { openSync, syncRecorded } from './sync'

/** An alarm comes every ten minutes. */
const runMs = 8 * 60_000
/** Of that, for the products, where AEM is looked at as well. */
const productsMs = 5 * 60_000
/** Time kept to finish the current page. */
const graceMs = 60_000

/**
 * Finds and repairs what nobody told: asks the PIM which products have changed since the last run, and updates their
 * assets; then looks for assets of AEM that no event told of. With a PIM that cannot be asked that, and without a sweep,
 * there is nothing to run.
 */
export function reconcile(context: FlowContext): PreparedJob {
  const { inputs, store, clock } = context
  const source = sourceOf(inputs)
  const [{ run, start, sweep }, sync] = readBoth(
    () => ({
      run: readRunSettings(inputs),
      start: valuesOf(syncInputs, source).PIM_SYNC_START,
      sweep: valuesOf(sweepInputs, source),
    }),
    () => openSync(context),
  )
  const { EXPORT_MAX_ATTEMPTS: maxAttempts, PENDING_MAX: maxPending } = run
  const { RECONCILE_SWEEP: scope, RECONCILE_FULL_EVERY: fullEveryMs } = sweep
  const canPoll = sync.pim.changesSince !== undefined
  const isSweeping = scope === 'auto' ? canPoll : scope !== 'off'
  if (!canPoll && !isSweeping) return cannotPoll(readSettings(inputs).PIM_COMMUNICATOR)
  const cursorOf = (what: string) => createCursorKeeper(what, { store, clock })
  const { origins, pim } = sync
  const isEnriching = (origin: string): boolean =>
    scope === 'on' || (scope === 'auto' && (pim.name !== 'mock' || isLoopback(new URL(origin))))
  return async () => {
    const { deadline } = context.call
    const beganAt = clock.now()
    const endsAt = Math.min(beganAt + runMs, deadline - reserveMs(graceMs, deadline - beganAt))
    // Destinations weigh a lot, and are loaded when one is needed.
    const exporting = isSweeping ? await import('./export') : undefined
    const products = await reconcileProducts(
      {
        ...sync,
        start,
        flows: {
          [syncAction]: syncRecorded,
          // Where there is a journal, its run takes what waits for these flows.
          ...(exporting !== undefined && !isSet(journalInputs, 'JOURNAL_URL', source)
            ? { generic: enrichEvent, 'export-asset': exporting.exportEvent }
            : {}),
        },
        cursor: cursorOf(`pim ${pim.name} ${pim.source ?? ''}`),
        limits: { runMs: isSweeping ? productsMs : runMs, maxAttempts, maxPending },
      },
      { ...context, runtime: undefined },
    )
    if (exporting === undefined) return products
    const swept = await sweepForLost(
      {
        origins,
        library: graphFor(context).library,
        flows: { generic: enrichingInBatches(context), 'export-asset': exporting.exportEvent },
        destinations: { ...exporting.partsFor(context), origins },
        isEnriching,
        cursorOf,
        fullEveryMs,
        mayPark: Math.max(0, maxPending - products.parked),
      },
      endsAt,
      context,
    )
    return withSweep(products, swept, context)
  }
}

/** One report for both. What failed in the products comes first. */
function withSweep(
  products: RunResult,
  { details, error }: SweepResult,
  { redactor }: FlowContext,
): RunResult {
  const both = { ...products, details: { ...products.details, sweep: details } }
  if (error === undefined || products.error !== undefined) return both
  return { ...both, outcome: 'failed', error, message: redactor.text(`the sweep: ${error.message}`) }
}

function cannotPoll(name: string): PreparedJob {
  const { code, message } = systemicError(
    'PIM_WITHOUT_CHANGES',
    `the communicator ${name} cannot tell what has changed, so there is nothing to poll. Give it changesSince, or set RECONCILE_SWEEP to on, which looks for what AEM did not tell of, or turn the alarm off: reconcile: 'off' under alarms in config/deployment.ts, then remove reconcile-alarm (docs/operations.md)`,
  )
  return { notSetUp: { outcome: 'skipped', message, counts: {}, details: { code } } }
}
