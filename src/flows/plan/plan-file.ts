import * as v from 'valibot'
import { shown } from '../../core/shown'
import { countFacts, type ExplainedFact, ExplainedFactSchema } from '../enrich/explained-fact'
import { fileProblem, type LinesFile, linesOf, parseLine } from './json-lines'
import { AssetIdSchema, PathSchema, type PlannedChange, PlannedChangeSchema } from './planned-change'

/** The first line of a plan. */
export type PlanHead = {
  /** Of the format. */
  plan: 1
  kind: 'enrich' | 'export'
  /** The author, as `host` or `host:port`. */
  host: string
  /** ISO 8601. */
  created: string
  /** Of the rules that planned it, see `rulesHash`. */
  rules: string
}

/** An asset as it was planned. The ETag is for people: a changed one alone refuses nothing. */
export type PlannedAsset = { id: string; path: string; etag: string }

/**
 * What is to be written to the metadata of one asset, and what the PIM would be told about it then. `apply` does the
 * first and leaves the PIM alone.
 */
export type PlannedEnrichment = {
  asset: PlannedAsset
  changes: readonly PlannedChange[]
  pim?: readonly ExplainedFact[] | undefined
}

/** A file that is to be put to one destination. */
export type PlannedExport = {
  asset: PlannedAsset
  export: { destination: string; key: string; reason: string }
}

const asset = v.object({ id: AssetIdSchema, path: PathSchema, etag: v.string() })

const EnrichmentSchema: v.GenericSchema<unknown, PlannedEnrichment> = v.pipe(
  v.object({
    asset,
    changes: v.pipe(
      v.array(PlannedChangeSchema),
      v.check(
        (changes) => new Set(changes.map(({ property }) => property)).size === changes.length,
        'a property stands there twice',
      ),
    ),
    pim: v.optional(v.array(ExplainedFactSchema)),
  }),
  v.check(({ changes, pim = [] }) => changes.length + pim.length > 0, 'it says nothing'),
)
const ExportSchema: v.GenericSchema<unknown, PlannedExport> = v.object({
  asset,
  export: v.object({
    destination: v.pipe(v.string(), v.nonEmpty(), v.maxLength(64)),
    key: v.pipe(v.string(), v.nonEmpty(), v.maxLength(4_000)),
    reason: v.string(),
  }),
})

/** The version of the formats of plan and report that this program reads and writes. */
export const formatVersion = 1

const Head = v.object({
  plan: v.literal(formatVersion),
  kind: v.picklist(['enrich', 'export']),
  host: v.pipe(v.string(), v.nonEmpty()),
  created: v.pipe(v.string(), v.isoTimestamp()),
  rules: v.string(),
})
const AnyHead = v.looseObject({ plan: v.optional(v.unknown()), report: v.optional(v.unknown()) })

/**
 * The first line of a plan.
 * @throws {BridgeError} permanent, `PLAN_INVALID`, when the file is no plan, or one of another version
 */
async function headOfPlan(path: string): Promise<PlanHead> {
  const file: LinesFile = { what: 'plan', path }
  for await (const line of linesOf(file)) {
    const { plan, report } = parseLine(file, line, AnyHead)
    if (report !== undefined) throw fileProblem(file, 'it is a report: npx bridge undo takes it')
    if (plan === undefined) throw fileProblem(file, 'its first line is not the head of a plan')
    if (plan !== formatVersion)
      throw fileProblem(
        file,
        `it is of version ${shown(plan)}, and this bridge reads version ${formatVersion}`,
      )
    return parseLine(file, line, Head)
  }
  throw fileProblem(file, 'it is empty')
}

/**
 * What a plan says about metadata, asset by asset.
 * @throws {BridgeError} permanent, `PLAN_INVALID`
 */
export const enrichmentsIn = (path: string): AsyncGenerator<PlannedEnrichment> =>
  entriesIn(path, EnrichmentSchema)

/**
 * What a plan says about files.
 * @throws {BridgeError} permanent, `PLAN_INVALID`
 */
export const exportsIn = (path: string): AsyncGenerator<PlannedExport> => entriesIn(path, ExportSchema)

async function* entriesIn<T>(path: string, schema: v.GenericSchema<unknown, T>): AsyncGenerator<T> {
  const file: LinesFile = { what: 'plan', path }
  let isHead = true
  for await (const line of linesOf(file)) {
    // A plan gets its name once it is whole: half a line is a copy that was cut off.
    if (!isHead) yield parseLine(file, line, schema)
    isHead = false
  }
}

/** A plan that was read through, so that nothing is done by one that is broken. */
export type ReadPlan = {
  path: string
  head: PlanHead
  /** What is done: assets that are written to, or files. */
  entries: number
  /** Facts that the PIM would be told, and is not by `apply`. */
  untold: number
  /** How many assets by property, or files by destination; most first. */
  names: readonly (readonly [name: string, count: number])[]
}

/**
 * Reads a whole plan.
 * @throws {BridgeError} permanent, `PLAN_INVALID`
 */
export async function readPlan(path: string): Promise<ReadPlan> {
  const head = await headOfPlan(path)
  const names = new Map<string, number>()
  const count = (name: string): void => void names.set(name, (names.get(name) ?? 0) + 1)
  let [entries, untold] = [0, 0]
  if (head.kind === 'enrich') {
    for await (const { changes, pim = [] } of enrichmentsIn(path)) {
      untold += countFacts(pim).tell
      if (changes.length > 0) entries += 1
      for (const { property } of changes) count(property)
    }
  } else {
    for await (const { export: planned } of exportsIn(path)) {
      entries += 1
      count(planned.destination)
    }
  }
  return { path, head, entries, untold, names: [...names].sort(([, a], [, b]) => b - a) }
}
