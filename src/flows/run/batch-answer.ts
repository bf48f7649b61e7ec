import type { JsonValue } from '../../core/json'
import type { Redactor } from '../../core/redaction'
import type { Cursor } from '../../journal/place'
import type { RunSummary } from './run-batch'
import type { RunResult } from './supervised-run'

/** What a run of the batch answers, logs and keeps. */
export function batchResult(summary: RunSummary, redactor: Redactor): RunResult {
  const { outcome, counts, journals, reason, error, rest } = summary
  const { bytes, events } = summary
  const gaps = journals.flatMap(({ report }) => report?.gaps ?? [])
  const [first] = journals
  return {
    outcome,
    message: redactor.text(error?.message ?? reason ?? 'everything that was due is accounted for'),
    ...(error === undefined ? {} : { error }),
    counts: { ...counts, bytes, events },
    rest,
    fields: {
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
      ...(gaps.length === 0
        ? {}
        : {
            gap: gaps.map(({ from, to }) => ({
              from: from === undefined ? null : new Date(from).toISOString(),
              to: new Date(to).toISOString(),
              hours: from === undefined ? null : Math.round((to - from) / 36_000) / 100,
            })),
          }),
    },
  }
}

const placeOf = (cursor: Cursor | undefined): JsonValue =>
  cursor === undefined
    ? null
    : {
        position: cursor.position ?? null,
        at: cursor.at === undefined ? null : new Date(cursor.at).toISOString(),
      }
