import { main } from '../../actions/status/index'
import type { JsonObject } from '../../sandbox/json'
import { status } from '../../src/app/status'
import { openMetricsType } from '../../src/runtime/open-metrics'
import { createStatusPage } from '../../src/runtime/status-page'
import { readOpenMetrics } from '../support/open-metrics'
import { bodyOf, errorOf, type Receiver, startReceiver } from '../support/receiver'
import { createTestClock } from '../support/test-clock'

const secret = 'client-secret-of-the-app'
let receiver: Receiver
let tokens = 0
/** Another one each time, so that nothing that was kept before is answered. */
let token: string
beforeAll(async () => {
  receiver = await startReceiver({}, main)
  Object.assign(process.env, receiver.sandbox.env())
})
beforeEach(() => {
  tokens += 1
  token = `token-of-the-monitor-${tokens}`
})
afterEach(async () => {
  const { state, env } = receiver.sandbox
  state.faults.clear()
  const { __OW_NAMESPACE: namespace = '', __OW_API_KEY: auth = '' } = env()
  const authorization = `Basic ${Buffer.from(auth).toString('base64')}`
  await fetch(`${state.url}/containers/${namespace}`, { method: 'DELETE', headers: { authorization } })
  state.requests.splice(0)
})
afterAll(() => receiver.close())

type Request = { query?: string; headers?: JsonObject; method?: string; inputs?: JsonObject }
const paramsOf = ({ query = '', headers, method = 'get', inputs = {} }: Request = {}): JsonObject => ({
  STATUS_TOKEN: token,
  ADC_CECREDENTIALS_CLIENTSECRET: secret,
  ...inputs,
  __ow_method: method,
  __ow_query: query,
  __ow_headers: headers ?? { authorization: `Bearer ${token}` },
  __ow_body: '',
})
const ask = (request: Request = {}) => receiver.invoke(paramsOf(request))
const metrics = async (request: Request = {}) => {
  const answer = await ask({ query: 'format=openmetrics', ...request })
  if (!('headers' in answer)) throw new Error(`no text: ${JSON.stringify(answer)}`)
  expect(answer).toMatchObject({ statusCode: 200, headers: { 'content-type': openMetricsType } })
  return { text: answer.body, families: readOpenMetrics(answer.body) }
}

const { now } = Date
const ago = (minutes: number): string => new Date(now() - minutes * 60_000).toISOString()
const hex = (n: number): string => n.toString(16).padStart(32, '0')
const write = (key: string, value: unknown): void =>
  receiver.sandbox.state.write(key, typeof value === 'string' ? value : JSON.stringify(value))
const letter = (n: number, more: JsonObject = {}): void =>
  write(`dead-letter.${hex(n)}`, {
    ...{ id: hex(n), action: 'generic', at: ago(1), event: {} },
    error: { code: 'MAPPING_FAILED', message: 'no' },
    ...more,
  })
const piece = (n: number, more: JsonObject = {}): void =>
  write(`pending.${hex(n)}`, {
    ...{ id: hex(n), action: 'export-asset', attempts: 1, since: ago(9), nextTry: ago(-1), event: {} },
    ...more,
  })
const run = (job: string, slot: number, minutes: number, more: JsonObject = {}): void =>
  write(`run.${job}.${slot}`, {
    startedAt: ago(minutes + 2),
    endedAt: ago(minutes),
    outcome: 'done',
    counts: { done: 3 },
    notes: { lag: 5 },
    ...more,
  })

describe('who may see it', () => {
  test('without a token set it is not there', async () => {
    for (const value of ['', '$STATUS_TOKEN']) {
      const answer = await ask({
        inputs: { STATUS_TOKEN: value },
        headers: { authorization: `Bearer ${value}` },
      })
      expect(errorOf(answer)).toMatchObject({ statusCode: 404 })
    }
    expect(receiver.sandbox.state.requests).toEqual([])
  })

  test.each<[string, (right: string) => Request]>([
    ['no header', () => ({ headers: {} })],
    ['another token', () => ({ headers: { authorization: 'Bearer another-token-of-a-monitor' } })],
    ['the beginning of it', (right) => ({ headers: { authorization: `Bearer ${right.slice(0, -1)}` } })],
    ['more than it', (right) => ({ headers: { authorization: `Bearer ${right}x` } })],
    ['no token', () => ({ headers: { authorization: 'Bearer ' } })],
    ['another scheme', (right) => ({ headers: { authorization: `Basic ${right}` } })],
    ['the token in the query', (right) => ({ headers: {}, query: `token=${right}&STATUS_TOKEN=${right}` })],
    ['no headers', () => ({ headers: { authorization: ['a', 'list'] } })],
  ])('%s is 401, and State is not asked', async (_, request) => {
    expect(errorOf(await ask(request(token)))).toMatchObject({ statusCode: 401 })
    expect(receiver.sandbox.state.requests).toEqual([])
  })

  test('a token that is too short opens nothing, and nobody outside learns why', async () => {
    const answer = await ask({
      inputs: { STATUS_TOKEN: 'short' },
      headers: { authorization: 'Bearer short' },
    })
    expect(answer).toEqual({ error: { statusCode: 503, body: { message: 'status is not ready' } } })
  })

  test('the scheme is in any case; other methods and formats are refused', async () => {
    const headers = { Authorization: `bearer ${token}` }
    expect(bodyOf(await ask({ headers })).ok).toBe(true)
    expect(errorOf(await ask({ method: 'post' })).statusCode).toBe(405)
    expect(errorOf(await ask({ query: 'format=xml' })).statusCode).toBe(400)
  })
})

describe('what it tells', () => {
  test('an app that has done nothing yet is well', async () => {
    const nothing = { total: 0, read: 0, sampled: false, byCode: {}, byDestination: {} }
    const ok = { ok: true }
    expect(bodyOf(await ask())).toEqual({
      ok: true,
      lagSeconds: null,
      parts: { state: ok, 'export-batch': ok, reconcile: ok, deadLetters: ok, pending: ok },
      runs: [],
      deadLetters: nothing,
      pending: nothing,
      alerts: [],
    })
  })

  test('runs, lag, dead letters by code, parked work by destination', async () => {
    const begun = Date.now()
    run('export-batch', 0, 20, { outcome: 'failed', error: { code: 'JOURNAL_FORBIDDEN', message: 'm' } })
    run('export-batch', 1, 10)
    run('reconcile', 0, 5, { notes: {} })
    letter(1)
    letter(2, { destination: 's3' })
    letter(3, { destination: 's3', error: { code: 'S3_REFUSED', message: 'm' } })
    piece(1, { destination: 'azure', history: [{ at: ago(1), code: 'AZURE_DOWN', message: 'm' }] })
    piece(2)
    write('dropped.x', '{}')
    write('cursor.x', '{}')

    const body = bodyOf(await ask())

    expect(body).toMatchObject({
      ok: true,
      parts: { 'export-batch': { ok: true, lastRunAt: expect.any(String) } },
      runs: [
        { job: 'reconcile', outcome: 'done' },
        { job: 'export-batch', outcome: 'done', counts: { done: 3 } },
        { job: 'export-batch', outcome: 'failed', code: 'JOURNAL_FORBIDDEN' },
      ],
      deadLetters: {
        ...{ total: 3, sampled: false, read: 3 },
        byCode: { MAPPING_FAILED: 2, S3_REFUSED: 1 },
        byDestination: { generic: 1, s3: 2 },
      },
      pending: {
        ...{ total: 2, sampled: false, byDestination: { azure: 1, 'export-asset': 1 } },
        byCode: { AZURE_DOWN: 1, NONE: 1 },
      },
    })
    // What the last run left, and the ten minutes since.
    expect(body.lagSeconds).toBeGreaterThanOrEqual(605)
    expect(body.lagSeconds).toBeLessThanOrEqual(606 + (Date.now() - begun) / 1_000)
  })

  test.each<[string, () => void, string]>([
    [
      'a failed run',
      () => run('reconcile', 0, 5, { outcome: 'failed', error: { code: 'PIM_UNAUTHORIZED', message: 'm' } }),
      'reconcile',
    ],
    ['an alarm that is silent', () => run('export-batch', 0, 41), 'export-batch'],
    ['more parked work than a run takes', () => Array.from({ length: 1000 }, (_, n) => piece(n)), 'pending'],
    ['no room for dead letters', () => Array.from({ length: 10_000 }, (_, n) => letter(n)), 'deadLetters'],
  ])('%s is one part that is not in order', async (_, happen, part) => {
    happen()
    const { ok, parts } = bodyOf(await ask())
    const wrong = Object.entries(Object(parts)).filter(([, it]) => Object(it).ok === false)
    expect([ok, wrong.map(([name]) => name)]).toEqual([false, [part]])
    expect(wrong[0]?.[1]).toMatchObject({ message: expect.any(String) })
  })

  test('the alerts that stand, and not one whose end only waits to be sent', async () => {
    const alert = { code: 'DEAD_LETTERS', subject: '', message: 'm', since: ago(5), newsAt: ago(5) }
    write('alerts', { alerts: [alert, { ...alert, code: 'RUNS_FAIL', due: 'cleared' }] })
    const { code, subject, message, since } = alert
    expect(bodyOf(await ask())).toMatchObject({ ok: true, alerts: [{ code, subject, message, since }] })
    expect((await metrics()).text).toContain('asset_bridge_alerts{code="DEAD_LETTERS"} 1')
  })

  test('a job without a journal, or whose last run ended in time, is in order', async () => {
    run('export-batch', 0, 500)
    run('reconcile', 0, 39)
    expect(bodyOf(await ask({ inputs: { JOURNAL_URL: '' } })).ok).toBe(true)
  })

  test('State that refuses is 503, with its code', async () => {
    receiver.sandbox.state.faults.add({ times: 100, fault: { kind: 'status', status: 403 } })
    const { statusCode, body } = errorOf(await ask())
    expect(statusCode).toBe(503)
    expect(body).toMatchObject({ ok: false, parts: { state: { ok: false, code: 'STATE_REFUSED' } } })
  })
})

describe('what it costs', () => {
  test('with 10,000 records: one listing, and at most 100 records; it says that it did not read all', async () => {
    for (let slot = 0; slot < 20; slot += 1) run('export-batch', slot, 10 + slot)
    for (let n = 0; n < 6_000; n += 1) letter(n, { destination: n < 3_000 ? 's3' : 'azure' })
    for (let n = 0; n < 4_000; n += 1) piece(n, { destination: 'sftp' })

    const body = bodyOf(await ask())

    const { requests } = receiver.sandbox.state
    const listings = requests.filter(({ path }) => path.endsWith('/data'))
    // A thousand keys a page.
    expect(listings).toHaveLength(11)
    expect(requests.length - listings.length).toBe(100)
    expect(new Set(requests.map(({ method }) => method))).toEqual(new Set(['GET']))
    expect(body).toMatchObject({
      deadLetters: { total: 6_000, read: 30, sampled: true, byDestination: { azure: 15, s3: 15 } },
      pending: { total: 4_000, read: 30, sampled: true, byDestination: { sftp: 30 } },
    })
  })

  test('what the one does not need the other gets', async () => {
    for (let n = 0; n < 80; n += 1) piece(n)
    for (let n = 0; n < 4; n += 1) letter(n)
    const body = bodyOf(await ask())
    expect(body).toMatchObject({
      deadLetters: { total: 4, read: 4, sampled: false },
      pending: { total: 80, read: 56, sampled: true },
    })
  })

  test('it is kept for 60 seconds; many at once are one reading; a failure is not kept', async () => {
    const clock = createTestClock()
    const page = createStatusPage('status', status, { clock })
    // Of the activation before, on the clock of the machine.
    delete process.env.__OW_DEADLINE
    const { requests, faults } = receiver.sandbox.state
    const asked = async (query = ''): Promise<number> => {
      const before = requests.length
      await page({ ...receiver.sandbox.inputs(), ...paramsOf({ query }) })
      return requests.length - before
    }
    faults.add({ times: 100, fault: { kind: 'status', status: 401 } })
    await asked()
    faults.clear()

    const counts = [await asked(), await asked('format=openmetrics')]
    clock.advance(59_999)
    counts.push(await asked())
    clock.advance(1)
    const before = requests.length
    await Promise.all(Array.from({ length: 50 }, () => page({ ...receiver.sandbox.inputs(), ...paramsOf() })))

    const once = counts[0] ?? 0
    expect(once).toBeGreaterThan(0)
    expect(counts).toEqual([once, 0, 0])
    expect(requests.length - before).toBe(once)
  })
})

describe('OpenMetrics', () => {
  test('each name begins with asset_bridge_, and a strict reader takes it', async () => {
    run('export-batch', 0, 10)
    run('export-batch', 1, 25, { outcome: 'failed', error: { code: 'JOURNAL_FORBIDDEN', message: 'm' } })
    letter(1, { destination: 's3' })
    piece(1, { destination: 'azure' })

    const { families } = await metrics()

    expect([...families.keys()].filter((name) => !name.startsWith('asset_bridge_'))).toEqual([])
    const value = (name: string) => families.get(`asset_bridge_${name}`)?.samples
    expect(value('ok')).toEqual([{ labels: {}, value: 1 }])
    expect(value('part_ok')).toContainEqual({ labels: { part: 'export-batch' }, value: 1 })
    expect(value('dead_letters')).toEqual([{ labels: {}, value: 1 }])
    expect(value('dead_letters_by_code')).toEqual([{ labels: { code: 'MAPPING_FAILED' }, value: 1 }])
    expect(value('pending_by_destination')).toEqual([{ labels: { destination: 'azure' }, value: 1 }])
    expect(value('job_runs')).toContainEqual({
      labels: { job: 'export-batch', outcome: 'failed' },
      value: 1,
    })
    expect(value('job_run_errors')).toEqual([
      { labels: { job: 'export-batch', code: 'JOURNAL_FORBIDDEN' }, value: 1 },
    ])
    expect(value('job_last_run_duration_seconds')).toEqual([{ labels: { job: 'export-batch' }, value: 120 }])
    expect(families.get('asset_bridge_lag_seconds')).toMatchObject({ type: 'gauge', unit: 'seconds' })
    expect(value('records_sampled')).toContainEqual({ labels: { records: 'pending' }, value: 0 })
  })

  test('an app that has done nothing yet has no lag, and no run', async () => {
    const { families } = await metrics()
    expect(families.has('asset_bridge_lag_seconds')).toBe(false)
    expect(families.has('asset_bridge_job_last_run_duration_seconds')).toBe(false)
  })

  test('a hostile name cannot add a line, a label or a control sequence', async () => {
    const names = [
      'a"} 1\nevil 1',
      'back\\slash',
      '\u001b[31mred\u0007',
      '\u202eright',
      'x'.repeat(5_000),
      '\ud800',
    ]
    for (const [n, destination] of names.entries()) letter(n, { destination })
    letter(99, { destination: `${'x'.repeat(5_000)}y` })

    const { text, families } = await metrics()

    const shown = families.get('asset_bridge_dead_letters_by_destination')?.samples ?? []
    expect(shown.map(({ labels: { destination = '' } }) => destination)).toContain('a"} 1\\nevil 1')
    expect(shown.map(({ labels: { destination = '' } }) => destination)).toContain('back\\slash')
    expect(shown.find(({ labels: { destination = '' } }) => destination.startsWith('x'))?.value).toBe(2)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u)
  })

  test('no secret stands in it, nor in the JSON', async () => {
    letter(1, { destination: secret, error: { code: secret, message: secret } })
    piece(1, { destination: `x-${secret}` })
    run('export-batch', 0, 10, { error: { code: secret, message: secret }, notes: { lag: 1, secret } })

    const { text } = await metrics()

    expect(text).not.toContain(secret)
    expect(text).not.toContain(token)
    expect(JSON.stringify(await ask())).not.toContain(secret)
  })
})
