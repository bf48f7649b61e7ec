import { type StateStandIn, startState } from '../../sandbox/state'
import { createRedactor } from '../../src/core/redaction'
import { createRunReports, type RunReport } from '../../src/delivery/run-reports'
import { createStateStore } from '../../src/store/state-store'
import { rejection, startCall } from '../support/call'
import { createMemoryStore } from '../support/memory-store'
import { createTestClock } from '../support/test-clock'

const clock = createTestClock()
const access = { namespace: '12345-bridge', apiKey: 'id:secret', region: () => 'amer' as const } as const
const store = createStateStore(access)
const reports = createRunReports(store, { redactor: createRedactor(['known-secret']) })
let state: StateStandIn

beforeAll(async () => {
  state = await startState({ clock, namespace: access.namespace, auth: access.apiKey })
  process.env.AIO_STATE_ENDPOINT = state.url
})
afterAll(() => state.close())
beforeEach(() => {
  state.faults.clear()
  clock.advance(400 * 24 * 3_600_000)
})

const signal = () => startCall().signal

function report(overrides: Partial<RunReport> = {}): RunReport {
  clock.advance(600_000)
  const startedAt = new Date(clock.now()).toISOString()
  const endedAt = new Date(clock.now() + 5_000).toISOString()
  return { startedAt, endedAt, outcome: 'done', counts: { done: 3, parked: 1 }, ...overrides }
}

describe('run reports', () => {
  it('come back newest first, as they were written', async () => {
    const one = report({ activationId: 'a1', notes: { lag: 12, journals: ['x'] } })
    const two = report({ outcome: 'stopped', error: { code: 'STATE_UNAVAILABLE', message: 'later' } })
    await reports.write('export-batch', one, signal())
    await reports.write('export-batch', two, signal())

    expect(await reports.recent('export-batch', signal())).toEqual([two, one])
  })

  it('are the last twenty, in twenty keys, however many runs there were', async () => {
    const memory = createMemoryStore(clock)
    const kept = createRunReports(memory, { redactor: createRedactor() })
    const all: RunReport[] = []
    for (let run = 0; run < 45; run++) {
      const next = report({ counts: { done: run } })
      all.push(next)
      await kept.write('export-batch', next, signal())
    }

    expect(await kept.recent('export-batch', signal())).toEqual(all.slice(-20).reverse())
    expect([...memory.entries().keys()].sort()).toEqual(
      Array.from({ length: 20 }, (_, n) => `run.export-batch.${n}`).sort(),
    )
  })

  it('of one job are not those of another', async () => {
    await reports.write('reconcile', report(), signal())

    expect(await reports.recent('export-batch', signal())).toEqual([])
  })

  it('hold no secret, and no more than fits', async () => {
    const error = { code: 'UNEXPECTED', message: `known-secret ${'x'.repeat(5_000)}` }
    await reports.write('r', report({ error, notes: { deep: 'y'.repeat(30_000) } }), signal())
    await reports.write('r', report({ notes: { url: 'https://a/?sig=abcdef', password: 'p' } }), signal())

    const stored = state.keys().map((key) => state.value(key) ?? '')
    expect(stored.join('\n')).not.toMatch(/known-secret|abcdef|yyy|"p"/)
    expect(Math.max(...stored.map((it) => it.length))).toBeLessThan(3_000)
    expect(await reports.recent('r', signal())).toHaveLength(2)
  })

  it('that cannot be read are left out, and written over first', async () => {
    await reports.write('r', report(), signal())
    await store.put('run.r.0', 'no report', 3_600, signal())

    expect(await reports.recent('r', signal())).toEqual([])
    const next = report()
    await reports.write('r', next, signal())
    expect(await reports.recent('r', signal())).toEqual([next])
    expect(state.keys()).toEqual(['run.r.0'])
  })

  it('fail with State', async () => {
    state.faults.add({ fault: { kind: 'status', status: 403 } })

    for (const work of [reports.write('r', report(), signal()), reports.recent('r', signal())]) {
      expect(await rejection(work)).toMatchObject({ failureClass: 'systemic', code: 'STATE_REFUSED' })
    }
  })
})
