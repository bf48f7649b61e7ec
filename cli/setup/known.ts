import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { plainInputs, secretInputs } from '#declared-inputs'
import { isRecord, nonEmptyString } from '../../src/core/json'
import type { InputDeclaration, InputDeclarations } from '../../src/inputs/declaration'
import { text } from '../../src/inputs/shapes'
import { aioSetting, projectNames, runtimeNames } from '../aio-settings'
import { CommandError } from '../output'
import { readEnvText } from './env-text'
import { textOf } from './written-file'

/** Values by the names of inputs and of settings of aio. None is empty. */
export type Values = Readonly<Record<string, string>>

/** What is known before anybody is asked. */
export type Known = {
  /** What `.env.<name>` says. */
  own: Values
  /** The same, with what the process's environment sets in place of it, and what `aio app use` has left for the rest. */
  values: Values
}

const setting = (meaning: string): InputDeclaration => ({ meaning, required: true, shape: text })

/** Of I/O Runtime, without which nothing can be deployed. They are no inputs: the app does not get them. */
export const runtimeSettings: InputDeclarations = {
  AIO_runtime_namespace: setting('The name of the namespace of the workspace at I/O Runtime.'),
  AIO_runtime_auth: { ...setting('The key of the namespace, as aio app use writes it.'), secret: true },
}

/** What `aio app use` leaves, in groups that belong together. The first of a group tells whether it is there. */
const leftByAio = [
  ['IMS_OAUTH_S2S_CLIENT_ID', 'IMS_OAUTH_S2S_CLIENT_SECRET', 'IMS_OAUTH_S2S_SCOPES', 'IMS_OAUTH_S2S_ORG_ID'],
  runtimeNames,
  projectNames,
] as const

const settingNames: readonly string[] = leftByAio.flat().filter((name) => name.startsWith('AIO_'))
/** What the setup finds out and writes by itself: what stands in `.env.<name>` is newer than what a shell has. */
const foundOut: readonly string[] = ['JOURNAL_URL', 'EVENTS_PROJECT_ID', 'EVENTS_WORKSPACE_ID']

/** Where the setup keeps answers that are no inputs. */
export const foldersSetting = 'SETUP_FOLDERS'
export const eventProxySetting = 'SETUP_EVENT_PROXY'

/**
 * Finds out what can be known of an environment. `.env` and `.aio` are those of the workspace that `aio app use` took last:
 * they are used where `.env.<name>` and the process do not name a workspace, and only when it is that of the environment.
 * @throws {CommandError} what is found belongs to another workspace
 */
export async function findKnown(
  env: string,
  { root, settings }: { root: string; settings: Readonly<Record<string, string | undefined>> },
): Promise<Known> {
  const own = withoutEmpty(readEnvText((await textOf(join(root, `.env.${env}`))) ?? ''))
  const names = [...plainInputs, ...secretInputs, ...settingNames, foldersSetting, eventProxySetting]
  const process = withoutEmpty(
    Object.fromEntries(
      names.map((name) => [name, settingNames.includes(name) ? aioSetting(settings, name) : settings[name]]),
    ),
  )
  const isKept = (name: string): boolean => foundOut.includes(name) && own[name] !== undefined
  const values = {
    ...own,
    ...Object.fromEntries(Object.entries(process).filter(([name]) => !isKept(name))),
  }
  const isThere = (name: string): boolean =>
    values[name] !== undefined ||
    (name === 'IMS_OAUTH_S2S_CLIENT_ID' && values.ADC_CECREDENTIALS_CLIENTID !== undefined)
  const missing = leftByAio.filter(([first]) => !isThere(first))
  const left = missing.length === 0 ? {} : await readLeft(env, root, values.AIO_runtime_namespace)
  const taken = Object.fromEntries(
    missing.flat().flatMap((name) => (left[name] === undefined ? [] : [[name, left[name]]])),
  )
  const all = { ...taken, ...values }
  checkWorkspace(env, all)
  return { own, values: all }
}

/** What `aio app use` wrote to `.env` and `.aio`. @throws {CommandError} it is of another workspace */
async function readLeft(env: string, root: string, known: string | undefined): Promise<Values> {
  const dotEnv = withoutEmpty(readEnvText((await textOf(join(root, '.env'))) ?? ''))
  const { project, url } = readProject((await textOf(join(root, '.aio'))) ?? '')
  const shared = { ...dotEnv, ...project }
  checkWorkspace(env, shared)
  const namespace = known ?? dotEnv.AIO_runtime_namespace
  const expected = /^https:\/\/([^./]+)\.adobeioruntime\.net/.exec(url ?? '')?.[1]
  if (namespace !== undefined && expected !== undefined && namespace !== expected) {
    throw new CommandError(
      `the namespace that is known here is ${namespace}, but .aio is of ${expected}: ${takeWorkspace(env)}`,
    )
  }
  return shared
}

/** `.aio` is JSON with bare keys, or YAML (aio-lib-core-config 5.0, `saveFile`); a YAML parser takes both. */
function readProject(aio: string): { project: Values; url: string | undefined } {
  const { project } = record(attempt(() => parseYaml(aio)))
  const { id, name, org, workspace } = record(project)
  const { id: workspaceId, name: workspaceName, action_url: url } = record(workspace)
  const ids = {
    AIO_project_id: idOf(id),
    AIO_project_name: idOf(name),
    AIO_project_org_id: idOf(record(org).id),
    AIO_project_workspace_id: idOf(workspaceId),
    AIO_project_workspace_name: idOf(workspaceName),
  }
  return { project: withoutEmpty(ids), url: nonEmptyString(url) }
}

/** What is known of the workspace must not be another one's: Stage and Production are told by their names. */
function checkWorkspace(env: string, values: Values): void {
  const { AIO_project_workspace_name: workspace, AIO_runtime_namespace: namespace } = values
  const [wanted, found] = [kindOf(env), workspace === undefined ? undefined : kindOf(workspace)]
  const isOther =
    found !== undefined &&
    found !== wanted &&
    [wanted, found].some((kind) => kind === 'stage' || kind === 'production')
  if (isOther) {
    throw new CommandError(
      `the workspace that is known here is ${workspace}, and --env is ${env}: ${takeWorkspace(env)}`,
    )
  }
  // App Builder names the namespace of every workspace but Production after it.
  if (namespace !== undefined && wanted === 'production' && /-stage$/i.test(namespace)) {
    throw new CommandError(
      `the namespace ${namespace} is that of a Stage workspace, and --env is ${env}: ${takeWorkspace(env)}`,
    )
  }
}

const takeWorkspace = (env: string): string =>
  `download that of ${env} in the Developer Console, and take it with npx aio app use <file> --merge`

const kindOf = (name: string): string => {
  const lower = name.toLowerCase()
  return lower === 'prod' ? 'production' : lower
}

const withoutEmpty = (values: Readonly<Record<string, string | undefined>>): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value = '']) => (value.trim() === '' ? [] : [[name, value]])),
  )

const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {})

const idOf = (value: unknown): string | undefined =>
  typeof value === 'number' ? String(value) : nonEmptyString(value)

function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}
