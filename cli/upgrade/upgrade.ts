import { CommandError } from '../output'
import { openGit } from './git'
import type { NewInput } from './news'
import { inputsBetween, planUpgrade, type UpgradeOptions, type UpgradePlan } from './plan'
import type { RunProcess } from './process'
import { optionalSteps, runStep, type StepName, type StepResult } from './steps'
import {
  checkRepository,
  commitUpgrade,
  forgetBegun,
  ignoredInTheWay,
  readBegun,
  takeOver,
  uncommitted,
} from './take-over'

export type UpgradeRun = UpgradeOptions & {
  /** The folder of the checkout, absolute. */
  root: string
  dryRun: boolean
  skip: readonly StepName[]
  /** The environment that `doctor` checks. */
  env: string | undefined
  /** Runs npm, and the new version's own programs. */
  run: RunProcess
  progress(text: string): void
}

export type UpgradeReport = Pick<UpgradePlan, 'from' | 'to'> & {
  /** Undefined when the checkout is at the newest version, or an upgrade was stopped after its commit. */
  plan: UpgradePlan | undefined
  inputs: readonly NewInput[]
  steps: readonly StepResult[]
  /** What the upgrade was committed as. */
  commit: string | undefined
  /** The commit before it. */
  before: string | undefined
}

/**
 * Brings the next version into a checkout: one commit, after which types, tests and doctor are run. What was stopped is
 * gone on with by the next call.
 * @throws {CommandError} files are not committed, or have to be decided on; nothing was changed
 */
export async function upgrade(options: UpgradeRun): Promise<UpgradeReport> {
  const { root, dryRun, progress } = options
  const git = openGit(root)
  await checkRepository(git)
  const begun = await readBegun(git)
  progress('looking for releases')
  const plan = await planUpgrade(git, options)
  const step = async (name: StepName, hasSamePackages: boolean): Promise<StepResult> => {
    if (options.skip.includes(name)) return { name, status: 'skipped' }
    progress(`running ${name}`)
    return runStep(name, root, options.run, { env: options.env, hasSamePackages })
  }
  const checked = async (): Promise<StepResult[]> => {
    const results: StepResult[] = []
    for (const name of optionalSteps) results.push(await step(name, true))
    return results
  }

  if (typeof plan === 'string') {
    const isStopped = begun?.to === plan && !dryRun
    const steps = isStopped ? await checked() : []
    if (isStopped) await forgetBegun(git)
    const from = isStopped ? begun.from : plan
    return { from, to: plan, plan: undefined, inputs: [], steps, commit: undefined, before: undefined }
  }
  const { from, to, head } = plan
  if (dryRun) {
    const inputs = await inputsBetween(git, head, plan.tree)
    return { from, to, plan, inputs, steps: [], commit: undefined, before: head }
  }

  const open = [...(await uncommitted(git, begun)), ...(await ignoredInTheWay(git, plan))]
  if (open.length > 0) {
    throw new CommandError(
      `commit, stash or move these files first, an upgrade would lose them: ${open.join(', ')}`,
    )
  }
  const { undecided } = plan.files
  if (undecided.length > 0) {
    throw new CommandError(
      `you and ${to} have both changed these files of the app, and nothing was done: ${undecided.join(', ')}. ` +
        'Name each with --keep (yours stays) or with --replace (it is taken from the new version)',
    )
  }
  progress(`taking the files of ${to}`)
  await takeOver(git, plan)
  const made: StepResult[] = []
  for (const name of ['install', 'generate'] as const) {
    const result = await step(name, plan.hasSamePackages)
    made.push(result)
    if (result.status === 'failed') {
      return { from, to, plan, inputs: [], steps: made, commit: undefined, before: head }
    }
  }
  const commit = await commitUpgrade(git, plan)
  const inputs = await inputsBetween(git, head, commit)
  const steps = [...made, ...(await checked())]
  await forgetBegun(git)
  return { from, to, plan, inputs, steps, commit, before: head }
}
