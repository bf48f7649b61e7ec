import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { createCommands } from '../support/commands'

const bundle = join(__dirname, '..', 'sandbox', 'fixtures', 'enricher.cjs')

let sandbox: Sandbox
const commands = createCommands(() => sandbox.operatorEnv())
beforeEach(async () => {
  sandbox = await startSandbox({ actions: { generic: { bundle }, 'export-asset': { bundle } } })
})
afterEach(() => sandbox.close())

const idOf = (action: string) => String(sandbox.registrations.view(action)?.registration_id)
const puts = () => sandbox.journal.requests.filter(({ method }) => method === 'PUT')

test('events status: all in order is exit code 0; unstable and disabled are 1, with what to do', async () => {
  const healthy = await commands(['events', 'status'])
  sandbox.registrations.set('generic', 'UNSTABLE')
  sandbox.registrations.set('export-asset', 'DISABLED')
  const broken = await commands(['events', 'status'])
  const json = await commands(['events', 'status', '--json'])

  expect([healthy.code, healthy.stdout]).toEqual([
    0,
    expect.stringContaining(`${idOf('generic')}  ok  Events for generic  asset-bridge/generic  VERIFIED\n`),
  ])
  expect([broken.code, json.code]).toEqual([1, 1])
  expect(broken.stdout).toMatch(/unstable {2}Events for generic .*will be disabled/)
  expect(broken.stdout).toMatch(/disabled {2}Events for export-asset .*events enable/)
  expect(JSON.parse(json.stdout)).toMatchObject([{ health: 'unstable' }, { health: 'disabled' }])
})

test('a disabled registration pushes nothing until events enable; nothing else of it changes', async () => {
  const { registrations, aem } = sandbox
  registrations.edit('generic', { subscriber_filters: [{ name: 'mine', subscriber_filter: '{}' }] })
  const before = registrations.view('generic')
  registrations.set('generic', 'DISABLED')
  const deliver = () =>
    sandbox
      .registration('generic')
      .deliver(aem.processingCompletedEvent(aem.addAsset({ path: '/content/dam/a.jpg' })))
  expect((await deliver()).attempts).toEqual([])

  const { code, stdout } = await commands(['events', 'enable', idOf('generic')])

  expect([code, stdout]).toEqual([0, `${idOf('generic')}  enabled\n`])
  const [filters] = [before?.subscriber_filters]
  expect(registrations.view('generic')).toEqual({
    ...before,
    subscriber_filters: filters,
    events_of_interest: [{ provider_id: 'provider-of-aem', event_code: 'code-of-generic' }],
  })
  expect((await commands(['events', 'status'])).code).toBe(0)
})

test('events enable --all takes those that are disabled, and twice is harmless', async () => {
  sandbox.registrations.set('export-asset', 'DISABLED')
  const first = await commands(['events', 'enable', '--all', '--json'])
  const second = await commands(['events', 'enable', '--all'])
  const named = await commands(['events', 'enable', idOf('export-asset')])

  expect(JSON.parse(first.stdout)).toEqual([{ id: idOf('export-asset'), ok: true, message: 'enabled' }])
  expect([second.code, second.stdout]).toEqual([0, 'No registration is disabled.\n'])
  expect([named.code, named.stdout]).toEqual([0, expect.stringContaining('it is not disabled')])
  expect(puts()).toHaveLength(1)
})

test('one that cannot be repeated whole is left alone, and said to be', async () => {
  sandbox.registrations.edit('generic', { delivery_type: 'aws_eventbridge' })
  sandbox.registrations.set('generic', 'DISABLED')
  const { code, stdout } = await commands(['events', 'enable', idOf('generic')])
  expect([code, stdout]).toEqual([1, expect.stringMatching(/IO_EVENTS_REFUSED: .*Developer Console/)])
  expect(puts()).toEqual([])
})

test('an id that there is not fails alone', async () => {
  sandbox.registrations.set('generic', 'DISABLED')
  const { code, stdout } = await commands(['events', 'enable', 'nobody', idOf('generic')])
  expect(code).toBe(1)
  expect(stdout).toMatch(/nobody {2}there is no such registration\n.* {2}enabled\n/)
})

test('a service that refuses says what to check', async () => {
  sandbox.registrations.set('generic', 'DISABLED')
  sandbox.journal.faults.add({ times: 100, fault: { kind: 'status', status: 403 } })
  const { code, stderr } = await commands(['events', 'enable', '--all'])
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^IO_EVENTS_REFUSED: .*\(403\)/)])
})

test.each([[[]], [['a', '--all']]])('events enable %j is wrong usage', async (args) => {
  const { code, stderr } = await commands(['events', 'enable', ...args])
  expect([code, stderr]).toEqual([2, expect.stringContaining('name one id or more, or --all')])
})
