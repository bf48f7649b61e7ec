import { createRunReports } from '../src/delivery/run-reports'
import { jobs } from '../src/plugin/deployment'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { shownRecord } from './shown-record'

export function addRuns(program: Program, run: Run): void {
  program
    .command('runs')
    .description('the runs of export-batch and reconcile')
    .command('list')
    .description('the last ones, newest first')
    .addHelpText('after', examples('runs list', 'runs list --json | jq .'))
    .action(() => run(list))
}

async function list({ store, redactor, call }: Environment): Promise<CommandResult> {
  const reports = createRunReports(store, { redactor })
  const { signal } = call()
  const data = []
  for (const job of jobs) {
    for (const report of await reports.recent(job, signal)) data.push({ job, ...report })
  }
  data.sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
  const lines = data.flatMap(({ job, startedAt, endedAt, outcome, counts, error }) => {
    const seconds = Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
    const numbers = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
    const why = error === undefined ? [] : [`    ${error.code}: ${error.message}`]
    return [`${startedAt}  ${job}  ${outcome}  ${seconds} s  ${numbers.join(', ')}`, ...why].map(
      redactor.text,
    )
  })
  return {
    data: shownRecord(data, { redactor }),
    lines: lines.length === 0 ? ['There are no reports of runs.'] : lines,
  }
}
