import fc from 'fast-check'
import { readDelivery } from '../../src/events/event-params'
import { processingCompleted } from './fixtures'

const inputs = {
  LOG_LEVEL: 'info',
  ADC_CECREDENTIALS_CLIENTSECRET: 'p8e-secret-4711',
  PIM_REST_HEADERS: 'X-Api-Key: secret-4711',
  __ims_oauth_s2s: { client_id: 'c', client_secret: 'secret-4711' },
  __adobe_headers: { authorization: 'Bearer secret-4711' },
  __ow_headers: { authorization: 'Bearer secret-4711' },
  apiToken: 'secret-4711',
}
/** What means something else than an input, besides the fields of the sample. */
const inputsOfTheReader = ['subject', 'dataschema', 'challenge', 'events', '__ow_body', '__adobe_headers']
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('a delivery of one event', () => {
  test('is the fields of the event among the params', () => {
    expect(readDelivery({ ...inputs, ...processingCompleted() })).toEqual({
      events: [processingCompleted()],
      batch: false,
      trace: {},
    })
  })

  test('never has an input in the event, however many there are', () => {
    const taken = [...Object.keys(processingCompleted()), ...inputsOfTheReader]
    const name = fc.string({ minLength: 1 }).filter((text) => !taken.includes(text))
    fc.assert(
      fc.property(fc.dictionary(name, fc.constant('secret-4711')), (more) => {
        const { events, trace } = readDelivery({ ...more, ...inputs, ...processingCompleted() })
        expect(JSON.stringify([events, trace])).not.toContain('secret-4711')
        expect(events).toEqual([processingCompleted()])
      }),
    )
  })

  test('without any field of an event is still one, for the decoder to refuse', () => {
    expect(readDelivery(inputs)).toMatchObject({ events: [{}], batch: false })
  })

  test.each([[undefined], [null], [7], ['text'], [[]]])('of the params %j is empty', (params) => {
    expect(readDelivery(params)).toEqual({ events: [{}], batch: false, trace: {} })
  })
})

describe('a delivery of several events', () => {
  const two = [processingCompleted(), { ...processingCompleted(), id: 'ev-2' }]

  test.each<[string, object]>([
    ['a list under events', { events: two }],
    ['a list as body', { __ow_body: two }],
    ['JSON as body', { __ow_body: JSON.stringify(two) }],
    ['JSON in base64 as body', { __ow_body: base64(JSON.stringify(two)) }],
  ])('comes as %s', (_name, params) => {
    expect(readDelivery({ ...inputs, ...params })).toEqual({ events: two, batch: true, trace: {} })
  })

  test('has no field in its events that no event has', () => {
    const events = two.map((event) => ({ ...event, LOG_LEVEL: 'debug', secret: 'secret-4711' }))
    for (const params of [{ events }, { __ow_body: base64(JSON.stringify(events)) }])
      expect(readDelivery(params).events).toEqual(two)
  })

  test('may hold one, none or nonsense', () => {
    expect(readDelivery({ events: [two[0]] })).toMatchObject({ events: [two[0]], batch: true })
    expect(readDelivery({ events: [] })).toMatchObject({ events: [], batch: true })
    expect(readDelivery({ events: [null, 7, 'x', [two[0]]] }).events).toEqual([null, 7, 'x', [two[0]]])
  })

  test.each([
    ['not JSON'],
    [''],
    ['7'],
    ['null'],
    ['{"id":"x"}'],
    [base64('{"id":"x"}')],
    [7],
    [{ id: 'x' }],
  ])('is not the body %j', (body) => {
    expect(readDelivery({ __ow_body: body, ...processingCompleted() })).toMatchObject({
      events: [processingCompleted()],
      batch: false,
    })
  })
})

describe('the challenge', () => {
  test('comes before anything else in the params', () => {
    const delivery = readDelivery({ ...inputs, ...processingCompleted(), challenge: 'c-1', events: [] })
    expect(delivery).toEqual({ challenge: 'c-1', events: [], batch: false, trace: {} })
  })

  test.each([[7], [null], [{ a: 1 }]])('is none when it is %j', (challenge) => {
    expect(readDelivery({ ...processingCompleted(), challenge })).not.toHaveProperty('challenge')
  })
})

describe('the trace', () => {
  test('is the headers that name this delivery, and no other', () => {
    const traced = {
      'x-request-id': 'r-1',
      'x-adobe-event-id': 'd-1',
      'x-adobe-delivery-id': 'dd-1',
      'x-adobe-retry-count': '2',
    }
    const headers = { ...traced, authorization: 'Bearer secret-4711', 'x-adobe-provider': 'p' }
    expect(readDelivery({ __adobe_headers: headers }).trace).toEqual(traced)
    expect(readDelivery({ __adobe_headers: headers, challenge: 'c' }).trace).toEqual(traced)
    expect(readDelivery({ __adobe_headers: headers, events: [] }).trace).toEqual(traced)
  })

  test.each([[null], ['x-request-id: r'], [['x-request-id']], [{ 'x-request-id': 7 }]])(
    'of the headers %j is empty',
    (headers) => {
      expect(readDelivery({ __adobe_headers: headers }).trace).toEqual({})
    },
  )

  test('is cut where a header is longer than any log line should be', () => {
    const { trace } = readDelivery({ __adobe_headers: { 'x-request-id': 'r'.repeat(10_000) } })
    expect(trace['x-request-id']).toHaveLength(200)
  })
})

test('params of any shape are a delivery', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (params) => {
      const { events, batch } = readDelivery(params)
      return Array.isArray(events) && (batch || events.length <= 1)
    }),
    { numRuns: 3_000 },
  )
})
