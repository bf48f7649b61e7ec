import { randomUUID } from 'node:crypto'
import { backfill, backfillHosts, backfillRecords } from '../src/app/backfill'
import { rulesOf } from '../src/app/plan'
import { parseDuration } from '../src/core/duration'
import type { Checkpoint } from '../src/flows/backfill/checkpoint'
import type { BackfillResult } from '../src/flows/backfill/run-backfill'
import { emptyTally, sum, type Tally } from '../src/flows/backfill/tally'
import { type BackfillTask, taskId } from '../src/flows/backfill/task'
import { chosenId, contextOf } from './backfill-control'
import { noReport, openReport } from './backfill-report'
import type { Environment } from './environment'
import type { Interaction } from './host'
import type { CommandResult } from './output'
import { keepHeapSmall } from './small-heap'

/** How a backfill is to be run. */
export type BackfillCommand = {
  isRestart: boolean
  /** Requests to AEM a second. */
  rate: number
  /** The file. */
  report: string | undefined
  /** Undefined: in this process. */
  workers: number | undefined
}

type Progress = Interaction['progress']
type Result = BackfillResult & { host: string }

/** Runs a backfill at the author that is named, or at each, one after the other. */
export async function runAll(
  selection: Omit<BackfillTask, 'origin'>,
  { host, ...command }: BackfillCommand & { host: string | undefined },
  environment: Environment,
  progress: Progress,
): Promise<CommandResult> {
  const { origins, resolve } = backfillHosts(contextOf(environment))
  const chosen = host === undefined ? origins : [resolve(host, '--host')]
  const results: Result[] = []
  for (const origin of chosen) {
    const report = command.report === undefined ? undefined : reportFor(command.report, origin, chosen)
    const task = { ...selection, origin }
    results.push(await runOne(task, { ...command, report }, environment, progress))
  }
  return resultOf(results, command.report, environment)
}

/** Goes on with a backfill that was paused or interrupted. */
export async function resume(
  named: string | undefined,
  command: Omit<BackfillCommand, 'isRestart'>,
  environment: Environment,
  progress: Progress,
): Promise<CommandResult> {
  const { task } = (await chosenId(environment, named)).checkpoint
  // It may have been taken out of AEM_AUTHOR_URLS since.
  backfillHosts(contextOf(environment)).resolve(new URL(task.origin).host, 'the backfill')
  const result = await runOne(task, { ...command, isRestart: false }, environment, progress)
  return resultOf([result], command.report, environment)
}

/** A report is of one author: with several, its host is in the name of the file. */
function reportFor(file: string, origin: string, origins: readonly string[]): string {
  if (origins.length === 1) return file
  const host = new URL(origin).host.replace(':', '-')
  return /\.[^./]+$/.test(file) ? file.replace(/(\.[^./]+)$/, `.${host}$1`) : `${file}.${host}`
}

async function runOne(
  task: BackfillTask,
  { report: file, ...command }: BackfillCommand,
  environment: Environment,
  progress: Progress,
): Promise<Result> {
  keepHeapSmall()
  const context = contextOf(environment)
  const { clock, call } = context
  const host = new URL(task.origin).host
  const { isRestart } = command
  const held = isRestart
    ? undefined
    : await backfillRecords(context).checkpoints.load(taskId(task), call.signal)
  const head = {
    report: 1,
    kind: `backfill-${task.kind}`,
    host,
    created: new Date(clock.now()).toISOString(),
    rules: rulesOf(context),
  } as const
  const how = { isBegun: held !== undefined, isDryRun: task.isDryRun }
  const report = file === undefined ? noReport : await openReport(file, head, how)
  try {
    const tell = progressOf(task, context.clock.now(), held, context)
    const result = await backfill(
      task,
      {
        ...command,
        activations: environment.activations,
        sinceMs: sinceMs(task.since, clock.now()),
        owner: randomUUID(),
        onChange: report.onChange,
        onWorked: report.onWorked,
        onProgress: (checkpoint, rate) => progress(tell(checkpoint, rate)),
      },
      context,
    )
    return { ...result, host }
  } finally {
    await report.close()
  }
}

function sinceMs(since: string | undefined, now: number): number | undefined {
  if (since === undefined) return undefined
  const duration = parseDuration(since)
  return duration === undefined ? Date.parse(since) : now - duration.ms
}

/** The line that tells how far it is: by the share of this run, what is left is told. */
function progressOf(
  { kind, origin }: BackfillTask,
  startedAt: number,
  held: Checkpoint | undefined,
  { clock }: Pick<Environment, 'clock'>,
): (checkpoint: Checkpoint, rate: number) => string {
  const [from, checkedBefore] = [held?.progress ?? 0, held?.tally.checked ?? 0]
  return ({ progress, tally }, rate) => {
    const ms = Math.max(1, clock.now() - startedAt)
    const share = progress - from
    const left = share > 0 ? `, ${inTime(((1 - progress) * ms) / share)} left` : ''
    const speed = Math.round(((tally.checked - checkedBefore) * 1_000) / ms)
    const { checked, written, failed } = tally
    return `${kind} ${new URL(origin).host}  ${bar(progress)} ${Math.floor(progress * 100)}%  ${checked} checked, ${written} written, ${failed} failed; ${speed} assets/s, up to ${Math.round(rate)} requests/s${left}`
  }
}

const barLength = 20
const bar = (share: number): string => {
  const done = Math.floor(share * barLength)
  return `[${'#'.repeat(done)}${'-'.repeat(barLength - done)}]`
}

function inTime(ms: number): string {
  if (ms < 90_000) return `${Math.max(1, Math.round(ms / 1_000))} s`
  const minutes = Math.round(ms / 60_000)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function resultOf(
  results: readonly Result[],
  report: string | undefined,
  { redactor }: Environment,
): CommandResult {
  const tally = results.map((one) => one.tally).reduce(sum, emptyTally)
  const done = results.every((one) => one.done)
  const stopped = results.find((one) => one.stopped !== undefined)?.stopped
  const error = results.find((one) => one.error !== undefined)?.error
  const { checked, written, unchanged, skipped, failed, pim } = tally
  const seconds = Math.round(results.reduce((ms, one) => ms + one.ms, 0) / 1_000)
  const shownError = error && { code: error.code, message: redactor.text(error.message) }
  const data = {
    ...{ checked, written, unchanged, skipped, failed, seconds, done },
    ...(pim === undefined ? {} : { pim }),
    ...(report === undefined ? {} : { report }),
    ...(stopped === undefined ? {} : { stopped }),
    ...(shownError === undefined ? {} : { error: shownError }),
  }
  return { data, lines: linesOf(tally, data), failed: !done || failed > 0 }
}

function linesOf(
  { checked, written, unchanged, skipped, failed, pim }: Tally,
  data: {
    seconds: number
    done: boolean
    report?: string
    stopped?: string
    error?: { code: string; message: string }
  },
): readonly string[] {
  const { seconds, done, report, stopped, error } = data
  return [
    `${checked} assets checked in ${inTime(seconds * 1_000)}: ${written} written, ${unchanged} unchanged, ${failed} failed`,
    ...Object.entries(skipped).map(([reason, count]) => `    ${count} skipped: ${reason}`),
    ...(pim === undefined
      ? []
      : [
          `    PIM tell  ${pim.tell}`,
          `    PIM keep  ${pim.keep}  (another asset speaks, or none has the role)`,
        ]),
    ...(report === undefined ? [] : [`The report is in ${report}.`]),
    ...(stopped === undefined ? [] : [`It was stopped: ${stopped}.`]),
    ...(error === undefined ? [] : [`It stopped: ${error.code}: ${error.message}`]),
    done ? 'It is done.' : 'It is not done: the same command goes on from here.',
  ]
}
