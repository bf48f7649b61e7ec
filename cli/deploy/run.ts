import { plainInputs, secretInputs } from '#declared-inputs'
import { destinationsOn } from '../../src/app/choices'
import type { CheckResult } from '../../src/app/doctor/checks'
import { isOfCommandLine, secretsOf } from '../../src/inputs/raw-inputs'
import { aioSetting, projectNames } from '../aio-settings'
import { type Environment, type Settings, workerOf } from '../environment'
import { CommandError } from '../output'
import { readFolders } from '../setup/folders'
import { foldersSetting } from '../setup/known'
import { type FailedStep, failedStep, runSteps } from '../setup/run-steps'
import type { SetupAnswers, SetupItem, SetupStep } from '../setup/step'
import { buildApp, deployApp } from './aio'
import { readEnvFile } from './belongs'
import { type Manifest, readManifest } from './manifest'
import { bindInputs } from './package-inputs'
import { escaped, settingsOf } from './settings'
import type { DeployToken } from './token'
import { findUndeclared, removeUndeclared, type Undeclared } from './undeclared'

/** What is deployed, from where. */
export type Target = {
  /** Of `.env.<name>`. */
  name: string
  root: string
  /** The process's own, before `.env.<name>` was read. */
  settings: Settings
  environment: Environment
}

/** What a deployment works with besides. */
export type Means = {
  dryRun: boolean
  /** Build before; else what is in `dist` is deployed. */
  build: boolean
  /** Parts of the setup that need deployed actions. */
  steps: readonly SetupStep[]
  /** For Adobe's CLI; undefined when it has a login of its own. */
  token(environment: Environment): Promise<DeployToken | undefined>
  /** The environment with what the steps have added to its file. */
  open(settings: Settings): Promise<Environment>
  examine(environment: Environment): Promise<readonly CheckResult[]>
  /** Shows what Adobe's CLI says. */
  show(text: string): void
  progress(text: string): void
}

/** What a deployment did. */
export type Deployed = {
  actions: readonly string[]
  removed: readonly string[]
  /** Of the steps. */
  items: readonly SetupItem[]
  /** What did not work after the upload, which stays all the same. */
  failed: readonly FailedStep[]
  checks: readonly CheckResult[]
}

/**
 * Builds, deploys, removes what is declared no more, runs the steps, binds the inputs again where a step has changed them,
 * and asks `doctor`. In a dry run it only reads.
 * What fails after the upload keeps nothing else from its work, and is told with what was done.
 * @throws {CommandError} the build or the upload failed: the next deployment uploads everything again
 * @throws {BridgeError} there is no token to deploy with
 */
export async function runDeployment(target: Target, means: Means): Promise<Deployed> {
  const { root, environment } = target
  const { dryRun, show, progress } = means
  const manifest = await readManifest(root)
  const call = environment.call()
  const { namespace, runtimeKey: key } = environment
  if (namespace === undefined || key === undefined)
    throw new CommandError('there is no namespace to deploy to')
  const runtime = {
    credentials: workerOf({ namespace, apiKey: key, apiHost: apiHostOf(await valuesOf(target)) }),
    signal: call.signal,
  }
  if (!dryRun) {
    const inputs = inputsOf(manifest, await valuesOf(target))
    const deployment = {
      namespace,
      key,
      project: projectOf(await valuesOf(target)),
      inputs,
      token: await means.token(environment),
    }
    requireUnaltered(manifest, inputs)
    const { redactor } = environment
    for (const secret of secretsOf(environment.inputs)) redactor.add(escaped(secret))
    redactor.add(target.settings.AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_TOKEN)
    redactor.add(deployment.token?.token)
    const env = settingsOf(deployment, target.settings, await readEnvFile('.env', root))
    const run = { root, env, redactor, show }
    if (means.build) await buildApp(run)
    await deployApp(run)
  }
  const failed: FailedStep[] = []
  const attempt = async (step: string, work: () => Promise<void>): Promise<void> => {
    progress(step)
    await work().catch((thrown: unknown) => {
      failed.push(failedStep(step, thrown, environment.redactor))
    })
  }
  const removed: string[] = []
  await attempt('what is declared no more', async () => {
    for (const one of await findUndeclared(manifest, runtime)) {
      if (!dryRun) await removeUndeclared(one, runtime)
      removed.push(...shown(one))
    }
  })

  const before = inputsOf(manifest, await valuesOf(target))
  const answers = await answersOf(target)
  const steps = await runSteps(means.steps, answers, { dryRun, root, environment, deploys: true }, progress)
  failed.push(...steps.failed)
  const actions = manifest.actions.map((name) => `${manifest.packageName}/${name}`)
  const done = { actions, removed, items: steps.items, failed }
  if (dryRun) return { ...done, checks: [] }
  const values = await valuesOf(target)
  const after = inputsOf(manifest, values)
  const isChanged = Object.entries(after).some(([name, value]) => before[name] !== value)
  if (isChanged)
    await attempt('inputs', () => bindInputs(manifest.packageName, after, runtime.credentials, call.signal))
  const checks: CheckResult[] = []
  await attempt('doctor', async () => {
    checks.push(...(await means.examine(isChanged ? await means.open(values) : environment)))
  })
  return { ...done, checks }
}

/** What the process and `.env.<name>` set. As dotenv has it, the process wins, also with an empty text. */
export const valuesOf = async ({ name, root, settings }: Omit<Target, 'environment'>): Promise<Settings> => ({
  ...(await readEnvFile(`.env.${name}`, root)),
  ...settings,
})

/** Every input that is bound, also those that only an older `ext.config.yaml` binds. */
function inputsOf({ inputs }: Manifest, values: Settings): Readonly<Record<string, string>> {
  const declared = [...plainInputs, ...secretInputs].filter((name) => !isOfCommandLine(name))
  return Object.fromEntries([...new Set([...inputs, ...declared])].map((name) => [name, values[name] ?? '']))
}

/** With `include-ims-credentials` the CLI takes these from its environment both as they are and by `String.replace`. */
function requireUnaltered({ includesIms }: Manifest, inputs: Readonly<Record<string, string>>): void {
  const name = Object.keys(inputs).find(
    (one) => one.startsWith('IMS_OAUTH_S2S_') && inputs[one]?.includes('$'),
  )
  if (!includesIms || name === undefined) return
  throw new CommandError(
    `${name} holds a $, which Adobe's CLI changes where includeImsCredentials is set: make a new secret without it`,
  )
}

/** Each is there, undefined where it is not known. */
const projectOf = (values: Settings): Settings =>
  Object.fromEntries([...projectNames, 'AIO_runtime_apihost'].map((name) => [name, aioSetting(values, name)]))

const apiHostOf = (values: Settings): string | undefined => aioSetting(values, 'AIO_runtime_apihost')

async function answersOf(target: Target): Promise<SetupAnswers> {
  const { inputs } = target.environment
  const { [foldersSetting]: folders = '' } = await valuesOf(target)
  const read = readFolders(folders)
  const authors = (inputs.AEM_AUTHOR_URLS ?? '').split(/[\s,]+/)
  return {
    env: target.name,
    author: authors.find((one) => one !== '') ?? '',
    folders: 'value' in read ? read.value : ['/content/dam'],
    pim: inputs.PIM_COMMUNICATOR ?? 'mock',
    destinations: destinationsOn(inputs),
  }
}

const shown = ({ trigger, isTriggerGone, rules }: Undeclared): string[] => [
  ...rules.map((rule) => `rule ${rule}`),
  ...(isTriggerGone ? [`trigger ${trigger}`] : []),
]
