import { stat } from 'node:fs/promises'
import * as v from 'valibot'
import type { JsonValue } from '../../core/json'
import { shown } from '../../core/shown'
import type { ExplainedFact } from '../enrich/explained-fact'
import {
  appendTo,
  fileProblem,
  isHalf,
  type Line,
  type LinesFile,
  type LineWriter,
  linesOf,
  parseLine,
} from './json-lines'
import { formatVersion, type PlanHead } from './plan-file'
import { AssetIdSchema, PathSchema, type PlannedChange, PlannedChangeSchema } from './planned-change'

/** The first line of a report. */
export type ReportHead = {
  /** Of the format. */
  report: 1
  /** What it is of: `apply` of an enrich plan, `apply-export`, `backfill-enrich` and its like. */
  kind: string
  host: string
  created: string
  /** Of the rules that decided what was written, see `rulesHash`. */
  rules: string
  /** Of an apply: when its plan was created. */
  plan?: string | undefined
}

/** What became of one asset, or of some of its properties. */
export type ReportLine = {
  asset: { id: string; path: string }
  /** Of what was written, or would have been. */
  changes?: readonly PlannedChange[] | undefined
  /**
   * `started` stands there before a write, `written` after it: where only the first does, the write may have been made.
   */
  outcome: string
  /** Of a dry run: what the PIM does not have. */
  facts?: readonly ExplainedFact[]
  reason?: string
  export?: { destination: string; key: string; reason: string }
}

/** What was not done to a property, and what it holds in place of the expected. */
export type RefusedChange = PlannedChange & { held: JsonValue; reason: string }

const Head = v.object({
  report: v.literal(formatVersion),
  kind: v.string(),
  host: v.pipe(v.string(), v.nonEmpty()),
  created: v.string(),
  rules: v.string(),
  plan: v.optional(v.string()),
})
const AnyHead = v.looseObject({ plan: v.optional(v.unknown()), report: v.optional(v.unknown()) })

/** All that undo needs of a line; a line of a program of tomorrow may say more. */
const Entry = v.object({
  asset: v.object({ id: AssetIdSchema, path: PathSchema }),
  changes: v.optional(v.array(PlannedChangeSchema)),
  outcome: v.string(),
})
/** A line that tells of no write is not read further. */
const AnyEntry = v.looseObject({ outcome: v.string() })

const fileAt = (path: string): LinesFile => ({ what: 'report', path })

/**
 * The first line of a report.
 * @throws {BridgeError} permanent, `REPORT_INVALID`, when the file is no report, or one of another version
 */
export async function headOfReport(path: string): Promise<ReportHead> {
  const head = await readHead(fileAt(path))
  if (head === undefined) throw fileProblem(fileAt(path), 'it is empty')
  return head
}

/** Undefined when there is none yet. */
async function readHead(file: LinesFile): Promise<ReportHead | undefined> {
  for await (const line of linesOf(file)) {
    if (isHalf(line)) return undefined
    const { plan, report } = parseLine(file, line, AnyHead)
    if (report === undefined && plan === formatVersion)
      throw fileProblem(file, 'it is a plan: npx bridge apply takes it, and writes the report beside it')
    if (report === undefined) throw fileProblem(file, 'its first line is not the head of a report')
    if (report !== formatVersion)
      throw fileProblem(
        file,
        `it is of version ${shown(report)}, and this bridge reads version ${formatVersion}`,
      )
    return parseLine(file, line, Head)
  }
  return undefined
}

/** A part of a report: where it is, and its number of lines. */
export type ReportPart = { start: number; end: number; number: number }

const linesAPart = 500

/**
 * Reads a whole report, so that nothing is done by one that is broken, and remembers where its parts are.
 * @throws {BridgeError} permanent, `REPORT_INVALID`
 */
export async function partsOfReport(path: string): Promise<readonly ReportPart[]> {
  const file = fileAt(path)
  const parts: { start: number; end: number; number: number }[] = []
  let count = 0
  for await (const line of linesOf(file)) {
    count += 1
    if (count > 1) entryOf(file, line)
    const { start, end, number } = line
    const part = parts.at(-1)
    if (part === undefined || count % linesAPart === 0) parts.push({ start, end, number })
    else part.end = end
  }
  return parts
}

/**
 * The writes that a part of a report tells of, in their order.
 * @throws {BridgeError} permanent, `REPORT_INVALID`
 */
export async function writesIn(path: string, part: ReportPart): Promise<readonly ReportedWrite[]> {
  const file = fileAt(path)
  const writes: ReportedWrite[] = []
  for await (const line of linesOf(file, part)) {
    const write = line.start === 0 ? undefined : entryOf(file, line)
    if (write !== undefined) writes.push(write)
  }
  return writes
}

/** What was written to an asset; `started`: or was about to be. */
export type ReportedWrite = {
  asset: { id: string; path: string }
  changes: readonly PlannedChange[]
  outcome: 'written' | 'started'
}

function entryOf(file: LinesFile, line: Line): ReportedWrite | undefined {
  if (isHalf(line)) return undefined
  const { outcome } = parseLine(file, line, AnyEntry)
  if (outcome !== 'written' && outcome !== 'started') return undefined
  const { asset, changes = [] } = parseLine(file, line, Entry)
  return changes.length === 0 ? undefined : { asset, changes, outcome }
}

/**
 * The writes that were begun and whose end is not known, by asset: the properties. A kill leaves a few.
 * @throws {BridgeError} permanent, `REPORT_INVALID`
 */
export async function begunIn(path: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const file = fileAt(path)
  const begun = new Map<string, ReadonlySet<string>>()
  for await (const line of linesOf(file)) {
    const write = line.start === 0 ? undefined : entryOf(file, line)
    if (write === undefined) continue
    const { asset, changes, outcome } = write
    if (outcome === 'written') begun.delete(asset.id)
    else begun.set(asset.id, new Set(changes.map(({ property }) => property)))
  }
  return begun
}

/** The report beside a plan. */
export const reportOf = (plan: string): string => `${plan}.report.jsonl`

/**
 * Opens the report of a plan to write on: the same plan may be applied again.
 * @throws {BridgeError} permanent, `REPORT_INVALID`, when what is there is of another plan, or cannot be written
 */
export async function openReport(path: string, plan: PlanHead, now: number): Promise<LineWriter> {
  const file = fileAt(path)
  const { kind, host, rules, created } = plan
  const held = (await isThere(path)) ? await readHead(file) : undefined
  if (held !== undefined && (held.plan !== created || held.host !== host || held.rules !== rules))
    throw fileProblem(file, 'it is of another plan: move it away, and apply again')
  const writer = await appendTo(file)
  if (held !== undefined) return writer
  const head: ReportHead = {
    report: formatVersion,
    kind: kind === 'enrich' ? 'apply' : 'apply-export',
    host,
    created: new Date(now).toISOString(),
    rules,
    plan: created,
  }
  await writer.write(head)
  return writer
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )
