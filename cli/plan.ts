import { makePlan, type PlanScope } from '../src/app/plan'
import { shown } from '../src/core/shown'
import type { PlannedFacts, PlannedKind, PlanSummary } from '../src/flows/plan/plan-summary'
import type { Environment } from './environment'
import type { Interaction, Program, Run } from './host'
import { folderOf, sinceOf, typesOf } from './library-options'
import { type CommandResult, examples } from './output'
import { longContext, troubleLines, whoTells } from './plan-parts'
import { shownRecord } from './shown-record'
import { factText } from './told-lines'

export function addPlan(program: Program, run: Run): void {
  const plan = program
    .command('plan')
    .description('write what would change to a file, which npx bridge apply carries out')
  const kinds = [
    {
      kind: 'enrich',
      description: 'what enrichment would write to the metadata of assets, and tell the PIM',
    },
    { kind: 'export', description: 'which files would be put to which destination' },
  ] as const
  for (const { kind, description } of kinds) {
    plan
      .command(kind)
      .description(`${description}; nothing but the file is written`)
      .requiredOption('--out <file>', 'where the plan goes, such as plan.jsonl')
      .requiredOption('--folder <path>', 'of the assets, such as /content/dam/shop', folderOf)
      .option('--type <type...>', 'media types of the assets, such as image/png or "image/*"', typesOf)
      .option(
        '--since <when>',
        kind === 'enrich'
          ? 'only assets that changed since: a date such as 2026-11-01, or how long ago, such as 3d'
          : 'only assets that were published since: a date such as 2026-11-01, or how long ago, such as 3d',
        sinceOf,
      )
      .option('--host <host>', 'of the author, one of AEM_AUTHOR_URLS; without it, the first')
      .addHelpText('after', examples(`plan ${kind} --folder /content/dam/shop --out plan.jsonl`))
      .action(({ out, folder, type: types = [], since, host }) =>
        run((environment, interaction) => {
          const from = since === undefined ? {} : { since: since.at(environment.clock.now()) }
          return writePlan(out, { kind, folder, types, host, ...from }, environment, interaction)
        }),
      )
  }
}

async function writePlan(
  out: string,
  scope: PlanScope,
  environment: Environment,
  { progress }: Interaction,
): Promise<CommandResult> {
  const context = longContext(environment, 'plan')
  const began = context.clock.now()
  const tell = (checked: number, share: number): void =>
    progress(`${checked} assets, ${Math.floor(share * 100)} % of the time span`)
  const { head, summary } = await makePlan(out, scope, { progress: tell }, context)
  const { kind, host, created, rules } = head
  const seconds = Math.round((context.clock.now() - began) / 100) / 10
  const data = { plan: out, kind, host, created, rules, ...summary, seconds }
  return {
    data: shownRecord(data, environment),
    lines: linesOf(out, scope, summary).map((line) => environment.redactor.text(line)),
    failed: summary.failed > 0,
  }
}

function linesOf(out: string, { kind, folder }: PlanScope, summary: PlanSummary): readonly string[] {
  const { checked, planned, unchanged, skipped, kept = {}, failed, failures, changes, pim = [] } = summary
  const would = kind === 'enrich' ? 'would change' : 'would be exported'
  return [
    `${planned} of ${checked} assets below ${folder} ${would}; ${unchanged} are in step, ${failed} failed`,
    ...Object.entries(skipped).map(([reason, count]) => `skipped  ${reason}  ${count}`),
    ...Object.entries(kept).map(([property, count]) => `kept  ${property}  ${count}  (AEM keeps its value)`),
    ...changes.map((change) => `    ${kindLine(change)}`),
    ...pim.map((facts) => `    ${factsLine(facts)}`),
    ...troubleLines('failed', failures, failed),
    planned === 0
      ? `the plan is ${out}; there is nothing to apply`
      : `the plan is ${out}; nothing else was written. npx bridge apply ${out} carries it out`,
    ...(pim.length === 0 ? [] : [`what the PIM would be told stands in the plan, too; ${whoTells}`]),
  ]
}

function factsLine({ attribute, from, action, count, example: { path, ...fact } }: PlannedFacts): string {
  return `PIM ${action}  ${attribute}  ${count}  (${from})  such as ${path}: ${factText(fact)}`
}

function kindLine({ name, rule, assets, example }: PlannedKind): string {
  const { path, key } = example
  const what =
    key === undefined ? `${valueText(example.old)} -> ${valueText(example.new)}` : `as ${shown(key, 200)}`
  return `${name}  ${assets}  (${rule})  such as ${path}: ${what}`
}

const valueText = (value: unknown): string => (value === null ? 'nothing' : shown(value))
