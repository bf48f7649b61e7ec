import type { JsonObject, JsonValue } from '../../core/json'
import type { Cursor } from '../../journal/position'
import type { JournalReport } from './drain-journal'

/** What a batch run reports besides its counts: its lag, and its position in each journal. */
export function batchDetails(
  journals: readonly { url: string; report: JournalReport | undefined }[],
  { lagMs, pending }: { lagMs: number; pending: number },
): JsonObject {
  const gaps = journals.flatMap(({ report }) => report?.gaps ?? [])
  const [first] = journals
  return {
    /** Seconds. */
    lag: Math.round(lagMs / 1000),
    pending,
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
  }
}

const placeOf = (cursor: Cursor | undefined): JsonValue =>
  cursor === undefined
    ? null
    : {
        position: cursor.position ?? null,
        at: cursor.at === undefined ? null : new Date(cursor.at).toISOString(),
      }
