import { randomUUID } from 'node:crypto'
import { toBridgeError } from '../core/errors'
import type { Lease, Leases } from '../delivery/lease'
import type { RunReports } from '../delivery/run-reports'
import type { FlowContext } from '../flows/event-flow'
import type { RunResult } from '../flows/run/run-result'
import { thrownBy } from '../flows/thrown-by'
import { renderRun } from './render'

/** What follows a run, however it went. It does not throw. */
export type AfterRun = (result: RunResult, context: FlowContext) => Promise<void>

/** The lease stays valid over two failed refreshes. */
const leaseMs = 3 * 60_000

/**
 * Runs a job, unless another run is in progress. Its report is logged as one line and stored.
 * @throws {BridgeError} when State fails before the job has begun; the signal's reason
 */
export async function superviseRun(
  name: string,
  { leases, reports, after }: { leases: Leases; reports: RunReports; after?: AfterRun | undefined },
  job: () => Promise<RunResult>,
  context: FlowContext,
): Promise<RunResult> {
  const { call, clock, activationId } = context
  const startedAt = clock.now()
  const lease = await leases.acquire(name, activationId ?? randomUUID(), leaseMs / 1000, call)
  if (lease === undefined) {
    const message = 'another run is in progress; the next alarm starts a new one'
    call.logger.info('skipped a run', { message })
    return { outcome: 'skipped', message, counts: {}, details: {} }
  }
  const stopKeeping = keep(lease, context)
  const done = await job().finally(stopKeeping)
  const endedAt = clock.now()
  const result = { ...done, details: { ms: endedAt - startedAt, ...done.details } }
  const { outcome, counts, error } = result
  const rendered = renderRun(result)
  call.logger.info('run', rendered)
  const report = {
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    activationId,
    // A skipped run has no report.
    outcome: outcome === 'skipped' ? 'stopped' : outcome,
    counts: { ...counts },
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    notes: rendered,
  } as const
  await thrownBy(() => reports.write(name, report, call.signal), context)
  await lease.release(call)
  await after?.(result, context)
  await result.rest
  return result
}

function keep(lease: Lease, { call, clock }: FlowContext): () => void {
  const over = new AbortController()
  void refreshing()
  return () => over.abort()

  async function refreshing(): Promise<void> {
    while (!over.signal.aborted) {
      try {
        await clock.sleep(leaseMs / 3, over.signal)
        await lease.refresh(call)
      } catch (thrown) {
        if (over.signal.aborted || call.signal.aborted) return
        // Overlapping runs are harmless.
        call.logger.warn('the lease could not be kept', { error: toBridgeError(thrown).toJSON() })
      }
    }
  }
}
