import { type Command, InvalidArgumentError, Option, type OptionValues } from '@commander-js/extra-typings'
import { backfillKinds } from '../src/flows/backfill/task'
import { cancel, list, pause } from './backfill-control'
import { type BackfillCommand, resume, runAll } from './backfill-run'
import type { Program, Run } from './host'
import { damRoot, folderOf, sinceOf, typesOf } from './library-options'
import { examples, UsageError } from './output'

const what = {
  enrich: 'write the facts of the PIM to all assets of a library',
  export: 'copy all published assets of a library to their destinations',
  both: 'enrich, then export',
}

const usualRate = 20
const usualWorkers = 4
const maxWorkers = 20

export function addBackfill(program: Program, run: Run): void {
  const group = program
    .command('backfill')
    .description('bring a whole library in step, from where the last run has got to')
  for (const kind of backfillKinds) {
    const command = group
      .command(kind)
      .description(what[kind])
      .option('--folder <path>', 'only what is below it', folderOf, damRoot)
      .option('--type <media type...>', 'only files of that type, such as image/png or "video/*"', typesOf)
      .option(
        '--since <date or duration>',
        'only what has changed since then, such as 2030-01-31 or P7D',
        sinceOf,
      )
      .option('--host <host>', 'of the author, one of AEM_AUTHOR_URLS (default: each of them)')
      .option('--dry-run', 'tell what would be done, and write nothing')
      .option('--restart', 'begin anew, whatever an earlier run has done')
      .addOption(recordOption().hideHelp(kind !== 'enrich'))
    withPace(command)
      .addHelpText(
        'after',
        examples(
          `backfill ${kind} --folder /content/dam/shop --dry-run`,
          `backfill ${kind} --report shop.jsonl`,
        ),
      )
      .action(({ type = [], folder, since, host, dryRun = false, restart = false, record, ...pace }) => {
        if (record && kind !== 'enrich') throw new UsageError('--record goes with backfill enrich')
        const options: BackfillCommand = { ...paceOf(pace), isRestart: restart }
        const selection = {
          kind,
          folder,
          types: type,
          since: since?.text,
          isDryRun: dryRun,
          isRecordOnly: record,
        }
        return run(
          (environment, { progress }) => runAll(selection, { ...options, host }, environment, progress),
          {
            asks: dryRun ? undefined : `may write to each asset below ${folder}`,
          },
        )
      })
  }
  group
    .command('status')
    .description('the backfills that are not finished')
    .addHelpText('after', examples('backfill status', 'backfill status --json | jq .'))
    .action(() => run(list))
  for (const [name, description, work] of [
    ['pause', 'stop a running one at the end of its page; resume goes on with it', pause],
    ['cancel', 'stop one, and forget how far it is: what it has written stays', cancel],
  ] as const) {
    group
      .command(name)
      .description(description)
      .argument('[id]', 'as status shows it; needed when there are several')
      .addHelpText('after', examples(`backfill ${name}`))
      .action((id) => run((environment) => work(environment, id)))
  }
  withPace(
    group
      .command('resume')
      .description('go on with one that was paused or interrupted')
      .argument('[id]', 'as status shows it; needed when there are several'),
  )
    .addHelpText('after', examples('backfill resume'))
    .action((id, pace) => run((environment, { progress }) => resume(id, paceOf(pace), environment, progress)))
}

const recordOption = () =>
  new Option('--record', 'write no values: record what assets in step hold, for rules with the owner edited')

/** The options of each command that runs a backfill. */
const withPace = <Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) =>
  command
    .option('--rate <number>', 'requests to AEM a second, at most (default: 20)', rateOf)
    .option(
      '--report <file>',
      'a line an asset that changed or failed: JSON Lines, or CSV when it ends in .csv',
    )
    .option('--remote', 'have the work done by activations on I/O Runtime')
    .option('--workers <number>', 'how many, with --remote; up to 20 (default: 4)', workersOf)

type Pace = {
  rate?: number | undefined
  report?: string | undefined
  remote?: true | undefined
  workers?: number | undefined
}

function paceOf({ rate = usualRate, report, remote, workers }: Pace): Omit<BackfillCommand, 'isRestart'> {
  if (workers !== undefined && !remote) throw new UsageError('--workers goes with --remote')
  return { rate, report, workers: remote ? (workers ?? usualWorkers) : undefined }
}

function rateOf(text: string): number {
  const rate = Number(text)
  if (Number.isFinite(rate) && rate > 0) return rate
  throw new InvalidArgumentError('--rate must be a number above 0')
}

function workersOf(text: string): number {
  const workers = Number(text)
  if (Number.isInteger(workers) && workers >= 1 && workers <= maxWorkers) return workers
  throw new InvalidArgumentError(`--workers must be a whole number from 1 to ${maxWorkers}`)
}
