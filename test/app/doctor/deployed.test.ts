import { builtActions } from '../../../sandbox/deployment'
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox'
import { sampleRoot } from '../../../scripts/command'
import { createCommands } from '../../support/commands'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ actions: builtActions(sampleRoot) })
  Object.assign(process.env, sandbox.env())
  sandbox.aem.addAsset({ path: '/content/dam/shop/lamp.png' })
})
afterAll(() => sandbox.close())

const commands = createCommands(() => sandbox.operatorEnv())

test('--deployed checks AEM, IMS, PIM, State and destinations with the inputs of the deployment, whatever .env says', async () => {
  const env = { FOLDER_ROOT: '/proc/nowhere', PIM_COMMUNICATOR: 'sap' }
  const { code, stdout } = await commands(['doctor', '--deployed', '--write', '--json'], env)
  const { ok, checks } = JSON.parse(stdout)

  // The two that are wrong here, and right there.
  expect([code, ok]).toEqual([1, false])
  expect(checks.filter(({ status }: { status: string }) => status === 'failed')).toEqual([
    expect.objectContaining({
      name: 'deployment.inputs',
      message: expect.stringMatching(/FOLDER_ROOT \(differs\), PIM_COMMUNICATOR \(\w+( \w+)?\)\.$/),
    }),
  ])
  const names = checks.map(({ name }: { name: string }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of [
    'deployment.worker',
    'pim.access',
    'state.access',
    'state.write',
    'destination.folder',
    'ims.credentials',
    'aem.client',
    'aem.write',
    'state.room',
    'deployment.code',
  ])
    expect(checks).toContainEqual(expect.objectContaining({ name, status: 'ok' }))
}, 60_000)

test('a key that I/O Runtime refuses is told', async () => {
  const { code, stdout } = await commands(['doctor', '--deployed', '--json'], {
    AIO_runtime_auth: 'other:key',
  })

  expect(code).toBe(1)
  expect(JSON.parse(stdout).checks).toContainEqual(
    expect.objectContaining({ name: 'deployment.worker', status: 'failed', code: 'RUNTIME_REFUSED' }),
  )
}, 60_000)

test('an IP allow list of AEM that refuses the app is told, with where its addresses are', async () => {
  const fault = sandbox.aem.faults.add({ path: '/adobe/assets/', fault: { kind: 'status', status: 403 } })
  try {
    const { stdout } = await commands(['doctor', '--deployed', '--json'])
    const failed = JSON.parse(stdout).checks.filter(({ status }: { status: string }) => status === 'failed')
    expect(failed).toMatchObject([{ name: 'aem.client', remedy: expect.stringContaining('ip-list get') }])
  } finally {
    fault.remove()
  }
}, 60_000)

test('what was deployed is this checkout, with these inputs, until one of them changes', async () => {
  const statusOf = async (env: Record<string, string> = {}) => {
    const { checks } = JSON.parse((await commands(['doctor', '--json'], env)).stdout)
    return Object.fromEntries(
      checks
        .filter(({ name }: { name: string }) => name.startsWith('deployment.'))
        .map(({ name, status }: { name: string; status: string }) => [name, status]),
    )
  }
  expect(await statusOf()).toEqual({ 'deployment.code': 'ok', 'deployment.inputs': 'ok' })
  expect(await statusOf({ LOG_LEVEL: 'debug' })).toMatchObject({ 'deployment.inputs': 'failed' })
}, 60_000)
