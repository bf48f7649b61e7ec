import { join } from 'node:path'
import { main } from '../../actions/export-batch/index'
import { type AlertHost, startAlertHost } from '../../sandbox/alert-host'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

const bundle = join(__dirname, '..', 'sandbox', 'fixtures', 'enricher.cjs')
let receiver: Receiver
let host: AlertHost
beforeAll(async () => {
  receiver = await startReceiver({ actions: { generic: { bundle } } }, main)
  host = await startAlertHost({ clock: receiver.sandbox.clock })
})
afterAll(async () => {
  await host.close()
  await receiver.close()
})

const commands = createCommands(() => receiver.sandbox.operatorEnv())
const webhook = () => ({ ALERT_WEBHOOK_URL: host.slackUrl, ALERT_WEBHOOK_FORMAT: 'slack' })
const run = (inputs: Record<string, string> = {}) => {
  const env = receiver.sandbox.operatorEnv()
  const ids = {
    EVENTS_PROJECT_ID: env.AIO_project_id ?? '',
    EVENTS_WORKSPACE_ID: env.AIO_project_workspace_id ?? '',
  }
  const events = { IO_EVENTS_URL: receiver.sandbox.journal.url, ...ids }
  return receiver.invoke({}, { leftMs: 600_000, inputs: { ...events, ...webhook(), ...inputs } })
}
const texts = () =>
  host.taken.map(({ text }) => String(text).split('\n')[0]?.split(' ').slice(0, 2).join(' '))

test('a run tells of a disabled registration, bridge alerts lists it, and a later run clears it', async () => {
  receiver.sandbox.registrations.set('generic', 'DISABLED')
  await run()
  await run()
  const listed = await commands(['alerts', 'list', '--json'])
  receiver.sandbox.registrations.set('generic', 'VERIFIED')
  await run()

  expect(texts()).toEqual(['ALERT REGISTRATION_DISABLED', 'OVER REGISTRATION_DISABLED'])
  expect(JSON.parse(listed.stdout)).toMatchObject([{ code: 'REGISTRATION_DISABLED', sent: true }])
  expect((await commands(['alerts', 'list'])).stdout).toBe('No alert stands.\n')
})

test('credentials that IMS refuses are told by the run that they stop', async () => {
  host.taken.splice(0)
  await run({ ADC_CECREDENTIALS_CLIENTSECRET: 'another-secret-than-that' })
  await run()
  expect(texts()).toEqual(['ALERT CREDENTIALS_REFUSED', 'OVER CREDENTIALS_REFUSED'])
})

test('bridge alerts test tells what the host answered', async () => {
  const sent = await commands(['alerts', 'test'], webhook())
  const refused = await commands(['alerts', 'test'], { ...webhook(), ALERT_WEBHOOK_FORMAT: 'teams' })
  const unset = await commands(['alerts', 'test'])
  expect([sent.code, sent.stdout]).toEqual([0, 'Sent as slack. The host answered 200 ok.\n'])
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^ALERT_NOT_SENT: .*400 no_text/)])
  expect([unset.code, unset.stderr]).toEqual([1, expect.stringMatching(/ALERT_WEBHOOK_URL is not set/)])
})
