import { applyPlan, undoReport } from '../src/app/plan'
import { shown } from '../src/core/shown'
import { type ReadPlan, readPlan } from '../src/flows/plan/plan-file'
import { headOfReport } from '../src/flows/plan/report-file'
import type { Environment } from './environment'
import type { Interaction, Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { longContext, summaryData, summaryLines, whoTells } from './plan-parts'
import { shownRecord } from './shown-record'

export function addApply(program: Program, run: Run): void {
  program
    .command('apply')
    .description('do what a plan says; what somebody changed since then is refused, and stays')
    .argument('<plan>', 'a file of npx bridge plan')
    .addHelpText('after', examples('apply plan.jsonl', 'apply plan.jsonl --json --yes'))
    .action(async (path) => {
      const plan = await readPlan(path)
      await run((environment, interaction) => apply(plan, environment, interaction), {
        asks: questionOf(plan),
      })
    })
  program
    .command('undo')
    .description('take back what a report of apply or backfill says was written, as far as nobody changed it')
    .argument('<report>', 'such as plan.jsonl.report.jsonl')
    .option('--force', 'even if the rules of this checkout would write the same again')
    .addHelpText('after', examples('undo plan.jsonl.report.jsonl'))
    .action(async (path, { force = false }) => {
      const { kind, host, created } = await headOfReport(path)
      await run((environment, interaction) => undo(path, force, environment, interaction), {
        asks: `takes back what the ${shown(kind)} of ${shown(created)} wrote to assets at ${shown(host)}`,
      })
    })
}

function questionOf({ head: { kind, host }, entries, names }: ReadPlan): string | undefined {
  if (entries === 0) return undefined
  const some = names.slice(0, 5).map(([name, count]) => `${shown(name)} (${count})`)
  const all = `${some.join(', ')}${names.length > some.length ? `, and ${names.length - some.length} others` : ''}`
  return kind === 'enrich'
    ? `writes to ${entries} assets at ${shown(host)}: ${all}`
    : `puts ${entries} files to ${all}`
}

async function apply(
  plan: ReadPlan,
  environment: Environment,
  { progress }: Interaction,
): Promise<CommandResult> {
  const context = longContext(environment, 'apply')
  const tell = (checked: number): void => progress(`${checked} of ${plan.entries}`)
  const summary = await applyPlan(plan, { progress: tell }, context)
  const { report } = summary
  const { untold } = plan
  const words = { written: 'written', unchanged: 'held it already' }
  const notTold = untold === 0 ? [] : [`not told to the PIM  ${untold}  (${whoTells})`]
  return resultOf(
    summary,
    { ...summaryData(summary), ...(untold === 0 ? {} : { untold }) },
    [...summaryLines(summary, words), ...notTold, `report  ${report}`],
    environment,
  )
}

async function undo(
  path: string,
  force: boolean,
  environment: Environment,
  { progress }: Interaction,
): Promise<CommandResult> {
  const context = longContext(environment, 'undo')
  const tell = (checked: number): void => progress(`${checked} assets`)
  const summary = await undoReport(path, { force, progress: tell }, context)
  const { written: undone, ...rest } = summaryData(summary)
  const words = { written: 'undone', unchanged: 'were as before already' }
  return resultOf(summary, { undone, ...rest }, summaryLines(summary, words), environment)
}

const resultOf = (
  { refused, failed, done }: { refused: number; failed: number; done: boolean },
  data: object,
  lines: readonly string[],
  environment: Environment,
): CommandResult => ({
  data: shownRecord(data, environment),
  lines: lines.map((line) => environment.redactor.text(line)),
  failed: refused > 0 || failed > 0 || !done,
})
