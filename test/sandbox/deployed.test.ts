import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { type Workspace, workspaces } from '../../sandbox/workspace'

const production: Workspace = workspaces.production
let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ workspace: production, registered: false })
})
afterAll(() => sandbox.close())

const entities = (path: string): string =>
  `${sandbox.runtime.api.url}/api/v1/namespaces/${production.namespace}/${path}`
const authorization = (auth: string): string => `Basic ${Buffer.from(auth).toString('base64')}`

async function ask(method: string, path: string, body?: unknown, auth = production.auth): Promise<number> {
  const { status } = await fetch(entities(path), {
    method,
    headers: { authorization: authorization(auth), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return status
}

const pairs = (values: Record<string, unknown>) =>
  Object.entries(values).map(([key, value]) => ({ key, value }))
const bind = (inputs: Record<string, unknown>) =>
  ask('PUT', 'packages/asset-bridge?overwrite=true', { parameters: pairs(inputs) })
/** An action that answers with what it was given. */
const put = (name: string, version: string) =>
  ask('PUT', `actions/asset-bridge/${name}?overwrite=true`, {
    exec: {
      kind: 'nodejs:24',
      code: `exports.main = async ({ ORIGIN, wait = 0 }) => { await new Promise((done) => setTimeout(done, wait)); return { statusCode: 200, body: { version: '${version}', ORIGIN } } }`,
    },
    limits: { timeout: 60_000, memory: 256, concurrency: 200 },
    annotations: pairs({ final: true }),
  })
const answerOf = async (name: string, params = {}) =>
  JSON.parse(JSON.stringify((await sandbox.runtime.invoke(name, params)).result)).body

test('a workspace as it comes lets in its own credentials only, and has nothing', async () => {
  expect(sandbox.platform.names(production.namespace, 'actions')).toEqual([])
  expect(sandbox.registrations.all()).toEqual([])
  expect(await ask('GET', 'packages', undefined, workspaces.stage.auth)).toBe(401)
  expect(sandbox.newcomerEnv()).toMatchObject({
    IMS_OAUTH_S2S_CLIENT_ID: production.clientId,
    AIO_runtime_namespace: production.namespace,
    AIO_DEPLOY_SERVICE_URL: sandbox.runtime.api.url,
  })
  expect(Object.keys(sandbox.newcomerEnv())).not.toContain('JOURNAL_URL')
})

test('runs what is deployed, with the inputs of its package; other code and other inputs replace them', async () => {
  expect(await put('generic', 'first')).toBe(404)
  expect(await bind({ ORIGIN: 'stage' })).toBe(200)
  expect(await put('generic', 'first')).toBe(200)
  expect(await answerOf('generic')).toEqual({ version: 'first', ORIGIN: 'stage' })
  // The annotation `final` counts for what the API gets.
  expect(await ask('POST', 'actions/asset-bridge/generic?blocking=true', { ORIGIN: 'mine' })).toBe(400)

  const running = answerOf('generic', { wait: 300 })
  await bind({ ORIGIN: 'production' })
  expect(await answerOf('generic')).toEqual({ version: 'first', ORIGIN: 'production' })
  expect(await put('generic', 'second')).toBe(200)
  expect(await answerOf('generic')).toEqual({ version: 'second', ORIGIN: 'production' })
  // What began before goes on to its end.
  expect(await running).toEqual({ version: 'first', ORIGIN: 'stage' })

  expect(await ask('DELETE', 'actions/asset-bridge/generic')).toBe(200)
  expect(await ask('POST', 'actions/asset-bridge/generic?blocking=true', {})).toBe(404)
})

test('an event without a registration runs nothing, and is in no journal', async () => {
  await bind({})
  await put('generic', 'first')
  const asset = sandbox.aem.addAsset({ path: '/content/dam/shop/a.jpg' })

  const trace = await sandbox.registration('generic').deliver(sandbox.aem.processingCompletedEvent(asset))

  expect(trace).toMatchObject({ state: 'dropped', attempts: [] })
  expect(sandbox.journal.positions()).toEqual([])
})

test('an alarm starts the actions that its rules name', async () => {
  const { namespace, auth } = production
  await bind({})
  await put('export-batch', 'first')
  await ask('PUT', 'triggers/alarm', {})
  const rule = { trigger: `/${namespace}/alarm`, action: `/${namespace}/asset-bridge/export-batch` }
  expect(await ask('PUT', 'rules/by-alarm', rule)).toBe(200)
  expect(sandbox.platform.startedByAlarms(namespace)).toEqual([])

  const feed = `${sandbox.runtime.api.url}/api/v1/namespaces/whisk.system/actions/alarms/interval?blocking=true`
  const { status } = await fetch(feed, {
    method: 'POST',
    headers: { authorization: authorization(auth) },
    body: JSON.stringify({
      lifecycleEvent: 'CREATE',
      triggerName: `/${namespace}/alarm`,
      authKey: auth,
      minutes: 10,
    }),
  })

  expect(status).toBe(200)
  expect(sandbox.platform.startedByAlarms(namespace)).toEqual(['asset-bridge/export-batch'])
})
