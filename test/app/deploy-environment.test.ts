import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readManifest } from '../../cli/deploy/manifest'
import { type Deployed, runDeployment, type Target, valuesOf } from '../../cli/deploy/run'
import { findUndeclared, removeUndeclared } from '../../cli/deploy/undeclared'
import { type Environment, openSettings, workerOf } from '../../cli/environment'
import { keepFile } from '../../cli/setup/written-file'
import { type DeployService, startDeployService } from '../../sandbox/deploy-service'
import { declaredInputs } from '../../scripts/app-build'
import { sampleRoot } from '../../scripts/command'

const token = 'a-cli-token-of-the-user'
const keys = {
  '23294-bridge-stage': 'stage-id:stage-key-1',
  '23294-bridge': 'production-id:production-key-1',
}
const [stage, production] = ['23294-bridge-stage', '23294-bridge'] as const

/** What `.env.stage` says. A value goes through `String.replace` of Adobe's CLI, and must arrive as it is. */
const ofStage = {
  AIO_runtime_namespace: stage,
  AIO_runtime_auth: keys[stage],
  AIO_project_org_id: '23294',
  AIO_project_id: '1',
  AIO_project_workspace_id: '2',
  AEM_AUTHOR_URLS: 'https://author-p1-e1.adobeaemcloud.com',
  ADC_CECREDENTIALS_CLIENTSECRET: "a$$b$&c$'d$`e$1",
  PIM_COMMUNICATOR: 'mock',
}
const ofProduction = {
  ...ofStage,
  AIO_runtime_namespace: production,
  AIO_runtime_auth: keys[production],
  AIO_project_workspace_id: '3',
  AEM_AUTHOR_URLS: 'https://author-p1-e2.adobeaemcloud.com',
  ADC_CECREDENTIALS_CLIENTSECRET: 'p8e-of-production',
  // Not in .env.stage: it must not come there by way of .env.
  STATUS_TOKEN: 'status-token-of-production',
  JOURNAL_URL: 'https://events-va6.adobe.io/events/organizations/23294/integrations/3/production',
}
const journal = 'https://events-va6.adobe.io/events/organizations/23294/integrations/2/stage'

let service: DeployService
let folder: string
let app: string
const said: string[] = []
const examined: Environment[] = []
const processes: string[] = []
let deployed: Record<'stage' | 'production', Deployed>

beforeAll(async () => {
  service = await startDeployService({ keys, isToken: (one) => one === token })
  folder = await mkdtemp(join(tmpdir(), 'deploy-'))
  app = join(folder, 'app')
  await mkdir(join(folder, 'home'))
  for (const part of [
    'app.config.yaml',
    'ext.config.yaml',
    'package.json',
    'actions',
    'scripts',
    'dist/application',
  ])
    await cp(join(sampleRoot, part), join(app, part), { recursive: true })
  await keepEnv('.env.stage', ofStage)
  await keepEnv('.env.production', ofProduction)
  // As `aio app use` leaves it.
  await keepEnv('.env', { ...ofProduction, AIO_runtime_apihost: 'http://127.0.0.1:9' })
  deployed = { stage: await deploy('stage'), production: await deploy('production') }
})

afterAll(async () => {
  await service.close()
  await rm(folder, { recursive: true, force: true })
})

const keepEnv = (name: string, values: Readonly<Record<string, string>>) =>
  writeFile(
    join(app, name),
    Object.entries(values)
      .map(([key, value]) => `${key}=${value.includes("'") ? JSON.stringify(value) : `'${value}'`}\n`)
      .join(''),
  )

async function target(name: string): Promise<Target> {
  const settings = {
    PATH: process.env.PATH,
    HOME: join(folder, 'home'),
    AIO_TELEMETRY_DISABLED: '1',
    AIO_DEPLOY_SERVICE_URL: service.url,
    AIO_runtime_apihost: service.url,
    // Of a shell in which another environment was worked with.
    AIO_RUNTIME_NAMESPACE: 'a-namespace-of-before',
  }
  const environment = await openSettings(await valuesOf({ name, root: app, settings }))
  return { name, root: app, settings, environment }
}

const deploy = async (name: string): Promise<Deployed> =>
  runDeployment(await target(name), {
    dryRun: false,
    build: false,
    // As the registrations do it: the address of the journal is known when the actions are there.
    steps: [
      {
        name: 'registrations',
        run: async ({ env }, context) => {
          if (env !== 'stage') return []
          const text = await readFile(join(app, '.env.stage'), 'utf8')
          return [await keepFile('.env.stage', `${text}JOURNAL_URL='${journal}'\n`, context)]
        },
      },
    ],
    token: async () => ({ token, expiry: 4_102_444_800_000 }),
    open: openSettings,
    examine: async (environment) => {
      examined.push(environment)
      if (environment.namespace === production) throw new Error('nobody answers')
      return []
    },
    show: (text) => {
      said.push(text)
      if (processes.length === 0) processes.push(...commandLines())
    },
    progress: () => undefined,
  })

/** Linux alone shows them as files. */
const hasProc = existsSync('/proc/self/cmdline')

/** What `ps` would show of every process of this machine. */
const commandLines = (): string[] =>
  (hasProc ? readdirSync('/proc') : []).flatMap((id) => {
    try {
      return /^\d+$/.test(id) ? [readFileSync(`/proc/${id}/cmdline`, 'utf8')] : []
    } catch {
      return []
    }
  })

const bound = (namespace: string) => service.actions(namespace).get('asset-bridge/generic')?.inputs ?? {}

test('uploads every action of either environment, though both are deployed from one folder', async () => {
  const { actions } = await readManifest(app)
  const names = actions.map((name) => `asset-bridge/${name}`).sort()

  expect(names).toContain('asset-bridge/generic')
  for (const namespace of [stage, production])
    expect([...service.names(namespace, 'actions')].sort()).toEqual(names)
  expect(deployed.stage.actions).toEqual(deployed.production.actions)
  expect(await readdir(join(app, 'dist'))).not.toContain('last-deployed-actions.json')
})

test('tells what is deployed also when something fails after the upload', () => {
  expect(deployed.production).toMatchObject({
    actions: deployed.stage.actions,
    failed: [{ step: 'doctor', message: expect.stringContaining('nobody answers') }],
    checks: [],
  })
  expect(deployed.stage.failed).toEqual([])
})

test('sets every input to what the environment says, and to nothing where it says nothing, whatever .env holds', async () => {
  const unset = Object.fromEntries((await declaredInputs()).map((name) => [name, '']))
  const inputsOf = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !name.startsWith('AIO_')))

  expect(bound(stage)).toEqual({ ...unset, ...inputsOf(ofStage), JOURNAL_URL: journal })
  expect(bound(production)).toEqual({ ...unset, ...inputsOf(ofProduction) })
})

test('binds the inputs again once a step has found the journal, and examines the environment with it', () => {
  const puts = service.requests.filter(
    ({ method, path }) => method === 'PUT' && path.endsWith('/packages/asset-bridge'),
  )

  expect(puts.map(({ authorization = '' }) => authorization.split(' ', 1)[0])).toEqual([
    'Bearer',
    'Basic',
    'Bearer',
  ])
  expect(deployed.stage.items).toEqual([{ kind: 'changed', what: '.env.stage' }])
  expect(examined.map(({ inputs, namespace }) => [namespace, inputs.JOURNAL_URL])).toEqual([
    [stage, journal],
    [production, ofProduction.JOURNAL_URL],
  ])
})

test("shows what Adobe's CLI says, with no secret in it, nor in the list of processes", () => {
  const text = said.join('')

  expect(text).toContain('Successful deployment')
  expect(text).not.toContain('Warning: ')
  if (hasProc) expect(processes.join('\n')).toContain('aio-cli')
  const secrets = [token, ...Object.values(keys), ofStage.ADC_CECREDENTIALS_CLIENTSECRET, 'status-token']
  for (const secret of secrets) {
    expect(text).not.toContain(secret)
    expect(processes.join('\n').includes(secret)).toBe(false)
  }
})

test('removes the trigger that is declared no more, its alarm first, and leaves those of others', async () => {
  await foreignTrigger('their-alarm', 'their-package')
  await foreignTrigger('nobody', undefined)
  const manifest = await readManifest(app)
  const declared = { ...manifest, triggers: ['export-batch-alarm'], rules: ['export-batch-by-alarm'] }
  const runtime = {
    credentials: workerOf({ namespace: stage, apiKey: keys[stage], apiHost: service.url }),
    signal: new AbortController().signal,
  }
  expect(await findUndeclared(manifest, runtime)).toEqual([])
  const gone = await findUndeclared(declared, runtime)
  const before = service.requests.length
  for (const one of gone) await removeUndeclared(one, runtime)

  expect(gone).toEqual([
    expect.objectContaining({ trigger: 'reconcile-alarm', rules: ['reconcile-by-alarm'] }),
  ])
  expect(
    service.requests
      .slice(before)
      .map(({ method, path }) => `${method} ${path.split('/').slice(5).join('/')}`),
  ).toEqual([
    'POST actions/alarms/interval',
    'DELETE rules/reconcile-by-alarm',
    'DELETE triggers/reconcile-alarm',
  ])
  expect(service.names(stage, 'triggers')).toEqual(['export-batch-alarm', 'their-alarm', 'nobody'])
  expect([...service.alarms.keys()]).toContain(`/${stage}/export-batch-alarm`)
  expect([...service.alarms.keys()]).not.toContain(`/${stage}/reconcile-alarm`)
  // Production's stays, of course.
  expect([...service.alarms.keys()]).toContain(`/${production}/reconcile-alarm`)
  // A run that was ended after the alarm was deleted is gone on with.
  for (const one of gone) await removeUndeclared(one, runtime)
})

async function foreignTrigger(name: string, projectName: string | undefined): Promise<void> {
  const annotations = projectName === undefined ? [] : [{ key: 'whisk-managed', value: { projectName } }]
  const { status } = await fetch(
    `${service.url}/api/v1/namespaces/${stage}/triggers/${name}?overwrite=true`,
    {
      method: 'PUT',
      headers: { authorization: `Basic ${Buffer.from(keys[stage]).toString('base64')}` },
      body: JSON.stringify({ annotations }),
    },
  )
  expect(status).toBe(200)
}
