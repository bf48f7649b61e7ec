import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { akeneoSubscription } from '../../../cli/setup/akeneo-subscription'
import type { SetupAnswers } from '../../../cli/setup/step'
import { type AkeneoStandIn, startAkeneo } from '../../../sandbox/akeneo/akeneo'
import { type EventPlatformStandIn, startEventPlatform } from '../../../sandbox/akeneo/event-platform'
import { createClock } from '../../../sandbox/clock'
import { type SandboxServer, startServer } from '../../../sandbox/server'
import { akeneoWebhook } from '../../../src/connectors/akeneo/webhook'
import { environmentOf } from '../../support/commands'

let root: string
let akeneo: AkeneoStandIn
let platform: EventPlatformStandIn
/** Stands where pim-events does. */
let receiver: SandboxServer
let deployed: string[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'setup-'))
  deployed = []
  const clock = createClock()
  akeneo = await startAkeneo({ clock })
  platform = await startEventPlatform({ clock, akeneo, settings: { acceptLoopback: true } })
  receiver = await startServer({
    clock,
    handle: ({ body, headers }) => {
      if (deployed.length === 0) return { status: 404 }
      const texts = Object.entries(headers).map(([name, value]) => [name, String(value)])
      const request = { body: Buffer.from(body), headers: Object.fromEntries(texts) }
      if (!akeneoWebhook.verify(request, deployed)) return { status: 401 }
      return { status: 200, body: '{"message":"nothing to do","outcome":"ignored"}' }
    },
  })
})
afterEach(async () => {
  await receiver.close()
  await platform.close()
  await akeneo.close()
  await rm(root, { recursive: true })
})

const written = async () => parse(await readFile(join(root, '.env.stage'), 'utf8').catch(() => ''))
const hook = () => `${receiver.url}/api/v1/web/asset-bridge/pim-events`

async function setUp(answers: Partial<SetupAnswers> = {}, dryRun = false) {
  const settings = { AIO_runtime_namespace: '1-stage', AKENEO_EVENTS_URL: platform.apiUrl }
  const usual = { env: 'stage', author: 'https://author-p1-e2.adobeaemcloud.com', pim: 'akeneo' }
  return akeneoSubscription.run(
    { ...usual, folders: ['/content/dam'], destinations: [], ...answers },
    { root, dryRun, environment: environmentOf({ ...akeneo.inputs(), ...settings, ...(await written()) }) },
  )
}

const first = () => ({ hook: hook(), email: 'operator@example.com' })
const what = 'subscription at Akeneo'
const writes = () => platform.requests.filter(({ method }) => method !== 'GET').length

test('secrets are made, pim-events is deployed with them, and then there is one subscription, whatever is run again', async () => {
  const before = await setUp(first())
  expect(before).toEqual([
    { kind: 'changed', what: '.env.stage' },
    { kind: 'changed', what: 'environments/stage.env.template' },
    { kind: 'manual', what: expect.stringContaining('Deploy first'), where: 'npm run deploy -- --env stage' },
  ])
  const secrets = (await written()).AKENEO_EVENT_SECRETS ?? ''
  expect(secrets).toMatch(/^[0-9a-f]{64},[0-9a-f]{64}$/)
  expect(await readFile(join(root, 'environments/stage.env.template'), 'utf8')).not.toContain(secrets)
  expect(JSON.stringify(before)).not.toContain(secrets.split(',')[0])
  expect(writes()).toBe(0)

  deployed = secrets.split(',')
  expect(await setUp(first(), true)).toEqual([{ kind: 'changed', what }])
  expect(writes()).toBe(0)
  expect(await setUp(first())).toEqual([{ kind: 'changed', what }])
  const made = writes()
  expect([await setUp(first()), await setUp()]).toEqual([
    [{ kind: 'unchanged', what }],
    [{ kind: 'unchanged', what }],
  ])
  expect([writes(), (await written()).AKENEO_EVENT_SECRETS]).toEqual([made, secrets])
})

test('stopped between the subscriber and its subscription, it goes on from there', async () => {
  await setUp(first())
  deployed = ((await written()).AKENEO_EVENT_SECRETS ?? '').split(',')
  const stop = platform.faults.add({
    method: 'POST',
    path: /subscriptions/,
    fault: { kind: 'status', status: 403 },
  })
  await expect(setUp(first())).rejects.toMatchObject({ name: 'BridgeError' })
  stop.remove()

  expect(await setUp(first())).toEqual([{ kind: 'changed', what }])
  const subscribers = platform.requests.filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/subscribers'),
  )
  expect(subscribers).toHaveLength(1)
})

test('another PIM needs none; without an address or a client id a person is told', async () => {
  expect(await setUp({ pim: 'mock' })).toEqual([])
  expect(await setUp({ hook: hook() })).toContainEqual(
    expect.objectContaining({ kind: 'manual', what: expect.stringContaining('--email') }),
  )
  expect(writes()).toBe(0)
})
