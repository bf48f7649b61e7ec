import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import { type EventPlatformStandIn, startEventPlatform } from '../../sandbox/akeneo/event-platform'
import { createBridge } from '../support/bridge'
import { type Receiver, startReceiver } from '../support/receiver'

const secret = 'secret-of-the-subscription'
const bridge = createBridge(() => receiver)
const asTyped = createBridge(() => receiver, 'tsx')
let receiver: Receiver
let akeneo: AkeneoStandIn
let platform: EventPlatformStandIn

beforeAll(async () => {
  receiver = await startReceiver()
  const { clock } = receiver.sandbox
  akeneo = await startAkeneo({ clock })
  platform = await startEventPlatform({ clock, akeneo, settings: { acceptLoopback: true } })
})
afterAll(async () => {
  await platform.close()
  await akeneo.close()
  await receiver.close()
})

const env = () => ({
  ...akeneo.inputs(),
  AKENEO_EVENTS_URL: platform.apiUrl,
  AKENEO_EVENT_SECRETS: secret,
})

test('akeneo subscribe names the subscriber after the workspace, and shows no secret', async () => {
  // Nobody listens there yet: the app may be deployed afterwards.
  const args = ['akeneo', 'subscribe', '--url', 'http://127.0.0.1:1/hook', '--email', 'operator@example.com']
  const { code, stdout, stderr } = await asTyped(args, env())
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('create the subscriber "aem-asset-bridge 12345-assetbridge-stage"')
  expect(stdout).not.toContain(secret)
  expect(platform.subscriptions()).toMatchObject([{ status: 'active', secrets: { primary: secret } }])
}, 60_000)

test('a refusal is one line on stderr and exit code 1', async () => {
  platform.untick()
  const refused = await bridge(['akeneo', 'status'], env())
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(/^AKENEO_EVENTS_FORBIDDEN: [^\n]*\n$/)
}, 60_000)
