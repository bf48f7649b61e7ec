import { createLeases } from '../../src/delivery/lease'
import { startCall } from '../support/call'
import { createCommands } from '../support/commands'
import { createMemoryStore } from '../support/memory-store'
import { type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
const commands = createCommands(() => receiver.sandbox.operatorEnv())
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const since = new Date(Date.now() - 60_000).toISOString()
const until = new Date(Date.now() + 120_000).toISOString()
const held = () => receiver.sandbox.state.value('lease.export-batch')
beforeEach(() => {
  receiver.sandbox.state.write('lease.export-batch', JSON.stringify({ owner: 'activation-1', since, until }))
})

test('the record that stands here is one that a run writes', async () => {
  const store = createMemoryStore(Date)
  const clock = { now: Date.now, sleep: async () => undefined }
  await createLeases({ store, clock }).acquire('export-batch', 'activation-1', 180, startCall())
  expect(Object.keys(JSON.parse(store.entries().get('lease.export-batch') ?? '')).sort()).toEqual(
    Object.keys(JSON.parse(held() ?? '')).sort(),
  )
})

test('lease show tells who holds which', async () => {
  const { code, stdout } = await commands(['lease', 'show'])
  expect([code, stdout]).toEqual([
    0,
    `export-batch  held by activation-1  since ${since}, until ${until}\nreconcile  free\n`,
  ])
  const { stdout: json } = await commands(['lease', 'show', '--json'])
  expect(JSON.parse(json)).toEqual([
    { job: 'export-batch', holder: { owner: 'activation-1', since, until } },
    { job: 'reconcile', holder: null },
  ])
})

test('lease unlock asks first, and does nothing when the answer is no, or nobody can be asked', async () => {
  const refused = await commands(['lease', 'unlock', 'export-batch'], {}, { answer: false })
  expect([refused.code, refused.asked]).toEqual([1, [expect.stringContaining('the run of export-batch')]])
  expect((await commands(['lease', 'unlock', 'export-batch'])).code).toBe(2)
  expect(held()).toBeDefined()

  const done = await commands(['lease', 'unlock', 'export-batch'], {}, { answer: true })
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('activation-1 held it')])
  expect(held()).toBeUndefined()
})

test('twice is harmless; a job that there is not is wrong usage', async () => {
  await commands(['lease', 'unlock', 'export-batch', '--yes'])
  const { code, stdout } = await commands(['lease', 'unlock', 'export-batch', '--yes', '--json'])
  expect([code, JSON.parse(stdout)]).toEqual([0, { job: 'export-batch', unlocked: false, holder: null }])
  expect((await commands(['lease', 'unlock', 'generic', '--yes'])).code).toBe(2)
})
