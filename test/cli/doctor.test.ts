import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { systemClock } from '../../src/core/clock'
import { createRedactor } from '../../src/core/redaction'
import { createRunReports } from '../../src/delivery/run-reports'
import { createCursorKeeper } from '../../src/journal/cursor'
import type { Cursor } from '../../src/journal/position'
import { createStateStore } from '../../src/store/state-store'
import { createBridge } from '../support/bridge'
import { createCommands } from '../support/commands'

const bundle = join(__dirname, '..', 'sandbox', 'fixtures', 'enricher.cjs')

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox({
    actions: { generic: { bundle }, 'export-asset': { bundle }, 'pim-events': { bundle } },
    ...(stateP === undefined ? {} : { ports: { state: stateP } }),
  })
  Object.assign(process.env, sandbox.env())
  stateP = Number(new URL(sandbox.state.url).port)
  sandbox.aem.addAsset({ path: '/content/dam/shop/lamp.png' })
})
afterEach(() => sandbox.close())
/** State's client reads its endpoint when it is first loaded. */
let stateP: number | undefined

const commands = createCommands(() => sandbox.operatorEnv())
const bridge = createBridge(() => ({ sandbox }))
const { signal } = new AbortController()
const call = {
  logger: { error() {}, warn() {}, info() {}, debug() {} },
  signal,
  deadline: Number.POSITIVE_INFINITY,
}

type Told = { name: string; status: string; code?: string; message: string; remedy?: string }
type Report = { ok: boolean; checks: Told[] }

async function doctor(env: Record<string, string> = {}, args: string[] = []) {
  const { code, stdout, stderr } = await commands(['doctor', '--json', ...args], env)
  expect(stderr).toBe('')
  const report: Report = JSON.parse(stdout)
  return {
    code,
    ...report,
    wrong: report.checks.filter(({ status }) => status === 'failed' || status === 'warning'),
  }
}

function store() {
  const { __OW_NAMESPACE: namespace, __OW_API_KEY: apiKey } = sandbox.env()
  return createStateStore({ namespace, apiKey, region: () => 'amer' })
}

const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString()

/** As a run leaves it. */
async function keepCursor(cursor: Cursor): Promise<void> {
  const keeper = createCursorKeeper(sandbox.journal.journalUrl, { store: store(), clock: systemClock })
  await keeper.advance(cursor, call)
  await keeper.flush(call)
}

const report = (job: string, endedAt: string) =>
  createRunReports(store(), { redactor: createRedactor() }).write(
    job,
    { startedAt: endedAt, endedAt, outcome: 'done', counts: {} },
    signal,
  )

/** This sandbox has no export-worker. */
const neverDeployed = ['deployment.code', 'deployment.inputs']

describe('a healthy set-up', () => {
  test.each([[[]], [['--write']]])('is green with %j, and nothing is left', async (args) => {
    const { code, ok, wrong, checks } = await doctor({}, args)

    expect(wrong).toEqual([])
    expect([code, ok]).toEqual([0, true])
    expect(checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual([
      ...(args.length === 0 ? ['aem.paths'] : []),
      'journal.cursor',
      'alarm.export-batch',
      'alarm.reconcile',
      ...neverDeployed,
    ])
    expect(sandbox.state.keys()).toEqual([])
    expect(sandbox.aem.findByPath('/content/dam/shop/lamp.png')?.assetMetadata).toEqual({})
  })

  test('is green after runs', async () => {
    await report('export-batch', hoursAgo(0.2))
    await report('reconcile', hoursAgo(0.1))
    sandbox.journal.append({ id: '1' })
    const [position] = sandbox.journal.positions()
    await keepCursor({ position, at: Date.now() })

    const { wrong, checks } = await doctor()

    expect(wrong).toEqual([])
    expect(checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual([
      'aem.paths',
      ...neverDeployed,
    ])
  })

  test('reads only, and prints no secret', async () => {
    const { stdout } = await commands(['doctor', '--json'])
    const methods = (requests: readonly { method: string }[]) => new Set(requests.map(({ method }) => method))

    expect(methods(sandbox.state.requests)).toEqual(new Set(['GET']))
    const patches = sandbox.aem.requests.filter(({ method }) => method === 'PATCH')
    expect(patches.map(({ headers }) => headers['if-match'])).toEqual(['"aem-asset-bridge-doctor"'])
    expect(stdout).not.toContain(sandbox.inputs().ADC_CECREDENTIALS_CLIENTSECRET)
    expect(stdout).not.toContain('runtime-secret')
  })

  test('is shown to a person', async () => {
    const { code, stdout, stderr } = await bridge(['doctor'])

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^ok {7}inputs\.app {2}What is needed is set/)
    expect(stdout).toMatch(/\d+ ok, 0 failed, 0 warnings, \d+ skipped\n$/)
  }, 60_000)
})

type Case = {
  what: string
  /** Of the check that fails, and its code. */
  name: string
  code: string
  env?: Record<string, string>
  args?: string[]
  break?: () => unknown
  status?: 'warning'
}

const cases: readonly Case[] = [
  {
    what: 'an input is missing',
    name: 'inputs.ims',
    code: 'INPUT_INVALID',
    env: { ADC_CECREDENTIALS_CLIENTID: '' },
  },
  { what: 'an author is missing', name: 'inputs.aem', code: 'INPUT_INVALID', env: { AEM_AUTHOR_URLS: '' } },
  {
    what: 'an input is malformed',
    name: 'inputs.app',
    code: 'INPUT_INVALID',
    env: { EXPORT_CONCURRENCY: 'many' },
  },
  {
    what: 'a placeholder is left over',
    name: 'inputs.aem',
    code: 'INPUT_INVALID',
    env: { AEM_AUTHOR_URLS: 'https://author-p<program>-e<environment>.adobeaemcloud.com' },
  },
  { what: 'there is no journal', name: 'inputs.journal', code: 'INPUT_INVALID', env: { JOURNAL_URL: '' } },
  {
    what: 'the region does not exist',
    name: 'inputs.state',
    code: 'INPUT_INVALID',
    env: { STATE_REGION: 'mars' },
  },
  {
    what: 'the PIM is not known',
    name: 'inputs.pim',
    code: 'INPUT_INVALID',
    env: { PIM_COMMUNICATOR: 'sap' },
  },
  {
    what: 'a destination misses an input',
    name: 'inputs.destination.s3',
    code: 'INPUT_INVALID',
    env: { S3_BUCKET: 'assets', S3_ENDPOINT: 'nowhere' },
  },
  {
    what: '.env is of another organisation',
    name: 'environment.workspace',
    code: 'WORKSPACE_DIFFERS',
    env: { AIO_project_org_id: '4711' },
    break: () => undefined,
  },
  {
    what: 'IMS refuses the secret',
    name: 'ims.credentials',
    code: 'IMS_REFUSED',
    env: { ADC_CECREDENTIALS_CLIENTSECRET: 'p8e-other' },
  },
  {
    what: 'a scope is not the credential’s',
    name: 'ims.scopes',
    code: 'IMS_REFUSED',
    env: { ADC_CECREDENTIALS_METASCOPES: 'openid,everything' },
  },
  {
    what: 'nothing is at the address of AEM',
    name: 'aem.reach',
    code: 'AEM_UNREACHABLE',
    env: { AEM_AUTHOR_URLS: 'http://127.0.0.1:1' },
  },
  {
    what: 'AEM hibernates',
    name: 'aem.reach',
    code: 'AEM_NOT_JSON',
    break: () => sandbox.aem.faults.add({ fault: { kind: 'html' } }),
  },
  {
    what: 'AEM is of another organisation',
    name: 'aem.token',
    code: 'AEM_UNAUTHORIZED',
    break: () => sandbox.aem.faults.add({ fault: { kind: 'status', status: 401 } }),
  },
  {
    what: 'the API key is another client’s',
    name: 'aem.apiKey',
    code: 'AEM_API_KEY_REFUSED',
    env: { AEM_API_KEY: 'another-client' },
  },
  {
    what: 'the client id is not allow-listed',
    name: 'aem.client',
    code: 'AEM_CLIENT_NOT_ALLOWED',
    break: () => {
      sandbox.aem.settings.allowedClientIds = []
    },
  },
  {
    what: 'QueryBuilder is refused',
    name: 'aem.search',
    code: 'AEM_FORBIDDEN',
    break: () =>
      sandbox.aem.faults.add({ path: '/bin/querybuilder.json', fault: { kind: 'status', status: 403 } }),
  },
  {
    what: 'AEM has no index for the link property',
    name: 'aem.index',
    code: 'AEM_INDEX_MISSING',
    break: () => sandbox.aem.search.unindexed.add('wknd-skuid'),
  },
  {
    what: 'AEM demands the experimental header',
    name: 'aem.experimental',
    code: 'AEM_EXPERIMENTAL_NEEDED',
    env: { AEM_EXPERIMENTAL: 'false' },
    break: () => {
      sandbox.aem.settings.demandsExperimental = true
    },
  },
  {
    what: 'the asset may not be read',
    name: 'aem.read',
    code: 'AEM_FORBIDDEN',
    break: () => {
      const { id } = sandbox.aem.findByPath('/content/dam/shop/lamp.png') ?? { id: '' }
      // The first question to it is about the experimental header.
      sandbox.aem.faults.add({
        method: 'GET',
        path: `/adobe/assets/${id}`,
        fault: { kind: 'status', status: 403 },
      })
    },
  },
  {
    what: 'the product profile reads and may not write',
    name: 'aem.write',
    code: 'AEM_FORBIDDEN',
    break: () => {
      sandbox.aem.settings.writers = []
    },
  },
  {
    what: 'the product profile reads and may not write, --write',
    name: 'aem.write',
    code: 'AEM_FORBIDDEN',
    args: ['--write'],
    break: () => {
      sandbox.aem.settings.writers = []
    },
  },
  {
    what: 'AEM takes another path style',
    name: 'aem.paths',
    code: 'AEM_PATCH_PATHS_REFUSED',
    args: ['--write'],
    env: { AEM_PATCH_PATHS: 'bare' },
  },
  {
    what: 'the PIM refuses the log-in',
    name: 'pim.access',
    code: 'AKENEO_UNAUTHORIZED',
    env: { PIM_COMMUNICATOR: 'akeneo', AKENEO_PASSWORD: 'wrong' },
  },
  {
    what: 'the PIM is down',
    name: 'pim.access',
    code: 'PIM_UNAVAILABLE',
    env: { PIM_COMMUNICATOR: 'akeneo' },
    break: () => sandbox.akeneo.faults.add({ fault: { kind: 'status', status: 503 } }),
  },
  {
    what: 'State refuses the key',
    name: 'state.access',
    code: 'STATE_REFUSED',
    env: { AIO_runtime_auth: 'other:key' },
  },
  {
    what: 'State does not answer',
    name: 'state.access',
    code: 'STATE_UNAVAILABLE',
    break: () =>
      sandbox.state.faults.add({
        fault: { kind: 'status', status: 404, headers: { 'content-type': 'text/html' } },
      }),
  },
  {
    what: 'State takes no value',
    name: 'state.write',
    code: 'STATE_REFUSED',
    args: ['--write'],
    break: () => sandbox.state.faults.add({ method: 'PUT', fault: { kind: 'status', status: 403 } }),
  },
  {
    what: 'the journal is gone',
    name: 'journal.read',
    code: 'JOURNAL_NOT_FOUND',
    break: () => sandbox.journal.unregister(),
  },
  {
    what: 'the journal has forgotten what follows the cursor',
    name: 'journal.cursor',
    code: 'JOURNAL_GONE',
    break: async () => {
      sandbox.journal.append({ id: '1' })
      const [position] = sandbox.journal.positions()
      await keepCursor({ position, at: Date.now() })
      sandbox.journal.keepFor(0)
      sandbox.clock.advance(1000)
    },
  },
  {
    what: 'nothing was read for longer than a journal remembers',
    name: 'journal.cursor',
    code: 'JOURNAL_GONE',
    break: () => keepCursor({ position: undefined, at: Date.now() - 8 * 24 * 3_600_000 }),
  },
  {
    what: 'no registration is there',
    name: 'events.registrations',
    code: 'REGISTRATION_MISSING',
    break: () => {
      sandbox.registrations.remove('generic')
      sandbox.registrations.remove('export-asset')
    },
  },
  {
    what: 'a registration is missing',
    name: 'events.export-asset',
    code: 'REGISTRATION_MISSING',
    status: 'warning',
    break: () => sandbox.registrations.remove('export-asset'),
  },
  {
    what: 'a registration is disabled',
    name: 'events.generic',
    code: 'REGISTRATION_DISABLED',
    break: () => sandbox.registrations.set('generic', 'DISABLED'),
  },
  {
    what: 'a registration is unstable',
    name: 'events.generic',
    code: 'REGISTRATION_UNSTABLE',
    status: 'warning',
    break: () => sandbox.registrations.set('generic', 'UNSTABLE'),
  },
  {
    what: 'the subscription is suspended',
    name: 'akeneo.subscription',
    code: 'AKENEO_SUBSCRIPTION_STOPPED',
    break: () => {
      const { platform } = sandbox.pimEvents
      for (const { id } of platform.subscriptions()) platform.suspend(id, 'too many failures')
    },
  },
  {
    what: 'a destination is gone',
    name: 'destination.https',
    code: 'HTTPS_UNREACHABLE',
    env: {
      HTTPS_URL: 'http://127.0.0.1:1/in/{key}',
      HTTPS_HEAD: 'x-version',
      HTTPS_SECRET: 'signing-secret-of-the-test-0123456789',
    },
  },
  {
    what: 'a destination may not be written',
    name: 'destination.folder',
    code: 'FOLDER_ROOT_UNUSABLE',
    args: ['--write'],
    env: { FOLDER_ROOT: '/proc/nowhere' },
  },
  {
    what: 'an alarm is silent',
    name: 'alarm.reconcile',
    code: 'ALARM_SILENT',
    break: async () => {
      await report('export-batch', hoursAgo(0.1))
      await report('reconcile', hoursAgo(1))
    },
  },
]

describe('what is broken is named, and only that', () => {
  test.each(cases)('$what: $name', async ({ name, code, env = {}, args = [], status = 'failed', ...it }) => {
    await it.break?.()

    const { code: exit, ok, wrong } = await doctor(env, args)

    expect(wrong).toEqual([
      { name, status, code, message: expect.any(String), remedy: expect.stringMatching(/\.$/) },
    ])
    expect([exit, ok]).toEqual(status === 'failed' ? [1, false] : [0, true])
  })
})

test('a second author is checked by its own names', async () => {
  const { url } = sandbox.aem
  const { wrong, checks } = await doctor({ AEM_AUTHOR_URLS: `${url},http://127.0.0.1:1` })

  expect(wrong).toMatchObject([{ name: 'aem.reach.127.0.0.1:1', code: 'AEM_UNREACHABLE' }])
  expect(checks).toContainEqual(expect.objectContaining({ name: 'aem.write', status: 'ok' }))
})

test('a library without assets leaves open whether they may be read and written', async () => {
  sandbox.aem.removeAsset(sandbox.aem.findByPath('/content/dam/shop/lamp.png')?.id ?? '')
  const { ok, checks } = await doctor()

  expect(ok).toBe(true)
  for (const name of ['aem.read', 'aem.write'])
    expect(checks).toContainEqual(expect.objectContaining({ name, status: 'skipped' }))
})

test('a wrong option is wrong usage', async () => {
  const { code, stdout } = await commands(['doctor', '--wrote', '--json'])

  expect([code, JSON.parse(stdout)]).toMatchObject([2, { error: { code: 'USAGE' } }])
})
