import { type AlertHost, startAlertHost } from '../../../sandbox/alert-host'
import { lookAfterAlerts, noteGap } from '../../../src/app/alerts'
import { createRedactor } from '../../../src/core/redaction'
import { openDeadLetters } from '../../../src/delivery/dead-letters'
import { openPendingWork } from '../../../src/delivery/pending'
import type { Alert } from '../../../src/flows/alerts/alert'
import type { FlowContext } from '../../../src/flows/event-flow'
import type { RunResult } from '../../../src/flows/run/run-result'
import { rejection, startCall } from '../../support/call'
import { createMemoryStore, type MemoryStore } from '../../support/memory-store'
import { createTestClock, type TestClock } from '../../support/test-clock'

const hourMs = 3_600_000
let host: AlertHost
let clock: TestClock
let store: MemoryStore
beforeEach(async () => {
  clock = createTestClock()
  store = createMemoryStore(clock)
  host = await startAlertHost({ clock: { now: clock.now, advance: clock.advance } })
})
afterEach(() => host.close())

const done: RunResult = { outcome: 'done', message: '', counts: {}, details: {} }
type Ran = { result?: Partial<RunResult>; inputs?: Record<string, string>; action?: string }
/** One end of a run. @returns what it logged */
async function end({ result = {}, inputs = {}, action = 'export-batch' }: Ran = {}): Promise<string[]> {
  const call = startCall()
  const context = contextOf(call, inputs, action)
  await lookAfterAlerts({ ...done, ...result }, context)
  const lines = call.log.map((line) => context.redactor.text(line))
  // The address of a webhook is a password, at every level of the log.
  for (const secret of ['sandboxSandboxSandbox000', 'triggers/manual', 'alerts-of-the-bridge'])
    expect(lines.join()).not.toContain(secret)
  return lines.filter((line) => !line.startsWith('debug'))
}
const contextOf = (
  call: ReturnType<typeof startCall>,
  inputs: Record<string, string> = {},
  action = 'export-batch',
): FlowContext => ({
  inputs: { ALERT_WEBHOOK_URL: host.plainUrl, ...inputs },
  redactor: createRedactor(),
  clock,
  call,
  activationId: 'f00d',
  action,
  trigger: 'batch',
  deadLetters: openDeadLetters(store),
  pending: openPendingWork(store),
  store,
  runtime: undefined,
})
const put = (key: string, value: unknown = {}) =>
  store.put(key, JSON.stringify(value), 10_000_000, new AbortController().signal)
const remove = (key: string) => store.remove(key, new AbortController().signal)
const memory = (): Alert[] => JSON.parse(store.entries().get('alerts') ?? '{"alerts":[]}').alerts
const told = () => host.taken.map(({ news, code, subject }) => `${news} ${code} ${subject}`.trim())
const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
const report = (job: string, endedMsAgo: number, outcome = 'done', slot = 0) =>
  put(`run.${job}.${slot}`, {
    ...{ startedAt: at(-endedMsAgo - slot), endedAt: at(-endedMsAgo), outcome, counts: {} },
  })
const isPut = (operation: string): boolean => operation === 'put' || operation === 'remove'

describe('an alert', () => {
  test('is told once, again after a day, and when it is over', async () => {
    await put('dead-letter.a')
    const first = await end()
    clock.advance(hourMs)
    const second = await end()
    clock.advance(23 * hourMs)
    await end({ action: 'reconcile' })
    expect(told()).toEqual(['raised DEAD_LETTERS', 'reminded DEAD_LETTERS'])
    await remove('dead-letter.a')
    clock.advance(hourMs)
    const last = await end()
    await end()

    expect(told()).toEqual(['raised DEAD_LETTERS', 'reminded DEAD_LETTERS', 'cleared DEAD_LETTERS'])
    expect(first).toEqual([expect.stringMatching(/^error alert raised: DEAD_LETTERS /)])
    expect(second).toEqual([])
    expect(last).toEqual([expect.stringMatching(/^info alert cleared: DEAD_LETTERS /)])
    expect([...store.entries().keys()]).toEqual([])
  })

  test('that does not stand costs no write', async () => {
    const writes: string[] = []
    store.before = (operation, key) => isPut(operation) && writes.push(key)
    await end()
    await end({ action: 'reconcile' })
    expect([writes, host.requests]).toEqual([[], []])
  })

  test('that stands costs no write until there is news', async () => {
    await put('dead-letter.a')
    await end()
    const writes: string[] = []
    store.before = (operation, key) => isPut(operation) && writes.push(key)
    clock.advance(hourMs)
    await end()
    expect(writes).toEqual([])
  })

  test('waits for a webhook that is down, and is logged once; the run does not fail', async () => {
    host.faults.add({ times: 2, fault: { kind: 'status', status: 500 } })
    await put('dead-letter.a')
    const first = await end()
    const second = await end()
    await end()

    expect(first.map((line) => line.split(' ')[0])).toEqual(['error', 'warn'])
    expect(second).toEqual([expect.stringMatching(/^warn an alert could not be sent.*ALERT_NOT_SENT/)])
    expect(told()).toEqual(['raised DEAD_LETTERS'])
  })

  test('over while the webhook is down is told as over', async () => {
    host.faults.add({ times: 1, fault: { kind: 'reset' } })
    await put('dead-letter.a')
    await end()
    await remove('dead-letter.a')
    await end()
    await end()
    expect([told(), memory()]).toEqual([['cleared DEAD_LETTERS'], []])
  })

  test.each([1, 2, 3, 4])(
    'of a run that is killed at its write number %i is told by the next',
    async (nth) => {
      await put('dead-letter.a')
      let writes = 0
      const killed = startCall()
      store.before = (operation) => {
        if (!isPut(operation) || ++writes !== nth) return
        killed.abort(new Error('killed'))
        killed.signal.throwIfAborted()
      }
      await rejection(lookAfterAlerts(done, contextOf(killed)).then(() => Promise.reject(new Error('ended'))))
      store.before = undefined
      // What the killed run held.
      clock.advance(2 * 60_000)
      await end()

      expect(told()).toContain('raised DEAD_LETTERS')
      expect(memory()).toMatchObject([{ code: 'DEAD_LETTERS' }])
      expect(memory()[0]).not.toHaveProperty('due')
    },
  )

  test('State that fails is logged, and fails nothing', async () => {
    store.before = () => {
      throw new Error('State is down')
    }
    expect(await end()).toEqual([expect.stringMatching(/^warn the alerts could not be looked after/)])
  })
})

describe('what is raised and cleared', () => {
  const down = (system: string, code: string) => ({ systems: { down: [{ system, code }], worked: [] } })

  test('a destination that is down, until it works or nothing waits for it', async () => {
    await put('pending.a')
    await end({ result: down('destination s3', 'S3_UNAVAILABLE') })
    await end()
    expect(told()).toEqual(['raised SYSTEM_DOWN destination s3'])
    await end({ result: { systems: { down: [], worked: ['destination s3'] } } })
    await end({ result: down('destination azure', 'AZURE_UNAUTHORIZED') })
    await remove('pending.a')
    await end()
    expect(told().slice(1)).toEqual([
      'cleared SYSTEM_DOWN destination s3',
      'raised CREDENTIALS_REFUSED destination azure',
      'cleared CREDENTIALS_REFUSED destination azure',
    ])
  })

  test('parked work above the threshold, until half of it is done', async () => {
    const inputs = { ALERT_PENDING: '2' }
    for (const id of ['a', 'b']) await put(`pending.${id}`)
    await end({ inputs })
    await put('pending.c')
    await end({ inputs })
    await remove('pending.c')
    await end({ inputs })
    expect(told()).toEqual(['raised PENDING_WORK'])
    await remove('pending.b')
    await end({ inputs })
    expect(told()).toEqual(['raised PENDING_WORK', 'cleared PENDING_WORK'])
  })

  test.each([
    ['export-batch', 'reconcile'],
    ['reconcile', 'export-batch'],
  ])('%s notices that %s is silent, and that itself runs', async (action, other) => {
    const inputs = { JOURNAL_URL: 'https://events-va6.adobe.io/events/organizations/1/integrations/2/3' }
    await report(other, 39 * 60_000)
    await report(action, 10 * hourMs)
    await end({ action, inputs })
    expect(told()).toEqual([])
    clock.advance(2 * 60_000)
    await end({ action, inputs })
    expect(told()).toEqual([`raised ALARM_SILENT ${other}`])
    await end({ action: other, inputs })
    expect(told().at(1)).toBe(`cleared ALARM_SILENT ${other}`)
  })

  test('three runs that failed, and then one that did not', async () => {
    for (const slot of [0, 1]) await report('export-batch', 1000 * slot, 'failed', slot)
    await end({ result: { outcome: 'failed' } })
    await report('export-batch', 0, 'failed', 2)
    await end({ result: { outcome: 'failed' } })
    await end({ result: { outcome: 'stopped' } })
    expect(told()).toEqual(['raised RUNS_FAIL run of export-batch', 'cleared RUNS_FAIL run of export-batch'])
  })

  test('a gap in the journal, noted before the run goes on, for seven days', async () => {
    const call = startCall()
    await noteGap({ from: clock.now() - hourMs, to: clock.now() }, contextOf(call))
    expect([call.log.length, told()]).toEqual([1, []])
    await end()
    expect(told()).toEqual([expect.stringMatching(/^raised JOURNAL_GONE .* to /)])
    clock.advance(7 * 24 * hourMs + 1)
    await end()
    expect(told().at(-1)).toMatch(/^cleared JOURNAL_GONE/)
  })

  test('a signature that ends soon; its value is told to nobody', async () => {
    const sas = (days: number) => ({
      AZURE_BLOB_SAS_URL: `https://a.blob.core.windows.net/c?sv=1&se=${encodeURIComponent(at(days * 24 * hourMs))}&sig=secretSignature`,
    })
    await end({ inputs: sas(15) })
    expect(told()).toEqual([])
    const lines = await end({ inputs: sas(13) })
    await end({ inputs: sas(300) })
    expect(told()).toEqual([
      'raised SECRET_EXPIRES AZURE_BLOB_SAS_URL',
      'cleared SECRET_EXPIRES AZURE_BLOB_SAS_URL',
    ])
    expect(JSON.stringify([lines, host.taken])).not.toContain('secretSignature')
  })

  test('what Akeneo told of its subscription', async () => {
    await put('subscription', { type: 'ended', at: at(0) })
    await end({ action: 'reconcile' })
    await remove('subscription')
    await end()
    expect(told()).toEqual(['raised AKENEO_SUBSCRIPTION_STOPPED', 'cleared AKENEO_SUBSCRIPTION_STOPPED'])
  })
})

describe('the forms', () => {
  const hostile = '<!channel> *x* [y](http://evil) \u001b[31m\nnext'
  test.each([
    ['slack', () => host.slackUrl],
    ['teams', () => host.teamsUrl],
    ['json', () => host.plainUrl],
  ])('%s takes what it is sent, and a hostile name is text in it', async (format, url) => {
    const inputs = { ALERT_WEBHOOK_URL: url(), ALERT_WEBHOOK_FORMAT: format }
    const result = { systems: { down: [{ system: `destination ${hostile}`, code: 'X_DOWN' }], worked: [] } }
    expect(await end({ inputs, result })).toHaveLength(1)

    const [body] = host.taken
    const text = JSON.stringify(body)
    expect(text).toContain('SYSTEM_DOWN')
    expect(text).toContain(String.raw`\\u001b[31m\\nnext`)
    if (format === 'slack') {
      expect(body).toMatchObject({ mrkdwn: false, text: expect.stringContaining('&lt;!channel&gt;') })
      expect(text).not.toContain('<')
    }
    if (format === 'teams') expect(text).not.toContain('"TextBlock"')
  })

  test('a host that refuses the form is a failure', async () => {
    await put('dead-letter.a')
    const lines = await end({ inputs: { ALERT_WEBHOOK_URL: host.teamsUrl, ALERT_WEBHOOK_FORMAT: 'slack' } })
    expect(lines.at(-1)).toMatch(/ALERT_NOT_SENT.*400/)
  })
})
