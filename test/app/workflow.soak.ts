import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { workspaces } from '../../sandbox/workspace'
import { declaredActions } from '../../scripts/app-build'
import { sampleRoot } from '../../scripts/command'
import { copyRepository, type RepositoryCopy } from '../support/repository-copy'
import { resolved, runStep, type Settings, type StepRun, stepsOf, type WorkflowStep } from './workflow-run'

/** What stands behind one environment: Adobe, AEM, and what somebody has set at GitHub. */
type Behind = {
  name: string
  sandbox: Sandbox
  settings: Settings
}

let project: RepositoryCopy
let steps: readonly WorkflowStep[]
const environments: Behind[] = []

beforeAll(async () => {
  for (const name of ['stage', 'production'] as const) {
    const sandbox = await startSandbox({ workspace: workspaces[name], registered: false })
    environments.push({ name, sandbox, settings: settingsOf(name, sandbox.operatorEnv()) })
  }
  project = await copyRepository()
  await mkdir(join(project.folder, 'home'))
  // A build takes half of the time that this may take: the steps get the one that all tests have.
  await cp(join(sampleRoot, 'dist/application'), join(project.folder, 'dist/application'), {
    recursive: true,
  })
  const written = await project.script('cli/bridge.ts', 'setup', 'ci')
  if (written.code !== 0) throw new Error(written.output)
  steps = stepsOf(await readFile(join(project.folder, '.github/workflows/deploy.yml'), 'utf8'))
})
afterAll(async () => {
  for (const { sandbox } of environments) await sandbox.close()
  await project?.close()
})

test('the steps are those that the page tells', () => {
  expect(steps.map(({ job, run }) => `${job}: ${run}`)).toEqual([
    'test: npm ci',
    'test: npm run check -- types lint arrows generated inputs supply',
    'test: npm test',
    'build: npm ci',
    'build: npm run build',
    'stage: npm ci',
    'stage: npm run deploy -- --env stage --yes',
    'production: npm ci',
    'production: npm run deploy -- --env production --yes',
  ])
})

test('a pipeline in which a secret is missing is told its name, and deploys nothing', async () => {
  const [stage] = environments
  if (stage === undefined) throw new Error('there is no environment')
  const { name, settings, sandbox } = stage
  const { requests } = sandbox.runtime.api
  const before = requests.length

  const { code, log } = await deploy(name, { ...settings, secrets: {} }, sandbox)

  expect([code, log]).toEqual([2, expect.stringContaining('this pipeline does not set AIO_runtime_auth')])
  expect(requests.length).toBe(before)
})

test('a pipeline deploys to Stage, then to Production, with what GitHub holds for each, and no secret is seen', async () => {
  const actions = (await declaredActions()).map(({ name }) => `asset-bridge/${name}`).sort()
  for (const { name, sandbox, settings } of environments) {
    const ran = await deploy(name, settings, sandbox)

    expect([failedIn(ran), ran.code]).toEqual([[], 0])
    expect(ran.log).toContain('deployed       asset-bridge/generic')
    expect(ran.log).toContain('changed        registration "asset-bridge: processing completed"')
    const deployed = sandbox.platform.actions(sandbox.workspace.namespace)
    expect([...deployed.keys()].sort()).toEqual(actions)
    expect(deployed.get('asset-bridge/generic')?.inputs).toMatchObject({
      AEM_AUTHOR_URLS: sandbox.aem.url,
      STATUS_TOKEN: settings.secrets.STATUS_TOKEN,
      IMS_OAUTH_S2S_CLIENT_SECRET: settings.secrets.IMS_OAUTH_S2S_CLIENT_SECRET,
      AKENEO_TOKEN: '',
    })
    // The token, and the second half of the key.
    expect(ran.masked).toHaveLength(2)
    expect(ran.masked.map(sandbox.ims.isValid)).toEqual([true, false])
    expect(settings.secrets.AIO_RUNTIME_AUTH).toContain(ran.masked[1])
    expect(seenIn(ran, [...Object.values(settings.secrets), ...ran.masked])).toEqual([])
  }
})

function deploy(job: string, settings: Settings, { runtime, state }: Sandbox): Promise<StepRun> {
  const step = steps.find((it) => it.job === job && it.name === 'Deploy')
  if (step === undefined) throw new Error(`${job} has no step that deploys`)
  return runStep(
    { ...step, run: `${step.run} --no-build` },
    {
      cwd: project.folder,
      env: {
        ...resolved(step, settings),
        // Stand-ins are where Adobe's services would be.
        AIO_DEPLOY_SERVICE_URL: runtime.api.url,
        AIO_runtime_apihost: runtime.api.url,
        AIO_STATE_ENDPOINT: state.url,
        HOME: join(project.folder, 'home'),
      },
    },
  )
}

function settingsOf(name: string, inputs: Readonly<Record<string, string>>): Settings {
  const text = (input: string): string => inputs[input] ?? ''
  return {
    vars: {
      AIO_RUNTIME_NAMESPACE: text('AIO_runtime_namespace'),
      AIO_PROJECT_ID: text('AIO_project_id'),
      AIO_PROJECT_ORG_ID: text('AIO_project_org_id'),
      AIO_PROJECT_WORKSPACE_ID: text('AIO_project_workspace_id'),
      AEM_AUTHOR_URLS: text('AEM_AUTHOR_URLS'),
      IMS_URL: text('IMS_URL'),
      IO_EVENTS_URL: text('IO_EVENTS_URL'),
      JOURNAL_URL: text('JOURNAL_URL'),
      IMS_OAUTH_S2S_CLIENT_ID: text('ADC_CECREDENTIALS_CLIENTID'),
      IMS_OAUTH_S2S_ORG_ID: text('ADC_CECREDENTIALS_ORGID'),
      IMS_OAUTH_S2S_SCOPES: text('ADC_CECREDENTIALS_METASCOPES'),
    },
    secrets: {
      AIO_RUNTIME_AUTH: text('AIO_runtime_auth'),
      IMS_OAUTH_S2S_CLIENT_SECRET: text('ADC_CECREDENTIALS_CLIENTSECRET'),
      STATUS_TOKEN: `status-token-of-${name}`,
    },
  }
}

/** The checks and steps that a deployment names as failed. */
const failedIn = ({ log }: StepRun): readonly string[] =>
  log.split('\n').flatMap((line) => /^failed +([^ :]+)/.exec(line)?.[1] ?? [])

/** The secrets that stand in the log or in the list of processes. */
const seenIn = ({ log, commandLines }: StepRun, secrets: readonly string[]): readonly string[] =>
  secrets.filter((secret) => [log, ...commandLines].some((text) => text.includes(secret)))
