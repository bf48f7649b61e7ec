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

test('--deployed checks PIM, State and destinations with the inputs of the deployment, whatever .env says', async () => {
  const env = { FOLDER_ROOT: '/proc/nowhere', PIM_COMMUNICATOR: 'sap' }
  const { code, stdout } = await commands(['doctor', '--deployed', '--write', '--json'], env)
  const { ok, checks } = JSON.parse(stdout)

  expect([code, ok]).toEqual([0, true])
  const names = checks.map(({ name }: { name: string }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of [
    'deployment.worker',
    'pim.access',
    'state.access',
    'state.write',
    'destination.folder',
    'aem.write',
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
