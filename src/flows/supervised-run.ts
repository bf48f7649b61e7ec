import { randomUUID } from 'node:crypto'
import type { Clock } from '../core/clock'
import { type BridgeError, toBridgeError } from '../core/errors'
import type { JsonValue } from '../core/json'
import type { Redactor } from '../core/redaction'
import type { Lease, Leases } from '../delivery/lease'
import type { RunReports } from '../delivery/run-reports'
import type { Cursor } from '../journal/place'
import type { FlowContext } from './event-flow'
import { type RunSummary, runBatch } from './run-batch'
import type { RunParts } from './run-state'
import { attempt } from './settle-down'

/** What a run answers, logs and keeps: plain data. */
export type RunAnswer = {
  outcome: RunSummary['outcome'] | 'skipped'
  message: string
  [field: string]: JsonValue
}

export type Supervised = { answer: RunAnswer; error?: BridgeError }

/** The lease outlives two refreshes that fail. */
const leaseMs = 3 * 60_000

/** Runs a batch, unless another run is at it. Its report is logged as one line and kept. */
export async function supervisedRun(
  name: string,
  parts: RunParts & { leases: Leases; reports: RunReports },
  context: FlowContext,
): Promise<Supervised> {
  const { call, redactor } = context
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
  const summary = await runBatch(parts, context).finally(stopKeeping)
  const answer = answerOf(summary, clock.now() - startedAt, redactor)
  call.logger.info('run', answer)
  const { outcome, error, counts, bytes, events } = summary
  await attempt(
    () =>
      reports.write(
        name,
        {
          startedAt: new Date(startedAt).toISOString(),
          endedAt: new Date(clock.now()).toISOString(),
          activationId: context.activationId,
          outcome,
          counts: { ...counts, bytes, events },
          ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
          notes: answer,
        },
        call.signal,
      ),
    context,
  )
  await lease.release(call)
  await summary.rest
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

const placeOf = (cursor: Cursor | undefined): JsonValue =>
  cursor === undefined
    ? null
    : {
        position: cursor.position ?? null,
        at: cursor.at === undefined ? null : new Date(cursor.at).toISOString(),
      }

function answerOf(summary: RunSummary, ms: number, redactor: Redactor): RunAnswer {
  const { outcome, counts, journals, reason, error } = summary
  const gaps = journals.flatMap(({ report }) => report?.gaps ?? [])
  const [first] = journals
  return {
    outcome,
    message: redactor.text(error?.message ?? reason ?? 'everything that was due is accounted for'),
    ...counts,
    events: summary.events,
    bytes: summary.bytes,
    ms,
    /** Seconds. */
    lag: Math.round(summary.lagMs / 1000),
    pending: summary.pending,
    cursor: first?.report?.after()?.position ?? null,
    journals: journals.map(({ url, report }) => ({
      // The path names organisation and registration only.
      journal: new URL(url).pathname,
      events: report?.events() ?? 0,
      before: placeOf(report?.before),
      after: placeOf(report?.after()),
    })),
    ...(error === undefined ? {} : { code: error.code }),
    ...(gaps.length === 0
      ? {}
      : {
          gap: gaps.map(({ from, to }) => ({
            from: from === undefined ? null : new Date(from).toISOString(),
            to: new Date(to).toISOString(),
            hours: from === undefined ? null : Math.round((to - from) / 36_000) / 100,
          })),
        }),
  }
}
