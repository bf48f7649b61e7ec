import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type DeployService, startDeployService } from '../../sandbox/deploy-service'
import { unzip } from '../../sandbox/unzip'
import { declaredActions, declaredInputs, filesOf } from '../../scripts/app-build'
import { type CommandResult, runScript, sampleRoot } from '../../scripts/command'
import { loadFresh } from '../../scripts/load-time'

type Pair = { key: string; value: unknown }
type PackageBody = { parameters: Pair[] }
type ActionBody = {
  exec: { kind: string; code: string; binary?: boolean }
  annotations: Pair[]
  limits: Record<string, number>
  parameters?: Pair[]
}

const env = {
  LOG_LEVEL: 'debug',
  ADC_CECREDENTIALS_CLIENTID: 'a-client-id',
  // Of an input that every configuration has.
  ADC_CECREDENTIALS_CLIENTSECRET: 'p@ss=hush$$hush $HOME # not a comment',
  ADC_CECREDENTIALS_METASCOPES: 'openid,AdobeID,aem.assets.author',
  AEM_AUTHOR_URLS: 'https://author-p4711-e4712.adobeaemcloud.com',
  IMS_OAUTH_S2S_SCOPES: '["openid","AdobeID"]',
  JOURNAL_URL: 'https://events-va6.adobe.io/events/organizations/1/integrations/4712/4713',
}
/** aio makes one `$` of two. */
const arrived = { ...env, ADC_CECREDENTIALS_CLIENTSECRET: 'p@ss=hush$hush $HOME # not a comment' }
const notAnInput = 'value-of-something-else'

let recorder: DeployService
let folder: string
let deployed: CommandResult

beforeAll(async () => {
  recorder = await startDeployService()
  folder = await mkdtemp(join(tmpdir(), 'deploy-'))
  const app = join(folder, 'app')
  await mkdir(join(folder, 'home'))
  // A copy, so that neither the .env nor the .aio of whoever runs this takes part.
  const parts = [
    'app.config.yaml',
    'ext.config.yaml',
    'package.json',
    'actions',
    'scripts',
    'dist/application',
  ]
  for (const part of parts) {
    await cp(join(sampleRoot, part), join(app, part), { recursive: true })
  }
  const lines = Object.entries({ ...env, SOMETHING_ELSE: notAnInput }).map(
    ([key, value]) => `${key}='${value}'`,
  )
  await writeFile(join(app, '.env'), lines.join('\n'))
  await writeFile(join(app, '.aio'), JSON.stringify({ project: { name: 'bridge', org: { id: '23294' } } }))
  deployed = await runScript('@adobe/aio-cli/bin/run', ['app', 'deploy', '--no-build', '--force-deploy'], {
    cwd: app,
    env: {
      PATH: process.env.PATH,
      HOME: join(folder, 'home'),
      CI: 'true',
      AIO_TELEMETRY_DISABLED: '1',
      AIO_DEPLOY_SERVICE_URL: recorder.url,
      AIO_RUNTIME_NAMESPACE: 'a-namespace',
      AIO_RUNTIME_AUTH: 'user:password',
      AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_TOKEN: 'a-cli-token',
      AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_EXPIRY: '4102444800000',
    },
  })
})

afterAll(async () => {
  await recorder.close()
  await rm(folder, { recursive: true, force: true })
})

const packageBody = (): PackageBody => recorder.put('/packages/asset-bridge').at(-1) as PackageBody
const action = (name: string): ActionBody =>
  recorder.put(`/actions/asset-bridge/${name}`).at(-1) as ActionBody
const asObject = (pairs: readonly Pair[]): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]))

describe('aio app deploy', () => {
  test('succeeds, with the token of the command line on each request', () => {
    expect(deployed.output).toContain('Successful deployment')
    expect(deployed.code).toBe(0)
    const authorizations = new Set(recorder.requests.map(({ authorization }) => authorization))
    expect([...authorizations]).toEqual(['Bearer a-cli-token'])
  })

  test('warns, once, of what does not belong to the workspace, and of values that it changes', () => {
    const warnings = deployed.output.split('\n').filter((line) => line.startsWith('Warning: '))
    expect(warnings).toEqual([
      expect.stringMatching(/another one than \.env says: ADC_CECREDENTIALS_CLIENTSECRET\./),
      expect.stringMatching(/JOURNAL_URL is a journal of the organisation 1, .* 23294/),
    ])
    expect(deployed.output).not.toContain('hush')
  })

  test('notes where it went, for the next deployment to another workspace', async () => {
    const notes = await readFile(join(folder, 'app/dist/last-deployed-targets.json'), 'utf8')
    expect(JSON.parse(notes)).toEqual({
      'a-namespace': { authors: [env.AEM_AUTHOR_URLS], journals: [env.JOURNAL_URL] },
    })
  })

  test('puts the one package, then exactly the actions that are declared', async () => {
    const names = (await declaredActions()).map(({ name }) => name)

    const puts = recorder.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path)

    expect(names).toContain('generic')
    const base = '/runtime/api/v1/namespaces/a-namespace'
    expect(puts).toContain(`${base}/packages/asset-bridge`)
    expect(puts.filter((path) => path.includes('/packages/'))).toHaveLength(1)
    expect(puts.filter((path) => path.includes('/actions/')).sort()).toEqual(
      names.map((name) => `${base}/actions/asset-bridge/${name}`).sort(),
    )
  })

  test('binds each declared input to the package: a set one with its value, an unset one as an empty string', async () => {
    const unset = (await declaredInputs()).map((name) => [name, ''])

    expect(asObject(packageBody().parameters)).toEqual({
      ...Object.fromEntries(unset),
      ...arrived,
    })
  })

  test('lets no request set a bound input of any action, and gives each the key and its own kind of web', async () => {
    const annotations = Object.fromEntries(
      (await declaredActions()).map(({ name }) => [name, asObject(action(name).annotations)]),
    )

    const given = { final: true, 'require-adobe-auth': false, 'provide-api-key': true }
    const hidden = { ...given, 'web-export': false, 'raw-http': false }
    expect(annotations).toEqual({
      generic: expect.objectContaining(hidden),
      'export-asset': expect.objectContaining(hidden),
      'export-worker': expect.objectContaining(hidden),
      'export-batch': expect.objectContaining(hidden),
      'pim-events': expect.objectContaining({ ...given, 'web-export': true, 'raw-http': true }),
      'pim-sync': expect.objectContaining(hidden),
      reconcile: expect.objectContaining(hidden),
      status: expect.objectContaining({ ...given, 'web-export': true, 'raw-http': true }),
    })
  })

  test('gives generic its kind, its limits and its annotations', () => {
    const { exec, limits, annotations } = action('generic')

    expect(exec.kind).toBe('nodejs:24')
    expect(limits).toMatchObject({ timeout: 60_000, memory: 256, concurrency: 200 })
    expect(asObject(annotations)).toMatchObject({
      'web-export': false,
      'raw-http': false,
      'require-adobe-auth': false,
      'provide-api-key': true,
    })
  })

  test.each([
    ['export-asset', 60_000],
    ['export-worker', 10_800_000],
  ])(
    'gives %s few activations a container, its time, and the key to State and to the Runtime API',
    (name, timeout) => {
      const { exec, limits, annotations } = action(name)

      expect(exec.kind).toBe('nodejs:24')
      expect(limits).toMatchObject({ timeout, memory: 256, concurrency: 4 })
      expect(asObject(annotations)).toMatchObject({
        'web-export': false,
        'raw-http': false,
        'require-adobe-auth': false,
        'provide-api-key': true,
      })
    },
  )

  test('serves pim-events on the web, raw and with its inputs final; pim-sync nowhere', () => {
    const events = action('pim-events')
    expect(events.limits).toMatchObject({ timeout: 60_000, memory: 256, concurrency: 200 })
    expect(asObject(events.annotations)).toMatchObject({
      'web-export': true,
      'raw-http': true,
      final: true,
      'require-adobe-auth': false,
      'provide-api-key': true,
    })
    const sync = action('pim-sync')
    expect(sync.limits).toMatchObject({ timeout: 1_800_000, memory: 256, concurrency: 200 })
    expect(asObject(sync.annotations)).toMatchObject({ 'web-export': false, 'provide-api-key': true })
  })

  test.each(['export-batch', 'reconcile'])(
    'gives %s a container of its own, the longest time there is, and the key',
    (name) => {
      const { exec, limits, annotations } = action(name)

      expect(exec.kind).toBe('nodejs:24')
      expect(limits).toMatchObject({ timeout: 10_800_000, memory: 256, concurrency: 1 })
      expect(asObject(annotations)).toMatchObject({
        'web-export': false,
        'raw-http': false,
        'require-adobe-auth': false,
        'provide-api-key': true,
      })
    },
  )

  test('sets an alarm every ten minutes for each job, whose rule runs it', () => {
    const everyTenMinutes = { feed: '/whisk.system/alarms/interval', parameters: { minutes: 10 } }
    expect([...recorder.alarms].sort()).toEqual([
      ['/a-namespace/export-batch-alarm', everyTenMinutes],
      ['/a-namespace/reconcile-alarm', everyTenMinutes],
    ])
    for (const job of ['export-batch', 'reconcile']) {
      expect(recorder.put(`/rules/${job}-by-alarm`)).toMatchObject([
        { action: `/a-namespace/asset-bridge/${job}`, trigger: `/a-namespace/${job}-alarm` },
      ])
    }
  })

  test('uploads the bundle that was built, and it answers the challenge probe', async () => {
    const files = unzip(Buffer.from(action('generic').exec.code, 'base64'))
    const bundle = join(sampleRoot, 'dist/application/actions/asset-bridge/generic-temp/index.js')
    const built = await filesOf({ bundle })

    expect([...files.keys()].sort()).toEqual(built.map((file) => basename(file)))
    const uploaded = await mkdtemp(join(folder, 'uploaded-'))
    for (const file of built) {
      const content = files.get(basename(file)) ?? Buffer.alloc(0)
      expect(content.equals(await readFile(file))).toBe(true)
      await writeFile(join(uploaded, basename(file)), content)
    }
    const { answer } = await loadFresh(join(uploaded, 'index.js'), 'f3a1')
    expect(answer).toEqual({ statusCode: 200, body: { challenge: 'f3a1' } })
  })

  test('sends nothing of .env but the declared inputs, and those nowhere but to the package', () => {
    const secret = arrived.ADC_CECREDENTIALS_CLIENTSECRET
    const withSecret = recorder.requests.filter(({ body }) => JSON.stringify(body ?? '').includes(secret))
    const everything = JSON.stringify(recorder.requests)
    const code = [...unzip(Buffer.from(action('generic').exec.code, 'base64')).values()].join('\n')

    expect(withSecret.map(({ path }) => path)).toEqual([expect.stringMatching(/\/packages\/asset-bridge$/)])
    const values = Object.values(env).filter((value) => value.length > 5)
    // Compared as booleans: a failure need not print the bundle.
    expect(
      [everything, code].map((text) => text.includes(notAnInput) || text.includes('SOMETHING_ELSE')),
    ).toEqual([false, false])
    expect(values.filter((value) => code.includes(value))).toEqual([])
  })
})
