import { builtActions } from '../../sandbox/deployment'
import { startFrontDoor } from '../../sandbox/front-door'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import type { SandboxServer } from '../../sandbox/server'
import { sampleRoot } from '../../scripts/command'
import { createCommands } from '../support/commands'

const path = '/content/dam/shop/desk lamp.jpg'
let sandbox: Sandbox
let door: SandboxServer
beforeAll(async () => {
  const { 'pim-events': receiver, 'pim-sync': worker } = builtActions(sampleRoot)
  if (receiver === undefined || worker === undefined) throw new Error('not built')
  const actions = { 'pim-events': receiver, 'pim-sync': worker }
  sandbox = await startSandbox({ actions, subscribed: false, logLevel: 'warn' })
  door = await startFrontDoor({ sandbox })
  sandbox.aem.addAsset({ path, assetMetadata: { 'wknd-skuid': 'LAMP-7' } })
})
afterAll(async () => {
  await door?.close()
  await sandbox?.close()
})

const bridge = createCommands(() => sandbox.operatorEnv())

/** Somebody gives the product another name: what became of the events, and the name that the asset has then. */
const rename = async (name: string) => {
  sandbox.clock.advance(1000)
  const answer = await fetch(`${door.url}/product?sku=LAMP-7&name=${name}`, { method: 'POST' })
  const { events, note } = JSON.parse(await answer.text())
  return {
    events: events.map(({ state, answer: said }: { state: string; answer: number }) => `${state} ${said}`),
    name: sandbox.aem.findByPath(path)?.assetMetadata['wknd-name'],
    ...(note === undefined ? {} : { note }),
  }
}
const arrived = (name: string) => ({ events: ['delivered 200'], name })
const untold = (name?: string) => ({ events: [], name, note: expect.stringContaining('akeneo subscribe') })

test('npm run bridge -- akeneo decides whether a change in the PIM reaches the asset', async () => {
  const akeneo = async (...args: string[]) => {
    const { code, stdout, stderr } = await bridge(['akeneo', ...args])
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }
  expect(await rename('zero')).toEqual(untold())
  await akeneo(
    ...['subscribe', '--url', sandbox.runtime.webUrl('pim-events'), '--email', 'operator@example.com'],
  )
  expect(await rename('one')).toEqual(arrived('one'))

  await akeneo('suspend', '--yes')
  expect(await rename('two')).toEqual(untold('one'))

  await akeneo('subscribe')
  expect(await rename('three')).toEqual(arrived('three'))

  await akeneo('delete', '--yes')
  expect(await rename('four')).toEqual(untold('three'))
}, 120_000)

test('a secret is replaced while events flow', async () => {
  const url = sandbox.runtime.webUrl('pim-events')
  const first = sandbox.operatorEnv().AKENEO_EVENT_SECRETS?.split(',')[0]
  const subscribe = async (secrets: string) => {
    const args = ['akeneo', 'subscribe', '--url', url, '--email', 'operator@example.com']
    const { code, stderr } = await bridge(args, { AKENEO_EVENT_SECRETS: secrets })
    expect([code, stderr]).toEqual([0, ''])
  }
  const deploy = (secrets: string) =>
    fetch(`${door.url}/deploy?AKENEO_EVENT_SECRETS=${secrets}`, { method: 'POST' })
  const [third, fourth] = ['third-secret-of-the-sandbox', 'fourth-secret-of-the-sandbox']

  await subscribe(`${third},${first}`)
  expect(await rename('before it is deployed')).toEqual(arrived('before it is deployed'))
  expect((await deploy(`${third},${first}`)).status).toBe(200)
  expect(await rename('deployed')).toEqual(arrived('deployed'))

  expect((await deploy(`${fourth},${third}`)).status).toBe(200)
  expect(await rename('before Akeneo knows it')).toEqual(arrived('before Akeneo knows it'))
  await subscribe(`${fourth},${third}`)
  expect(await rename('all new')).toEqual(arrived('all new'))
  expect((await deploy('a-secret-that-akeneo-lacks')).status).toBe(200)
  expect((await rename('refused')).events).toEqual(['dropped 401'])
}, 120_000)
