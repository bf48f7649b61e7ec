import { config as readDotEnv } from 'dotenv'
import type { CallContext } from '../src/core/call-context'
import { type Clock, systemClock } from '../src/core/clock'
import { createRedactor, type Redactor } from '../src/core/redaction'
import { messageOf } from '../src/core/shown'
import { type ActivationLogs, openActivationLogs } from '../src/delivery/activation-logs'
import { type Activations, createActivations, type RuntimeCredentials } from '../src/delivery/activations'
import { type RawInputs, readOperatorInputs, secretsOf } from '../src/inputs/raw-inputs'
import { createRecords, type Records } from '../src/runtime/records'
import type { StateRegion } from '../src/store/state-store'
import type { Store } from '../src/store/store'
import { aioSetting } from './aio-settings'
import { UsageError } from './output'
import { createStderrLogger } from './stderr-logger'

/** What every command works with. */
export type Environment = Records & {
  trigger: 'batch'
  /** Organisation, project and workspace, as `aio app use` keeps them; not checked. */
  project: unknown
  /** Of I/O Runtime, when it is known: the name of the workspace. */
  namespace: string | undefined
  /** Of I/O Runtime, when it is known: the key of the namespace. */
  runtimeKey: string | undefined
  inputs: RawInputs
  redactor: Redactor
  clock: Clock
  /** The State service of another region, for the same namespace. */
  stateOf(region: StateRegion): Store
  /** Starts the deployed actions. */
  activations: Activations
  /** What asks I/O Runtime about the workspace. */
  runtimeCredentials: RuntimeCredentials
  /** What I/O Runtime keeps of their activations. */
  activationLogs: ActivationLogs
  /** Opens the context of one unit of work, with two hours for it: a file may be large. */
  call(): CallContext
}

const workMs = 2 * 3_600_000

/**
 * Reads the inputs from the environment and `.env`, and the Runtime credentials from wherever `aio` keeps them. Of an
 * environment that is named, all comes from the process and from `.env.<name>`: `.env` and `.aio` are those of the
 * workspace that `aio app use` took last. In a run of CI (`CI` is set) the file may be missing: the pipeline sets all.
 * @throws {UsageError} the file is not there, or the pipeline does not set the credentials of I/O Runtime
 */
export async function openEnvironment(name: string | undefined): Promise<Environment> {
  // Before the SDK, whose State library reads its endpoint from the environment when it is loaded.
  readDotEnvOf(name)
  // Now, since the SDK's Config adds what stands in .env.
  const settings = { ...process.env }
  return environmentWith(
    settings,
    name === undefined ? await readAio() : { runtime: runtimeOf(settings), project: projectOf(settings) },
  )
}

/** What an environment is read from: inputs and the settings of `aio`, by name. */
export type Settings = Readonly<Record<string, string | undefined>>

/** An environment of these settings alone, such as those that are about to be written to its file. */
export async function openSettings(settings: Settings): Promise<Environment> {
  const { AIO_STATE_ENDPOINT: endpoint } = settings
  // Before the SDK, as above.
  if (endpoint !== undefined) process.env.AIO_STATE_ENDPOINT = endpoint
  return environmentWith(settings, { runtime: runtimeOf(settings), project: projectOf(settings) })
}

type Surroundings = { runtime: Runtime; project: unknown }

function environmentWith(settings: Settings, { runtime, project }: Surroundings): Environment {
  const inputs = readOperatorInputs(settings)
  const redactor = createRedactor([runtime.apiKey, ...secretsOf(inputs)])
  const activation = { ...runtime, id: undefined, deadline: undefined, actionName: undefined }
  return {
    ...createRecords(activation, inputs),
    runtime: undefined,
    trigger: 'batch',
    namespace: runtime.namespace,
    runtimeKey: runtime.apiKey,
    project,
    inputs,
    redactor,
    clock: systemClock,
    activations: createActivations(workerOf(runtime)),
    runtimeCredentials: workerOf(runtime),
    activationLogs: openActivationLogs(workerOf(runtime)),
    stateOf: (region) => createRecords(activation, { ...inputs, STATE_REGION: region }).store,
    call: () => ({
      logger: createStderrLogger(redactor),
      signal: AbortSignal.timeout(workMs),
      deadline: systemClock.now() + workMs,
    }),
  }
}

const configured = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

function readDotEnvOf(name: string | undefined): void {
  if (name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(name)) {
    throw new UsageError(
      `--env ${name} is no name of an environment: it has letters, digits and hyphens only`,
    )
  }
  const file = name === undefined ? '.env' : `.env.${name}`
  const { error } = readDotEnv({ path: file, quiet: true })
  if (name === undefined || error === undefined) return
  if (isMissing(error) && isInCi(process.env)) requireOfPipeline(name, process.env)
  else throw new UsageError(`--env ${name} reads ${file}, which cannot be read here: ${messageOf(error)}`)
}

const isMissing = (error: Error): boolean => 'code' in error && error.code === 'ENOENT'

/** On a person's machine a missing file is a wrong name: what the shell has set may be of any workspace. */
export const isInCi = ({ CI = '' }: Settings): boolean => !['', '0', 'false'].includes(CI.toLowerCase())

function requireOfPipeline(name: string, settings: NodeJS.ProcessEnv): void {
  const needed = ['AIO_runtime_namespace', 'AIO_runtime_auth']
  const missing = needed.filter((one) => aioSetting(settings, one) === undefined)
  if (missing.length === 0) return
  throw new UsageError(
    `--env ${name}: there is no .env.${name} here, and this pipeline does not set ${missing.join(' and ')}`,
  )
}

/**
 * Where the deployed actions are, as if one of them started the others.
 * Source: aio-lib-runtime 7.3, whose API host is this one where none is set.
 */
export const workerOf = ({ apiHost = 'https://adobeioruntime.net', ...runtime }: Runtime) => ({
  ...runtime,
  apiHost,
  actionName: `/${runtime.namespace}/asset-bridge/export-worker`,
})

type Runtime = Record<'namespace' | 'apiKey' | 'apiHost', string | undefined>

/** The names under which `aio` takes its settings from the environment. */
const runtimeOf = (settings: Settings): Runtime => ({
  namespace: aioSetting(settings, 'AIO_runtime_namespace'),
  apiKey: aioSetting(settings, 'AIO_runtime_auth'),
  apiHost: aioSetting(settings, 'AIO_runtime_apihost'),
})

/** The same for organisation, project and workspace, as `aio` would find them in `.aio`. */
const projectOf = (settings: Settings): unknown => ({
  id: aioSetting(settings, 'AIO_project_id'),
  name: aioSetting(settings, 'AIO_project_name'),
  org: { id: aioSetting(settings, 'AIO_project_org_id') },
  workspace: {
    id: aioSetting(settings, 'AIO_project_workspace_id'),
    name: aioSetting(settings, 'AIO_project_workspace_name'),
  },
})

/** What `aio` keeps: its Config knows .aio, .env and the settings of the machine. */
async function readAio(): Promise<Surroundings> {
  // The whole SDK: its start-up does not matter here.
  const { Core } = (await import('@adobe/aio-sdk')).default
  const runtime = {
    namespace: configured(Core.Config.get('runtime.namespace')),
    apiKey: configured(Core.Config.get('runtime.auth')),
    apiHost: configured(Core.Config.get('runtime.apihost')),
  }
  return { runtime, project: Core.Config.get('project') }
}
