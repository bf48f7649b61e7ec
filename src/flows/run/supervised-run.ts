import { randomUUID } from 'node:crypto'
import type { Clock } from '../../core/clock'
import { type BridgeError, toBridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'
import type { Lease, Leases } from '../../delivery/lease'
import type { RunReports } from '../../delivery/run-reports'
import type { FlowContext } from '../event-flow'
import { attempt } from './settle-down'

/** How a run of a job went. */
export type RunResult = {
  /** `stopped`: before the end, for a limit or an outage; the next run goes on. */
  outcome: 'done' | 'stopped' | 'failed'
  /** Masked. */
  message: string
  error?: BridgeError
  counts: Readonly<Record<string, number>>
  /** What else the job tells of itself. */
  fields: Readonly<Record<string, JsonValue>>
  /** What was still going on when the run ended; resolves when it is over. */
  rest?: Promise<void>
}

/** What a run answers, logs and keeps: plain data. */
export type RunAnswer = {
  outcome: RunResult['outcome'] | 'skipped'
  message: string
  [field: string]: JsonValue
}

export type Supervised = { answer: RunAnswer; error?: BridgeError }

/** The lease outlives two refreshes that fail. */
const leaseMs = 3 * 60_000

/** Runs a job, unless another run is at it. Its report is logged as one line and kept. */
export async function supervisedRun(
  name: string,
  parts: { clock: Clock; leases: Leases; reports: RunReports },
  job: () => Promise<RunResult>,
  context: FlowContext,
): Promise<Supervised> {
  const { call } = context
  const { clock, leases, reports } = parts
  const startedAt = clock.now()
  const owner = context.activationId ?? randomUUID()
  const lease = await leases.acquire(name, owner, leaseMs / 1000, call)
  if (lease === undefined) {
    const message = 'another run is at it; the next alarm looks again'
    call.logger.info('skipped a run', { message })
    return { answer: { outcome: 'skipped', message } }
  }
  const stopKeeping = keep(lease, clock, context)
  const { outcome, message, error, counts, fields, rest } = await job().finally(stopKeeping)
  const answer: RunAnswer = {
    outcome,
    message,
    ...counts,
    ms: clock.now() - startedAt,
    ...fields,
    ...(error === undefined ? {} : { code: error.code }),
  }
  call.logger.info('run', answer)
  await attempt(
    () =>
      reports.write(
        name,
        {
          startedAt: new Date(startedAt).toISOString(),
          endedAt: new Date(clock.now()).toISOString(),
          activationId: context.activationId,
          outcome,
          counts: { ...counts },
          ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
          notes: answer,
        },
        call.signal,
      ),
    context,
  )
  await lease.release(call)
  await rest
  return { answer, ...(error === undefined ? {} : { error }) }
}

function keep(lease: Lease, clock: Clock, { call }: FlowContext): () => void {
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
        // Overlapping runs do no harm.
        call.logger.warn('the lease could not be kept', { error: toBridgeError(thrown).toJSON() })
      }
    }
  }
}
