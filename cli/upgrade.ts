import { resolve } from 'node:path'
import { Option } from '@commander-js/extra-typings'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { runProcess } from './upgrade/process'
import { upgradeLines } from './upgrade/report'
import { optionalSteps } from './upgrade/steps'
import { type UpgradeReport, upgrade } from './upgrade/upgrade'

export function addUpgrade(program: Program, run: Run): void {
  program
    .command('upgrade')
    .description(
      'brings the next version of the app into this checkout as one commit, and keeps what is yours',
    )
    .option('--to <tag>', 'the release to go to; the newest one when not given')
    .option(
      '--from <tag or commit>',
      'of the app, which this checkout was made from; by its version when not given',
    )
    .option('--from-url <git url>', 'where releases come from; the git remote upstream when not given')
    .option('--in <folder>', 'the checkout, when it is another one than this folder')
    .option('--keep <file...>', 'files of the app that you have changed, and that stay yours')
    .option(
      '--replace <file...>',
      'files of the app that you have changed, and that the new version replaces',
    )
    .addOption(new Option('--skip <check...>', 'what is not run on the new version').choices(optionalSteps))
    .option('--dry-run', 'tell what would change, and change nothing')
    .addHelpText('after', examples('upgrade --dry-run', 'upgrade', 'upgrade --to v1.2.0 --skip tests'))
    .action(({ in: folder = '.', dryRun = false, skip = [], ...options }, { parent }) =>
      run(async (_, { progress }) => {
        const { env } = globalOptions(parent)
        const root = resolve(folder)
        return resultOf(
          await upgrade({ ...options, root, dryRun, skip, env, run: runProcess, progress }),
          dryRun,
        )
      }),
    )
}

const globalOptions = (program: { opts(): { env?: string } } | null): { env?: string } =>
  program?.opts() ?? {}

/** The report as it is printed. */
function resultOf(report: UpgradeReport, dryRun: boolean): CommandResult {
  const { plan, before, ...rest } = report
  const { head: _, tree: __, hasSamePackages: ___, ...told } = plan ?? {}
  return {
    data: { ...told, ...rest, dryRun, ...(before === undefined ? {} : { before }) },
    failed: report.steps.some(({ status }) => status === 'failed'),
    lines: upgradeLines(report, dryRun),
  }
}
