import { join } from 'node:path'
import type { Program, Run } from '../host'
import { type CommandResult, examples, UsageError } from '../output'
import { type PipelineInputs, pipelineInputs } from './ci-inputs'
import { githubName, isChangedByHand, targets, workflowText } from './ci-workflow'
import { doneLines, itemsData, leftLines, sorted } from './items'
import type { SetupContext, SetupItem } from './step'
import { keepFile, textOf } from './written-file'

const file = '.github/workflows/deploy.yml'

/** Adds `setup ci`. @param root the project's folder */
export function addSetupCi(setup: Program, run: Run, root = process.cwd()): void {
  setup
    .command('ci')
    .description(
      'write a workflow of GitHub Actions that tests, builds and deploys, and tell which secrets and variables it takes',
    )
    .option('--branch <name>', 'whose pushes go to Stage', 'main')
    .option('--dry-run', 'say what would be done, and do not')
    .addHelpText('after', examples('setup ci --dry-run', 'setup ci --branch trunk'))
    .action(async (_options, command) => {
      // An option that `setup` has as well arrives there, wherever it stands.
      const { branch, dryRun = false } = command.optsWithGlobals()
      if (!/^[\w][\w./-]*$/.test(branch)) throw new UsageError(`${branch} is no name of a branch`)
      const isLost = !dryRun && (await isOfAPerson(root))
      await run(() => setupCi(branch, { root, dryRun }), {
        destroys: isLost ? `replaces ${file}, which was changed by hand` : undefined,
      })
    })
}

async function setupCi(
  branch: string,
  { root, dryRun }: Pick<SetupContext, 'root' | 'dryRun'>,
): Promise<CommandResult> {
  const deployments = await Promise.all(
    targets.map(async (target) => ({ ...target, ...(await pipelineInputs(target.name, root)) })),
  )
  const written = await keepFile(file, workflowText(branch, deployments), { root, dryRun })
  const items = sorted([written, ...targets.map(({ name }) => leftAtGitHub(name))])
  return {
    data: {
      ...itemsData(items),
      environments: Object.fromEntries(deployments.map(({ name, toSet }) => [name, toSet])),
    },
    lines: [
      ...doneLines(items, dryRun),
      ...leftLines(items),
      '',
      'With the command line of GitHub, which asks for each value:',
      ...deployments.flatMap(commandsOf),
      '',
      'All others that the workflow passes on are optional: docs/configuration.md tells what they are for.',
    ],
  }
}

const leftAtGitHub = (name: string): SetupItem => ({
  kind: 'manual',
  what: `The environment ${name}${name === 'production' ? ', with required reviewers' : ''}, its secrets and its variables`,
  where: 'GitHub > Settings > Environments',
})

async function isOfAPerson(root: string): Promise<boolean> {
  const text = await textOf(join(root, file))
  return text !== undefined && isChangedByHand(text)
}

const commandsOf = ({ name, toSet }: Pick<PipelineInputs, 'toSet'> & { name: string }): readonly string[] => [
  `  gh api --method PUT repos/{owner}/{repo}/environments/${name}`,
  ...toSet.variables.map((input) => `  gh variable set ${githubName(input)} --env ${name}`),
  ...toSet.secrets.map((input) => `  gh secret set ${githubName(input)} --env ${name}`),
]
