import { createClock } from '../../sandbox/clock'
import { type EventsOptions, isRetried, retryDelayMinutes, startEvents } from '../../sandbox/events'
import type { JsonObject, JsonValue } from '../../sandbox/json'
import { httpAnswer } from '../../sandbox/runtime/http-answer'
import type { Activation } from '../../sandbox/runtime/runtime'

const MINUTE = 60_000
const usual = { activationId: 'a', action: 'generic', cold: false, startMs: 0, durationMs: 1 }
const success = (result: JsonValue): Activation => ({ ...usual, ok: true, kind: 'success', result })
const failure = (error: JsonValue): Activation => ({ ...usual, ok: false, kind: 'application error', error })
const crash: Activation = { ...usual, ok: false, kind: 'developer error', error: 'exited' }
const ok = success({ statusCode: 200, body: {} })
const event = (fields: JsonObject = {}): JsonObject => ({
  id: '1',
  source: 's',
  type: 't',
  data: {},
  ...fields,
})

/** The stand-in with an action that gives these answers in turn, the last one for ever. */
const start = (answers: Activation[], options: Partial<EventsOptions> = {}) => {
  const clock = createClock({ frozen: true })
  const received: JsonObject[] = []
  const invoke = async (params: JsonObject) => {
    received.push(params)
    return answers[Math.min(received.length, answers.length) - 1] ?? ok
  }
  return { clock, received, events: startEvents({ clock, invoke, recipientClientId: 'me', ...options }) }
}
const headersOf = (params: JsonObject | undefined) => params?.__adobe_headers as Record<string, string>

describe('what a delivery holds', () => {
  it('is the event at the top level, with the ids and headers of I/O Events', async () => {
    const { received, events } = start([ok], { provider: 'prov' })
    const { eventId } = await events.deliver(event())
    expect(received).toEqual([
      {
        ...event(),
        event_id: eventId,
        eventid: eventId,
        recipient_client_id: 'me',
        recipientclientid: 'me',
        __adobe_headers: {
          'x-request-id': expect.any(String),
          'x-adobe-delivery-id': expect.any(String),
          'x-adobe-event-id': eventId,
          'x-adobe-event-code': 't',
          'x-adobe-provider': 'prov',
        },
      },
    ])
  })

  it('keeps the event id and counts the retries, with a new delivery id each time', async () => {
    const { clock, received, events } = start([failure({ statusCode: 503 })])
    await events.deliver(event({ eventid: 'mine' }))
    for (let retry = 1; retry <= 2; retry += 1) {
      clock.advance(15 * MINUTE)
      await events.retryDue()
    }
    const headers = received.map(headersOf)
    expect(headers.map((it) => it['x-adobe-retry-count'])).toEqual([undefined, '1', '2'])
    expect(new Set(headers.map((it) => it['x-adobe-event-id']))).toEqual(new Set(['mine']))
    expect(new Set(headers.map((it) => it['x-adobe-delivery-id'])).size).toBe(3)
    expect(new Set(headers.map((it) => it['x-request-id'])).size).toBe(3)
  })
})

describe('what an answer means', () => {
  it.each([
    ['200', ok, 200, 'done'],
    ['202', success({ statusCode: 202 }), 202, 'done'],
    ['nothing to say', success({}), 204, 'done'],
    ['a body only', success({ body: 'x' }), 200, 'done'],
    ['an error without a status, so a rejection too', failure({ message: 'x' }), 204, 'done'],
    ['error 503', failure({ statusCode: 503, body: {} }), 503, 'waiting'],
    ['500 that is no error', success({ statusCode: 500 }), 500, 'waiting'],
    ['error 429', failure({ statusCode: 429 }), 429, 'waiting'],
    ['error 505', failure({ statusCode: 505 }), 505, 'dropped'],
    ['error 404', failure({ statusCode: 404 }), 404, 'dropped'],
    ['error 408', failure({ statusCode: 408 }), 408, 'dropped'],
    ['302', success({ statusCode: 302 }), 302, 'dropped'],
    ['an error text', failure('text'), 400, 'dropped'],
    ['a status that is none', success({ statusCode: 'soon', body: {} }), 400, 'dropped'],
    ['a list', success([{ statusCode: 200 }]), 400, 'dropped'],
    ['a crash', crash, 400, 'dropped'],
  ])('%s', async (_, activation, status, state) => {
    const { events } = start([activation])
    const trace = await events.deliver(event())
    expect(httpAnswer(activation).status).toBe(status)
    expect(trace).toMatchObject({ state, attempts: [{ retry: 0, status }] })
    expect(trace.dueAt === undefined).toBe(state !== 'waiting')
  })

  it('is not waited for longer than the time of a receiver; then it is retried', async () => {
    const never = new Promise<Activation>(() => undefined)
    const { events } = start([], { answerWithinMs: 20, invoke: () => never })
    expect(await events.deliver(event())).toMatchObject({ state: 'waiting', attempts: [{ status: 604 }] })
  })

  it('is retried for 429, 5xx but 505, and what I/O Events itself calls 6xx', () => {
    const retried = [200, 301, 400, 404, 428, 429, 500, 503, 504, 505, 599, 601, 611].filter(isRetried)
    expect(retried).toEqual([429, 500, 503, 504, 599, 601, 611])
  })
})

describe('the retries', () => {
  it('come after 1, 2, 4, 8, 15, 15 minutes', async () => {
    expect([1, 2, 3, 4, 5, 6, 90].map(retryDelayMinutes)).toEqual([1, 2, 4, 8, 15, 15, 15])
    const { clock, received, events } = start([failure({ statusCode: 503 })])
    await events.deliver(event())
    for (const minutes of [1, 2, 4, 8, 15, 15]) {
      const so = received.length
      clock.advance(minutes * MINUTE - 1)
      expect(await events.retryDue()).toEqual([])
      clock.advance(1)
      expect(await events.retryDue()).toHaveLength(1)
      expect(received).toHaveLength(so + 1)
    }
  })

  it('end after 24 hours', async () => {
    const { clock, received, events } = start([failure({ statusCode: 503 })])
    const trace = await events.deliver(event())
    for (let minute = 0; minute < 26 * 60; minute += 1) {
      clock.advance(MINUTE)
      await events.retryDue()
    }
    expect(trace.state).toBe('dropped')
    const first = trace.attempts[0]?.at ?? 0
    const last = trace.attempts.at(-1)?.at ?? 0
    expect(last - first).toBeLessThanOrEqual(24 * 60 * MINUTE)
    expect(last - first).toBeGreaterThan((24 * 60 - 15) * MINUTE)
    expect(received).toHaveLength(5 + Math.floor((24 * 60 - 15) / 15))
  })

  it('end at the first success, or at the first answer that is not retried', async () => {
    const { clock, events } = start([failure({ statusCode: 503 }), failure({ statusCode: 429 }), ok])
    const good = await events.deliver(event())
    clock.advance(MINUTE)
    await events.retryDue()
    clock.advance(2 * MINUTE)
    expect(await events.retryDue()).toEqual([good])
    expect(good).toMatchObject({
      state: 'done',
      attempts: [{ status: 503 }, { status: 429 }, { status: 200 }],
    })
    clock.advance(24 * 60 * MINUTE)
    expect(await events.retryDue()).toEqual([])

    const bad = start([failure({ statusCode: 503 }), failure({ statusCode: 400 })])
    const trace = await bad.events.deliver(event())
    bad.clock.advance(MINUTE)
    await bad.events.retryDue()
    expect(trace.state).toBe('dropped')
  })

  it('never deliver one event twice at the same time', async () => {
    const { clock, events } = start([failure({ statusCode: 503 })])
    const trace = await events.deliver(event())
    clock.advance(MINUTE)
    await Promise.all([events.retryDue(), events.retryDue()])
    expect(trace.attempts).toHaveLength(2)
  })
})

describe('the challenge', () => {
  it('must come back as it went', async () => {
    const echo = async (params: JsonObject) =>
      success({ statusCode: 200, body: { challenge: params.challenge ?? '' } })
    expect((await start([], { invoke: echo }).events.challenge('abc')).ok).toBe(true)
    const { received, events } = start([success({ statusCode: 200, body: { challenge: 'other' } })])
    expect((await events.challenge('abc')).ok).toBe(false)
    expect(received).toEqual([{ challenge: 'abc' }])
    expect((await start([crash]).events.challenge()).ok).toBe(false)
  })
})
