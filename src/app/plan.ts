import enrichment from '#config/enrichment'
import { createAssetLibrary } from '../aem/library'
import type { CallContext } from '../core/call-context'
import { permanentError } from '../core/errors'
import { shown } from '../core/shown'
import { rulesHash } from '../flows/enrich/rules-hash'
import type { FlowContext } from '../flows/event-flow'
import { type ApplyOptions, applyChanges, type Progress } from '../flows/plan/apply-changes'
import { applyExports } from '../flows/plan/apply-exports'
import { type LineWriter, writeWhole } from '../flows/plan/json-lines'
import { type PlanOptions, planEnrich } from '../flows/plan/plan-enrich'
import { planExports } from '../flows/plan/plan-exports'
import { formatVersion, type PlanHead, type ReadPlan } from '../flows/plan/plan-file'
import type { PlanSummary } from '../flows/plan/plan-summary'
import { begunIn, headOfReport, openReport, partsOfReport, reportOf } from '../flows/plan/report-file'
import type { Summary } from '../flows/plan/summary'
import { refuseIfWrittenAgain, undoChanges } from '../flows/plan/undo-changes'
import { sourceOf, valuesOf } from '../inputs/values'
import { accessFor } from './access'
import { graphFor } from './enrich-graph'
import { partsFor } from './export'
import { appInputs } from './inputs'

/** Which assets a plan is about. */
export type PlanScope = {
  kind: PlanHead['kind']
  /** `/content/dam`, or a folder below it. */
  folder: string
  /** Media types or patterns of them; empty for all. */
  types: readonly string[]
  /** Of the last change, or for exports of the last publication, in milliseconds since the epoch. */
  since?: number | undefined
  /** Of the author. @default the first of AEM_AUTHOR_URLS */
  host?: string | undefined
}

/**
 * Identifies the rules of enrichment of this checkout and these inputs.
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export function rulesOf({ inputs }: Pick<FlowContext, 'inputs'>): string {
  const source = sourceOf(inputs)
  const { PIM_COMMUNICATOR: pim } = valuesOf({ PIM_COMMUNICATOR: appInputs.PIM_COMMUNICATOR }, source)
  return rulesHash(enrichment, pim, source)
}

/** Held in memory until they are written down in order. */
const pageSize = 200

/**
 * Writes a plan to a file: what enrichment would write, or what would be exported. Nothing else is written. The file is
 * there once it is whole.
 * @throws {BridgeError} permanent `PLAN_INVALID` when the file cannot be written; what AEM, the PIM and inputs fail with
 */
export async function makePlan(
  out: string,
  { kind, host, since, ...scope }: PlanScope,
  options: PlanOptions,
  context: FlowContext,
): Promise<{ head: PlanHead; summary: PlanSummary }> {
  const { call, clock } = context
  const { hosts, author } = accessFor(context)
  const origin = hosts.resolve(host, '--host')
  const until = clock.now()
  const head: PlanHead = {
    plan: formatVersion,
    kind,
    host: new URL(origin).host,
    created: new Date(until).toISOString(),
    rules: rulesOf(context),
  }
  const by = kind === 'enrich' ? 'modified' : 'published'
  const plan = await writeWhole({ what: 'plan', path: out })
  try {
    await plan.write(head)
    const span = { by, until, pageSize, ...(since === undefined ? {} : { since }) } as const
    const pages = createAssetLibrary(author).pages(origin, { ...scope, ...span }, call)
    const summary =
      kind === 'enrich'
        ? await planEnrich(pages, graphFor(context), plan, options, call)
        : await planExports(pages, partsFor(context), plan, { ...options, clock }, call)
    await plan.close()
    return { head, summary }
  } catch (thrown) {
    await plan.discard()
    throw thrown
  }
}

/**
 * Does what a plan says, and nothing else; what became of it is appended to the report beside the plan.
 * @throws {BridgeError} permanent `PLAN_INVALID`, `REPORT_INVALID`, and `HOST_NOT_ALLOWED` when its author is not one of
 * AEM_AUTHOR_URLS
 */
export async function applyPlan(
  { path, head }: ReadPlan,
  options: { progress?: Progress },
  context: FlowContext,
): Promise<Summary & { report: string }> {
  const { call, clock } = context
  const plan = { path, origin: originOf('plan', head.host, context) }
  // Before the report: what is wrong with the inputs writes none.
  const apply = applierOf(head.kind, context)
  const report = reportOf(path)
  const writer = await openReport(report, head, clock.now())
  try {
    const summary = await apply(plan, writer, { ...options, begun: await begunIn(report) }, call)
    return { ...summary, report }
  } finally {
    await writer.close()
  }
}

type Apply = (
  plan: { path: string; origin: string },
  report: LineWriter,
  options: ApplyOptions,
  call: CallContext,
) => Promise<Summary>

function applierOf(kind: PlanHead['kind'], context: FlowContext): Apply {
  if (kind === 'enrich') {
    const parts = graphFor(context)
    return (plan, ...others) => applyChanges(plan, parts, ...others)
  }
  const parts = partsFor(context)
  return (plan, ...others) => applyExports(plan, parts, ...others)
}

/** Reports of these tell of changes of metadata. */
const undoable = new Set(['apply', 'backfill-enrich', 'backfill-both'])

/**
 * Takes back what a report says was written to metadata, as far as nobody changed it after.
 * @param options.force does so although the rules of this checkout would write it again
 * @throws {BridgeError} permanent `REPORT_INVALID`, `HOST_NOT_ALLOWED`, `RULES_WRITE_AGAIN`, `EXPORTS_STAY`
 */
export async function undoReport(
  path: string,
  { force, ...options }: { force: boolean; progress?: Progress },
  context: FlowContext,
): Promise<Summary> {
  const { call } = context
  const { kind, host, rules } = await headOfReport(path)
  if (!undoable.has(kind)) {
    throw permanentError(
      'EXPORTS_STAY',
      `the report is of ${shown(kind)}, and files that were put to destinations are not taken back: the file before is not kept. See docs/plan.md`,
    )
  }
  const origin = originOf('report', host, context)
  const report = { path, origin, pieces: await partsOfReport(path) }
  const parts = graphFor(context)
  if (!force) {
    const areSameRules = rules === rulesOf(context)
    await refuseIfWrittenAgain(report, parts, { ...options, areSameRules }, call)
  }
  return undoChanges(report, parts, options, call)
}

/** The author of a file that somebody made: nothing is sent anywhere else. */
function originOf(what: string, host: string, context: FlowContext): string {
  const { hosts } = accessFor(context)
  const origin = hosts.origins.find((one) => new URL(one).host === host.toLowerCase())
  if (origin !== undefined) return origin
  throw permanentError(
    'HOST_NOT_ALLOWED',
    `the ${what} is of the author ${shown(host)}, which is not one of AEM_AUTHOR_URLS; nothing was sent to it`,
  )
}
