import { aioSetting } from './aio-settings'
import { confirmed } from './confirmed'
import { findingsOf, isProduction } from './deploy/belongs'
import { hasLogin } from './deploy/login'
import { type Deployed, runDeployment, type Target, valuesOf } from './deploy/run'
import { type DeployToken, deployToken } from './deploy/token'
import { examine } from './doctor'
import { type Environment, isInCi } from './environment'
import type { Host, Opens, Program, Run } from './host'
import { CommandError, type CommandResult, examples, UsageError } from './output'
import { akeneoSubscription } from './setup/akeneo-subscription'
import { doctorLines, doneLines, itemsData, leftLines, sorted } from './setup/items'
import { eventRegistrations } from './setup/registrations/step'
import type { SetupStep } from './setup/step'

/** What needs deployed actions. */
const afterDeployment: readonly SetupStep[] = [eventRegistrations, akeneoSubscription]

export function addDeploy(program: Program, run: Run): void {
  program
    .command('deploy')
    .description('builds and deploys the environment that --env names, and removes what is declared no more')
    .option('--dry-run', 'say what speaks against it and what would be removed, and do nothing')
    .option('--no-build', 'deploy what is built already')
    .option('--shared <INPUT>', 'may be the same as in another environment; may be given again', collect)
    .addHelpText(
      'after',
      "\nIt asks before it deploys to Production. Adobe's CLI needs a login (npx aio login), or the OAuth credential of the\nenvironment where nobody can be asked.\n" +
        examples('deploy --env stage', 'deploy --env stage --dry-run', 'deploy --env production --yes'),
    )
    .action(async ({ dryRun = false, build, shared = [] }) => {
      let begun: Begun | undefined
      const opens: Opens = async (name, host, { isAgreed }) => {
        begun = await begin(name, { dryRun, shared, isAgreed }, host)
        return begun.environment
      }
      await run(
        async () => {
          if (begun === undefined) throw new CommandError('nothing was decided')
          const { host, ...target } = begun
          const means = {
            dryRun,
            build,
            steps: afterDeployment,
            token: (environment: Environment) => tokenOf(environment, host),
            open: host.openSettings,
            examine: (environment: Environment) => examine(environment, { write: false, deployed: false }),
            show: host.stderr,
            progress: host.progress,
          }
          return reportOf(await runDeployment(target, means), { ...begun, dryRun })
        },
        { opens },
      )
    })
}

const collect = (one: string, before: readonly string[] = []): readonly string[] => [...before, one]

type Begun = Target & { host: Host; warnings: readonly string[] }

/** Looks whether the environment belongs together, and asks before Production. */
async function begin(
  name: string | undefined,
  { dryRun, shared, isAgreed }: { dryRun: boolean; shared: readonly string[]; isAgreed: boolean },
  host: Host,
): Promise<Begun> {
  if (name === undefined) throw new UsageError('--env <name> is missing: it names the environment to deploy')
  const environment = await host.open(name)
  const { root, settings } = host
  const { namespace, runtimeKey: key, project, redactor } = environment
  const values = await valuesOf({ name, root, settings })
  const found = await findingsOf({ name, root, values, namespace, key, project, shared })
  if (found.refused.length > 0)
    throw new CommandError(redactor.text(`nothing was deployed. ${found.refused.join(' ')}`))
  const warnings = found.warnings.map((one) => redactor.text(one))
  if (!dryRun) {
    for (const warning of warnings) host.stderr(`Warning: ${warning}\n`)
    const workspace = aioSetting(values, 'AIO_project_workspace_name')
    if (!isAgreed && isProduction(name, namespace, workspace)) {
      const target = `${name}, namespace ${namespace}, ${values.AEM_AUTHOR_URLS ?? 'no author'}`
      await confirmed(`deploys to Production: ${target}`, host)
    }
  }
  return { name, root, settings, environment, host, warnings }
}

/** A login of the user's own is left alone; where nobody can be asked, the CLI would wait for a browser. */
async function tokenOf(
  environment: Environment,
  { settings }: Pick<Host, 'settings'>,
): Promise<DeployToken | undefined> {
  if (settings.AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_TOKEN) return undefined
  const isUnattended = isInCi(settings) || !process.stdin.isTTY
  if (!isUnattended && (await hasLogin(settings, environment.clock.now()))) return undefined
  return deployToken(environment, environment.call())
}

function reportOf(
  { actions, removed, items, failed: failedSteps, checks }: Deployed,
  { name, warnings, dryRun }: { name: string; warnings: readonly string[]; dryRun: boolean },
): CommandResult {
  const told = sorted(items)
  const failed = [
    ...failedSteps,
    ...checks
      .filter(({ status }) => status === 'failed')
      .map(({ name: check, code = '', message }) => ({ check, code, message })),
  ]
  return {
    data: {
      ...(dryRun ? { dryRun } : {}),
      deployed: actions,
      removed,
      ...itemsData(told),
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(failed.length === 0 ? {} : { failed }),
    },
    failed: failed.length > 0,
    lines: [
      ...(dryRun ? warnings.map((one) => `Warning: ${one}`) : []),
      ...actions.map((action) => `${dryRun ? 'would deploy  ' : 'deployed      '} ${action}`),
      ...removed.map((one) => `${dryRun ? 'would remove  ' : 'removed       '} ${one}`),
      ...doneLines(told, dryRun),
      ...failedSteps.map(({ step, code, message }) => `failed         ${step}: ${code}: ${message}`),
      ...(checks.length === 0 ? [] : doctorLines(checks, name, ({ code }) => code !== undefined)),
      ...leftLines(told),
    ],
  }
}
