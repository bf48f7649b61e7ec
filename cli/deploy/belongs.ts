import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { foreignValues } from '../../scripts/workspace/check'
import { notes } from '../../scripts/workspace/hooks'
import { trimEndOf } from '../../src/core/trim'
import { aioSetting } from '../aio-settings'
import type { Settings } from '../environment'
import { readEnvText } from '../setup/env-text'

/** What speaks against a deployment, as sentences with names, hosts and ids, and no secret. */
export type Findings = { refused: readonly string[]; warnings: readonly string[] }

/** An environment, and the files of the others beside it. */
export type Surroundings = {
  /** Of `.env.<name>`. */
  name: string
  root: string
  /** Inputs and settings of `aio`, as the process and `.env.<name>` give them. */
  values: Settings
  namespace: string | undefined
  key: string | undefined
  /** As `.aio` would have it. */
  project: unknown
  /** Names that may have the same value in two environments. */
  shared: readonly string[]
}

/** Of two environments that have one of these in common, one works on what belongs to the other. */
const own = ['AIO_runtime_namespace', 'AIO_runtime_auth', 'AEM_AUTHOR_URLS', 'JOURNAL_URL']
/** These may be the same, and seldom are meant to be. */
const usuallyOwn = [
  'IMS_OAUTH_S2S_CLIENT_ID',
  'ADC_CECREDENTIALS_CLIENTID',
  'EVENTS_WORKSPACE_ID',
  'AKENEO_URL',
  'PIM_REST_URL',
  'STATUS_TOKEN',
  'AZURE_BLOB_SAS_URL',
  'CAMPAIGN_SFTP_URL',
  'HTTPS_URL',
  'MARKETO_URL',
  'SFTP_URL',
]

/**
 * What does not belong together in an environment, and what is another one's. Other environments are those of the files
 * `.env.<other>`; `.env` is one where it names another namespace.
 */
export async function findingsOf(surroundings: Surroundings): Promise<Findings> {
  const { name, root, values, namespace, key, project, shared } = surroundings
  const file = `.env.${name}`
  const others = await otherEnvironments(name, namespace, root)
  const withNamespace = { ...values, AIO_runtime_namespace: namespace }
  const same = (names: readonly string[]): string[] =>
    others.flatMap((other) =>
      names
        .filter(
          (one) =>
            !shared.includes(one) && isSame(settingIn(withNamespace, one), settingIn(other.values, one)),
        )
        .map((one) => `${one} of ${file} is that of ${other.file}.`),
    )
  return {
    refused: [
      ...(!namespace || !key
        ? [
            `AIO_runtime_namespace and AIO_runtime_auth are not set for ${name}: npx bridge setup --env ${name} writes them to ${file}.`,
          ]
        : []),
      ...(isProductionName(name) && /-stage$/i.test(namespace ?? '')
        ? [`The namespace ${namespace} is that of a Stage workspace, and --env is ${name}.`]
        : []),
      ...(await cliEnvIn(surroundings)),
      ...same(own).map((text) => `${text} ${remedy}`),
    ],
    warnings: [
      ...foreignValues({ env: withNamespace, project, source: 'AIO_project_org_id' }, notes(root)),
      ...same(usuallyOwn),
    ],
  }
}

const remedy = 'Where that is meant, --shared <INPUT> says so.'

const isProductionName = (name: string): boolean => /^prod(uction)?$/i.test(name)

/** Whether it has to be told before a deployment: App Builder names the namespace of each workspace but Production's after it. */
export function isProduction(
  name: string,
  namespace: string | undefined,
  workspace: string | undefined,
): boolean {
  if (isProductionName(name) || /^production$/i.test(workspace ?? '')) return true
  return workspace === undefined && namespace !== undefined && !/-stage$/i.test(namespace)
}

/** `AIO_CLI_ENV` is the one setting that cannot be taken back from `.env` by setting it. */
async function cliEnvIn({ root, values, name }: Surroundings): Promise<string[]> {
  const dotEnv = await readEnvFile('.env', root)
  const where = dotEnv.AIO_CLI_ENV ? '.env' : values.AIO_CLI_ENV ? `.env.${name} or the shell` : undefined
  if (where === undefined) return []
  return [`AIO_CLI_ENV means Adobe's own stage, not yours: take it out of ${where}.`]
}

/** What a file says; nothing when it is not there. */
export async function readEnvFile(file: string, root: string): Promise<Settings> {
  try {
    return readEnvText(await readFile(join(root, file), 'utf8'))
  } catch {
    return {}
  }
}

async function otherEnvironments(
  name: string,
  namespace: string | undefined,
  root: string,
): Promise<readonly { file: string; values: Settings }[]> {
  const files = (await readdir(root).catch(() => [])).filter(
    (file) => /^\.env\.[a-z0-9-]+$/i.test(file) && ![`.env.${name}`, '.env.example'].includes(file),
  )
  const all = await Promise.all(
    ['.env', ...files].map(async (file) => ({ file, values: await readEnvFile(file, root) })),
  )
  return all.filter(({ file, values }) => {
    const other = aioSetting(values, 'AIO_runtime_namespace')
    return file !== '.env' || (other !== undefined && other !== namespace)
  })
}

const settingIn = (values: Settings, name: string): string | undefined =>
  name.startsWith('AIO_') ? aioSetting(values, name) : values[name]

/** Whether two lists have an item in common. */
function isSame(one: string | undefined, other: string | undefined): boolean {
  const items = (text = ''): string[] =>
    text.split(/[\s,"'[\]]+/).flatMap((item) => (item === '' ? [] : [trimEndOf(item.toLowerCase(), '/')]))
  return items(one).some((item) => items(other).includes(item))
}
