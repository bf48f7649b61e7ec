import { plainInputs, secretInputs } from '#declared-inputs'
import { isRecord, nonEmptyString } from '../../src/core/json'

/** What a deployment is made from. */
export type Environment = {
  /** Inputs and settings of aio, as .env and the shell give them. */
  env: Readonly<Record<string, string | undefined>>
  /** Organisation, project and workspace as `aio app use` writes them to .aio; not checked. */
  project: unknown
  /** Where that is told, for messages. @default `.aio` */
  source?: string
}

/** The authors and journals of the last deployment to each workspace, by namespace. */
export type Deployments = Readonly<Record<string, Targets>>
type Targets = { authors: readonly string[]; journals: readonly string[] }

/** aio puts a value in the place of its name by `String.replace`, which gives these a meaning of their own. */
const altered = /\$[$&`']/

/**
 * What in the environment does not belong together, or would be deployed as something else, as sentences. They hold names
 * of inputs, hosts and ids, and no secret.
 * Source: aio-cli-plugin-app 14.7 (`aio app use` replaces the lines `AIO_*` and `IMS_*` of .env only), aio-lib-runtime 7.3
 * (`replaceIfEnvKey`); Adobe I/O Events, Journaling API: the address of a journal names organisation and credential.
 */
export const warningsFor = (environment: Environment, before: Deployments): readonly string[] => [
  ...alteredValues(environment),
  ...foreignValues(environment, before),
]

/** The same without those that would be deployed as something else. */
export const foreignValues = (environment: Environment, before: Deployments): readonly string[] => [
  ...foreignJournals(environment),
  ...foreignCredential(environment),
  ...foreignNamespace(environment),
  ...targetsOfOthers(environment, before),
]

/** The notes with what is deployed now. Without a namespace nothing is noted. */
export function withDeployment(before: Deployments, { env }: Environment): Deployments {
  const namespace = namespaceOf(env)
  return namespace === undefined ? before : { ...before, [namespace]: targetsOf(env) }
}

/** Reads the notes; what cannot be read is left out. */
export function readDeployments(notes: unknown): Deployments {
  if (!isRecord(notes)) return {}
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((it) => typeof it === 'string') : []
  return Object.fromEntries(
    Object.entries(notes).flatMap(([namespace, targets]) =>
      isRecord(targets)
        ? [[namespace, { authors: texts(targets.authors), journals: texts(targets.journals) }]]
        : [],
    ),
  )
}

function alteredValues({ env }: Environment): string[] {
  const names = [...plainInputs, ...secretInputs].filter((name) => altered.test(env[name] ?? '')).sort()
  if (names.length === 0) return []
  return [
    `aio app deploy changes a value that holds $$, $&, $\` or $', so the app gets another one than .env says: ${names.join(', ')}. Make a new secret without these.`,
  ]
}

function foreignJournals({ env, project, source = '.aio' }: Environment): string[] {
  const { org, workspace, credentials } = workspaceOf(project)
  return itemsOf(env.JOURNAL_URL).flatMap((url) => {
    const [, orgId, credential = ''] = /\/organizations\/([^/]+)\/integrations\/([^/]+)\//.exec(url) ?? []
    if (orgId === undefined) return []
    if (org !== undefined && org !== orgId) {
      return [
        `JOURNAL_URL is a journal of the organisation ${orgId}, but ${source} is of the organisation ${org}.`,
      ]
    }
    if (credentials.length === 0 || credentials.includes(credential)) return []
    return [
      `JOURNAL_URL is a journal of the credential ${credential}, which is none of ${workspace} in .aio (${credentials.join(', ')}). aio app use keeps the inputs of the workspace before.`,
    ]
  })
}

function foreignCredential({ env, project }: Environment): string[] {
  const used = env.IMS_OAUTH_S2S_CLIENT_ID
  const own = env.ADC_CECREDENTIALS_CLIENTID
  const orgId = env.ADC_CECREDENTIALS_ORGID
  const { org, imsOrg, workspace } = workspaceOf(project)
  return [
    ...(used && own && used !== own
      ? [
          `ADC_CECREDENTIALS_CLIENTID is another credential than the one that aio app use has written for ${workspace} (IMS_OAUTH_S2S_CLIENT_ID), and wins. Take the ADC_CECREDENTIALS_* lines out of .env to use that one.`,
        ]
      : []),
    ...(orgId && imsOrg && orgId !== imsOrg
      ? [`ADC_CECREDENTIALS_ORGID is ${orgId}, but .aio is of the organisation ${org} (${imsOrg}).`]
      : []),
  ]
}

function foreignNamespace({ env, project }: Environment): string[] {
  const namespace = namespaceOf(env)
  const { namespace: expected, workspace } = workspaceOf(project)
  if (namespace === undefined || expected === undefined || namespace === expected) return []
  return [`The namespace of .env is ${namespace}, but ${workspace} in .aio has ${expected}.`]
}

function targetsOfOthers({ env }: Environment, before: Deployments): string[] {
  const namespace = namespaceOf(env)
  if (namespace === undefined) return []
  const now = targetsOf(env)
  return Object.entries(before).flatMap(([other, last]) => {
    if (other === namespace) return []
    const names = [
      ...(now.authors.some((author) => last.authors.includes(author)) ? ['AEM_AUTHOR_URLS'] : []),
      ...(now.journals.some((journal) => last.journals.includes(journal)) ? ['JOURNAL_URL'] : []),
    ]
    if (names.length === 0) return []
    return [
      `${names.join(' and ')}: the last deployment to ${other} had the same, and this one goes to ${namespace}. aio app use keeps the inputs of the workspace before.`,
    ]
  })
}

const targetsOf = (env: Environment['env']): Targets => ({
  authors: itemsOf(env.AEM_AUTHOR_URLS).map((url) => url.toLowerCase().replace(/\/+$/, '')),
  journals: itemsOf(env.JOURNAL_URL),
})

const itemsOf = (list: string | undefined): string[] =>
  (list ?? '').split(/[\s,"'[\]]+/).filter((item) => item !== '')

const namespaceOf = (env: Environment['env']): string | undefined =>
  nonEmptyString(env.AIO_runtime_namespace ?? env.AIO_RUNTIME_NAMESPACE)

/** What .aio says, as far as it can be read. */
function workspaceOf(project: unknown) {
  const { org, workspace, name } = isRecord(project) ? project : {}
  const { id, ims_org_id: imsOrg } = isRecord(org) ? org : {}
  const { name: workspaceName, action_url: url, details } = isRecord(workspace) ? workspace : {}
  const credentials = isRecord(details) && Array.isArray(details.credentials) ? details.credentials : []
  return {
    org: idOf(id),
    imsOrg: nonEmptyString(imsOrg),
    workspace:
      `the workspace ${[name, workspaceName].filter((it) => typeof it === 'string').join(' ')}`.trim(),
    namespace: /^https:\/\/([^./]+)\.adobeioruntime\.net/.exec(nonEmptyString(url) ?? '')?.[1],
    credentials: credentials.flatMap((it) => (isRecord(it) ? (idOf(it.id) ?? []) : [])),
  }
}

/** The Developer Console writes ids as text; a setting of the shell may make a number of them. */
const idOf = (value: unknown): string | undefined =>
  typeof value === 'number' ? String(value) : nonEmptyString(value)
