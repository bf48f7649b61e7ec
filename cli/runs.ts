import { createRunReports } from '../src/delivery/run-reports'
import type { Environment } from './environment'
import { type CommandResult, UsageError } from './output'

/** The jobs that keep reports of their runs. */
const jobs = ['export-batch', 'reconcile']

/** The command behind `runs <verb>`. */
export function runCommands(
  verb: string | undefined,
  { ids, all }: { ids: readonly string[]; all: boolean },
): (environment: Environment) => Promise<CommandResult> {
  if (verb !== 'list') throw new UsageError(`runs knows list${verb ? `, but not ${verb}` : ''}`)
  if (all || ids.length > 0) throw new UsageError('list takes no id and no --all: it lists the last runs')
  return list
}

async function list({ store, redactor, call }: Environment): Promise<CommandResult> {
  const reports = createRunReports(store, { redactor })
  const { signal } = call()
  const data = []
  for (const job of jobs) {
    for (const report of await reports.recent(job, signal)) data.push({ job, ...report })
  }
  data.sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
  const lines = data.map(({ job, startedAt, endedAt, outcome, counts, error }) => {
    const seconds = Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
    const numbers = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
    const why = error === undefined ? '' : `\n    ${error.code}: ${error.message}`
    return `${startedAt}  ${job}  ${outcome}  ${seconds} s  ${numbers.join(', ')}${why}`
  })
  return { data, text: lines.length === 0 ? 'There are no reports of runs.' : lines.join('\n') }
}
