import { stat } from 'node:fs/promises'
import type { AssetRef } from '../src/core/asset'
import { verdictOf } from '../src/flows/backfill/tally'
import type { Worked } from '../src/flows/backfill/task'
import { type Failure, undoneOf } from '../src/flows/outcome'
import { appendTo, type LineWriter } from '../src/flows/plan/json-lines'
import { headOfReport, type ReportHead, type ReportLine } from '../src/flows/plan/report-file'
import { type BackfillReport, openTable } from './backfill-table'
import { CommandError } from './output'

/** Where no report is asked for. */
export const noReport: BackfillReport = {
  onChange: async () => undefined,
  onWorked: async () => undefined,
  close: async () => undefined,
}

/**
 * Opens the report to write on, as JSON Lines, or as CSV where the name of the file ends so.
 * @param head undefined when an earlier run has begun the report: this one goes on with it
 * @throws {CommandError} a run that begins would write behind the report of another one, or what is there is no report of
 * such a backfill
 * @throws {BridgeError} permanent `REPORT_INVALID`, when what is there is no report, or it cannot be written
 */
export async function openReport(
  path: string,
  head: ReportHead,
  { isBegun, isDryRun }: { isBegun: boolean; isDryRun: boolean },
): Promise<BackfillReport> {
  const isThere = await hasContent(path)
  if (isThere && !isBegun)
    throw new CommandError(`${path} is there, and this backfill begins: name another file with --report`)
  if (/\.csv$/i.test(path)) return openTable(path, (worked) => linesOf(worked, isDryRun))
  // Before it is opened to write: that cuts off half a line at its end.
  if (isThere) await refuseOther(path, head)
  const writer = await appendTo({ what: 'report', path })
  if (!(await hasContent(path))) await writer.write(head)
  return linesTo(writer, isDryRun)
}

async function refuseOther(path: string, { kind, host }: ReportHead): Promise<void> {
  const held = await headOfReport(path)
  if (held.kind !== kind || held.host !== host)
    throw new CommandError(`${path} is the report of something else: name another file with --report`)
}

const hasContent = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )

function linesTo(writer: LineWriter, isDryRun: boolean): BackfillReport {
  const write = (line: ReportLine): Promise<void> => writer.write(line)
  return {
    onChange: (ref, changes) => write({ asset: assetOf(ref), changes, outcome: 'started' }),
    async onWorked(worked) {
      for (const line of linesOf(worked, isDryRun)) await write(line)
    },
    close: () => writer.close(),
  }
}

const assetOf = ({ id = '', path = '' }: AssetRef): ReportLine['asset'] => ({ id, path })

/** What became of an asset, as lines of a report; none when it is as it was. */
function linesOf(worked: Worked, isDryRun: boolean): readonly ReportLine[] {
  const asset = assetOf(namedRef(worked))
  const { changes = [], stored = [] } = worked
  const written = isDryRun ? 'would-write' : 'written'
  const isWritten = worked.outcomes.some(({ kind }) => kind === 'updated')
  return [
    ...(isWritten ? [{ asset, changes, outcome: written }] : []),
    ...factsOf(worked).map((one) => ({ asset, ...one })),
    ...stored.map((one) => ({ asset, export: one, outcome: written })),
    ...failuresOf(worked).map(({ code, message }) => ({
      asset,
      outcome: 'failed',
      reason: `${code}: ${message}`,
    })),
  ]
}

/** Only a dry run has some: what the PIM would be told, and what it would not, since another asset speaks. */
function factsOf({ facts = [] }: Worked): readonly Pick<ReportLine, 'facts' | 'outcome'>[] {
  return (['tell', 'keep'] as const).flatMap((action) => {
    const some = facts.filter((fact) => fact.action === action)
    return some.length === 0 ? [] : [{ facts: some, outcome: `would-${action}` }]
  })
}

/** One that was found by its id alone is named as AEM names it. */
function namedRef({ ref, outcomes }: Worked): AssetRef {
  const facts = outcomes.map((outcome) => ('asset' in outcome ? outcome.asset : undefined)).find(Boolean)
  return facts === undefined ? ref : { ...ref, id: facts.id, path: facts.path === '' ? ref.path : facts.path }
}

function failuresOf(worked: Worked): readonly Failure[] {
  return verdictOf(worked) === 'failed'
    ? worked.outcomes.flatMap((outcome) => undoneOf(outcome).map(({ failure }) => failure))
    : []
}
