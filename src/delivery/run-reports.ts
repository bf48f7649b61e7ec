import * as v from 'valibot'
import { isJsonValue, type JsonValue, parseJson } from '../core/json'
import type { Redactor } from '../core/redaction'
import type { Store } from '../store/store'

const RunReportRecord = v.object({
  /** ISO 8601. */
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  /** ISO 8601. */
  endedAt: v.pipe(v.string(), v.isoTimestamp()),
  activationId: v.optional(v.string()),
  /** `stopped`: before the end, for its time was up or a system was out of order; the next run goes on. */
  outcome: v.picklist(['done', 'stopped', 'failed']),
  /** How many events of each kind: done, skipped, parked... */
  counts: v.record(v.string(), v.number()),
  error: v.optional(v.object({ code: v.string(), message: v.string() })),
  /** Whatever else the job has to tell, such as its lag. */
  notes: v.optional(v.custom<JsonValue>((value) => isJsonValue(value), 'no JSON value')),
})

/** What became of one run of a job. */
export type RunReport = v.InferOutput<typeof RunReportRecord>

/** The last runs of each job, for an operator to see: `run.<name>.<n>`. */
export type RunReports = {
  /**
   * Writes a report over the oldest one, so that the number of keys does not grow. Of two that are written in the
   * same moment, one may be lost.
   * @throws {BridgeError} when the store fails
   */
  write(name: string, report: RunReport, signal: AbortSignal): Promise<void>
  /** The last runs, newest first; those that cannot be read are left out. */
  recent(name: string, signal: AbortSignal): Promise<readonly RunReport[]>
}

const slots = 20
const ttlSeconds = 365 * 24 * 3600
const maxMessage = 2_000
/** They share State's megabyte a second with the work. */
const maxNotesBytes = 20_000

/** Creates the reports on a store. */
export function createRunReports(store: Store, parts: { redactor: Redactor }): RunReports {
  const { redactor } = parts
  return {
    async write(name, report, signal) {
      const slot = slotForNext(await readAll(name, signal))
      const record = redactor.value({ ...report, ...bounded(report) })
      await store.put(keyOf(name, slot), JSON.stringify(record), ttlSeconds, signal)
    },
    async recent(name, signal) {
      const reports = (await readAll(name, signal)).filter((it) => it !== undefined)
      return reports.sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
    },
  }

  /** By their keys, for a list of the store may lag behind. */
  async function readAll(name: string, signal: AbortSignal): Promise<(RunReport | undefined)[]> {
    const texts = await Promise.all(
      Array.from({ length: slots }, (_, slot) => store.get(keyOf(name, slot), signal)),
    )
    return texts.map((text) => {
      const record = v.safeParse(RunReportRecord, parseJson(text ?? ''))
      return record.success ? record.output : undefined
    })
  }
}

/** One that is free or unreadable, else the oldest. */
function slotForNext(reports: readonly (RunReport | undefined)[]): number {
  const starts = reports.map((report) => (report === undefined ? -1 : Date.parse(report.startedAt)))
  return starts.indexOf(Math.min(...starts))
}

function bounded({ error, notes }: RunReport): Partial<RunReport> {
  return {
    ...(error === undefined ? {} : { error: { ...error, message: error.message.slice(0, maxMessage) } }),
    ...(notes === undefined || Buffer.byteLength(JSON.stringify(notes)) <= maxNotesBytes
      ? {}
      : { notes: 'too long to be kept' }),
  }
}

const keyOf = (name: string, slot: number): string => `run.${name}.${slot}`
