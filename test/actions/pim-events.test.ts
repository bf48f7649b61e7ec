import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { main } from '../../actions/pim-events/index'
import { createClock } from '../../sandbox/clock'
import { foreignEvents } from '../../sandbox/foreign-events'
import type { JsonObject } from '../../sandbox/json'
import { type RuntimeStandIn, startRuntime } from '../../sandbox/runtime/runtime'
import { type StateStandIn, startState } from '../../sandbox/state'
import { bodyOf, errorOf } from '../support/receiver'

const bundle = join(__dirname, '../sandbox/fixtures/endings.cjs')
const [older, newer] = ['the-old-event-secret', 'the-new-event-secret']
/** Five seconds before the event was made. */
const changedAt = Date.parse('2030-01-02T03:04:00Z')
const uuid = (n: number): string => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`
const sign = (body: string, secret: string): string => createHmac('sha256', secret).update(body).digest('hex')

/** What the action writes to its log. */
const logged: string[] = []
let runtime: RuntimeStandIn
let state: StateStandIn
beforeAll(async () => {
  // Before the first line: the logger keeps what it finds.
  jest.spyOn(console, 'log').mockImplementation((line) => void logged.push(String(line)))
  const [namespace, auth] = ['12345-assetbridge-stage', 'runtime-id:runtime-secret']
  state = await startState({ clock: createClock(), namespace, auth })
  // State's client reads it when it is first loaded.
  process.env.AIO_STATE_ENDPOINT = state.url
  runtime = await startRuntime({ actions: { 'pim-sync': { bundle, inputs: { how: 'params' } } } })
})
beforeEach(() => {
  Object.assign(process.env, {
    __OW_API_HOST: runtime.api.url,
    __OW_NAMESPACE: '12345-assetbridge-stage',
    __OW_API_KEY: 'runtime-id:runtime-secret',
    __OW_ACTION_NAME: '/12345-assetbridge-stage/asset-bridge/pim-events',
    __OW_ACTIVATION_ID: 'f00d',
  })
})
afterEach(async () => {
  runtime.api.faults.clear()
  await runtime.idle()
  state.faults.clear()
  state.requests.splice(0)
  runtime.api.requests.splice(0)
})
afterAll(async () => {
  await runtime.close()
  await state.close()
})

const event = (product = 1, changes: JsonObject = {}): string =>
  JSON.stringify({
    specversion: '1.0',
    id: `ev-${product}`,
    source: 'pim',
    type: 'com.akeneo.pim.v1.product.updated',
    subject: 'sub-1',
    time: '2030-01-02T03:04:05Z',
    data: { product: { uuid: uuid(product) }, author: { identifier: 'ada', type: 'user' } },
    ...changes,
  })

type Delivery = {
  body?: string
  headers?: JsonObject
  inputs?: JsonObject
  leftMs?: number
  params?: JsonObject
}

/** One request as I/O Runtime hands it to a raw web action. */
function deliver({ body = event(), headers, inputs = {}, leftMs = 60_000, params = {} }: Delivery = {}) {
  process.env.__OW_DEADLINE = String(Date.now() + leftMs)
  return main({
    LOG_LEVEL: 'error',
    AKENEO_EVENT_SECRETS: `${newer}, ${older}`,
    AKENEO_CLIENT_ID: 'client-1',
    AEM_API_KEY: '',
    ...inputs,
    __ow_method: 'post',
    __ow_headers: headers ?? { 'x-akeneo-signature-primary': sign(body, newer) },
    __ow_path: '',
    __ow_query: '',
    __ow_body: Buffer.from(body).toString('base64'),
    ...params,
  })
}

const started = (): JsonObject[] => runtime.api.requests.map(({ body }) => JSON.parse(body))

test('a signed event is handed to pim-sync as a reference, with no input beside it', async () => {
  const answer = await deliver()

  expect(answer).toMatchObject({ statusCode: 200, body: { outcome: 'handed-over' } })
  expect(runtime.api.requests[0]).toMatchObject({
    path: '/api/v1/namespaces/12345-assetbridge-stage/actions/asset-bridge/pim-sync',
    query: { blocking: 'false' },
  })
  expect(started()).toEqual([{ references: [{ kind: 'uuid', value: uuid(1), changedAt }] }])
})

test('a recorded delivery that is sent again after seven days is acknowledged, and starts nothing', async () => {
  const body = event(1, { time: new Date(Date.now() - 8 * 24 * 3_600_000).toISOString() })

  expect(await deliver({ body, headers: { 'x-akeneo-signature-primary': sign(body, newer) } })).toMatchObject(
    {
      statusCode: 200,
      body: { outcome: 'ignored', reason: 'it is more than seven days old' },
    },
  )
  expect(started()).toEqual([])
})

test.each([
  ['plain text', (body: string) => body],
  ['Base64', (body: string) => Buffer.from(body).toString('base64')],
])('the body may come as %s', async (_, encode) => {
  const body = event(1, { subject: 'äöü – 灯' })
  expect(await deliver({ body, params: { __ow_body: encode(body) } })).toMatchObject({ statusCode: 200 })
})

test.each([
  ['the newest secret', { 'x-akeneo-signature-primary': sign(event(), newer) }],
  ['an older one', { 'x-akeneo-signature-primary': sign(event(), older) }],
  [
    'one that only the secondary header knows',
    {
      'x-akeneo-signature-primary': sign(event(), 'unknown'),
      'x-akeneo-signature-secondary': sign(event(), older),
    },
  ],
  ['one in a header of another case', { 'X-AKENEO-SIGNATURE-PRIMARY': sign(event(), newer) }],
])('%s opens', async (_, headers) => {
  expect(await deliver({ headers })).toMatchObject({ statusCode: 200, body: { outcome: 'handed-over' } })
})

test.each<[string, Delivery]>([
  ['no signature', { headers: {} }],
  ['no headers', { params: { __ow_headers: null } }],
  ['a made-up signature', { headers: { 'x-akeneo-signature-primary': 'a'.repeat(64) } }],
  [
    'the signature in capitals',
    { headers: { 'x-akeneo-signature-primary': sign(event(), newer).toUpperCase() } },
  ],
  ['another body', { body: event(2), headers: { 'x-akeneo-signature-primary': sign(event(1), newer) } }],
  ['a body that is cut', { params: { __ow_body: Buffer.from(event().slice(0, -1)).toString('base64') } }],
  ['no body', { params: { __ow_body: null } }],
  [
    'the old Events API',
    { headers: { 'x-akeneo-request-signature': sign(event(), newer), 'x-akeneo-request-timestamp': '1' } },
  ],
])('%s is answered 401, and nothing is started', async (_, delivery) => {
  expect(errorOf(await deliver(delivery)).statusCode).toBe(401)
  expect(runtime.api.requests).toEqual([])
})

test.each(['get', 'head', 'GET', 'HEAD'])('%s is answered 200, without any secret', async (method) => {
  const answer = await deliver({
    headers: {},
    inputs: { AKENEO_EVENT_SECRETS: '' },
    params: { __ow_method: method, __ow_body: '' },
  })
  expect(answer).toMatchObject({ statusCode: 200 })
})

test.each<[string, string]>([
  ['an unknown type', event(1, { type: 'com.akeneo.pim.v1.product.archived' })],
  [
    'a change of our own',
    event(1, { data: { product: { uuid: uuid(1) }, author: { identifier: 'client-1', type: 'api' } } }),
  ],
  ['a deleted product', event(1, { type: 'com.akeneo.pim.v1.product.deleted' })],
  [
    'a notification',
    JSON.stringify({ notification_type: 'subscription.suspended.system', subscription_id: 's' }),
  ],
  ['no JSON', 'hello'],
  ['text that could be Base64', 'abcd'],
])('%s is answered 200, and nothing is started', async (_, body) => {
  const answer = await deliver({ body, params: { __ow_body: Buffer.from(body).toString('base64') } })
  expect(answer).toMatchObject({ statusCode: 200 })
  expect(runtime.api.requests).toEqual([])
})

test('what the command line asks a receiver with is answered in the words that it looks for', async () => {
  const body = JSON.stringify({ specversion: '1.0', id: 'probe', type: 'bridge.probe' })
  expect(bodyOf(await deliver({ body })).outcome).toBe('ignored')
})

test.each<[string, JsonObject, string]>([
  ['no secret', { AKENEO_EVENT_SECRETS: '' }, 'AKENEO_EVENT_SECRETS is not set'],
  [
    'an input left open',
    { AKENEO_EVENT_SECRETS: '$AKENEO_EVENT_SECRETS' },
    'AKENEO_EVENT_SECRETS is not set',
  ],
  ['an empty list', { AKENEO_EVENT_SECRETS: ' , ' }, 'AKENEO_EVENT_SECRETS holds no secret'],
  [
    'a secret of one letter',
    { AKENEO_EVENT_SECRETS: 'x' },
    'AKENEO_EVENT_SECRETS must have 16 to 256 characters',
  ],
  ['a short one among others', { AKENEO_EVENT_SECRETS: `${newer},${'y'.repeat(15)}` }, 'must have 16 to 256'],
  ['no such policy', { PIM_SYNC_DELETED: 'burn' }, 'PIM_SYNC_DELETED must be one of'],
])('%s is our fault: 429 without a reason, which stands in the log', async (_, inputs, reason) => {
  logged.splice(0)
  const answers = [
    await deliver({ inputs, headers: {} }),
    await deliver({ inputs, headers: { 'x-akeneo-signature-primary': sign(event(), 'x') } }),
  ]

  const notReady = { error: { statusCode: 429, body: { message: 'pim-events is not ready' } } }
  expect(answers).toEqual([notReady, notReady])
  expect(logged).toHaveLength(2)
  for (const line of logged) expect(line).toMatch(new RegExp(`INPUT_INVALID.*${reason}`))
})

test('secrets of 16 characters are taken', async () => {
  const secret = 'y'.repeat(16)
  const headers = { 'x-akeneo-signature-primary': sign(event(), secret) }
  expect(await deliver({ headers, inputs: { AKENEO_EVENT_SECRETS: secret } })).toMatchObject({
    statusCode: 200,
  })
})

test.each([429, 500, 404, 403])('pim-sync that cannot be started (%d) is answered 429', async (status) => {
  runtime.api.faults.add({ fault: { kind: 'status', status } })
  expect(errorOf(await deliver()).statusCode).toBe(429)
})

test('a platform that does not answer is not waited for beyond the five seconds of Akeneo', async () => {
  runtime.api.faults.add({ fault: { kind: 'hang' } })
  const { statusCode, body } = errorOf(await deliver({ leftMs: 900 }))
  expect([statusCode, body.code]).toEqual([429, 'TIME_IS_UP'])
})

test('a crash of ours is answered 429', async () => {
  const params = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('broken')
      },
    },
  )
  expect(errorOf(await main(params)).statusCode).toBe(429)
})

test('two hundred requests at once, a fifth of them twice, are few activations, and lose no product', async () => {
  const products = Array.from({ length: 200 }, (_, n) => (n < 160 ? n : n - 160))
  const answers = await Promise.all(products.map((n) => deliver({ body: event(n) })))

  expect(new Set(answers.map((answer) => bodyOf(answer).outcome))).toEqual(new Set(['handed-over']))
  const references = started().flatMap(({ references: refs }) => (Array.isArray(refs) ? refs : []))
  expect(references.map((it) => JSON.stringify(it)).sort()).toEqual(
    Array.from({ length: 160 }, (_, n) => JSON.stringify({ kind: 'uuid', value: uuid(n), changedAt })).sort(),
  )
  expect(started().length).toBeLessThanOrEqual(2)
})

test('of two hundred requests at once that cannot be handed over, each one is told', async () => {
  runtime.api.faults.add({ times: 1000, fault: { kind: 'status', status: 429 } })
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => deliver({ body: event(n) })))
  expect(answers.every((answer) => errorOf(answer).statusCode === 429)).toBe(true)
})

test('no answer shows a secret', async () => {
  const answers = [
    await deliver(),
    await deliver({ headers: {} }),
    await deliver({ inputs: { AKENEO_EVENT_SECRETS: '' } }),
  ]
  const text = JSON.stringify(answers)
  expect([older, newer, 'runtime-secret'].filter((secret) => text.includes(secret))).toEqual([])
})

describe('a deleted product', () => {
  const deletedEvent = (product: number): string =>
    event(product, {
      type: 'com.akeneo.pim.v1.product.deleted',
      data: { product: { uuid: uuid(product), identifier: `LAMP-${product}` } },
    })

  test.each(['clear', 'mark'])('%s: it is on record before pim-sync is started with it', async (policy) => {
    const answers = await Promise.all(
      [1, 2, 2].map((n) => deliver({ body: deletedEvent(n), inputs: { PIM_SYNC_DELETED: policy } })),
    )
    expect(answers.map((answer) => bodyOf(answer).outcome)).toEqual(Array(3).fill('handed-over'))
    const [params, ...others] = started()
    expect(others).toEqual([])
    const deleted = [1, 2].map((n) => ({ kind: 'identifier', value: `LAMP-${n}` }))
    expect(params).toMatchObject({ references: [], deleted })
    expect(JSON.parse(state.value(`pending.${params?.pending}`) ?? '')).toMatchObject({
      action: 'pim-sync',
      event: { deleted },
    })
  })

  test('is handed over and on record under its own name, also when that holds the text of a secret', async () => {
    const inputs = { PIM_SYNC_DELETED: 'clear', AKENEO_PASSWORD: 'LAMP-5' }
    const answer = await deliver({ body: deletedEvent(5), inputs })
    expect(bodyOf(answer).outcome).toBe('handed-over')
    const [params] = started()
    const deleted = [{ kind: 'identifier', value: 'LAMP-5' }]
    expect(params).toMatchObject({ deleted })
    expect(JSON.parse(state.value(`pending.${params?.pending}`) ?? '')).toMatchObject({ event: { deleted } })
  })

  test('of hundreds at once with long names, each is on record whole', async () => {
    const names = Array.from({ length: 300 }, (_, n) => `${n}${'灯'.repeat(250)}`)
    const answers = await Promise.all(
      names.map((identifier, n) => {
        const body = JSON.parse(deletedEvent(n))
        const own = JSON.stringify({ ...body, data: { product: { uuid: uuid(n), identifier } } })
        const headers = { 'x-akeneo-signature-primary': sign(own, newer) }
        return deliver({ body: own, headers, inputs: { PIM_SYNC_DELETED: 'clear' } })
      }),
    )
    expect(new Set(answers.map((answer) => bodyOf(answer).outcome))).toEqual(new Set(['handed-over']))
    const recorded = started().flatMap(({ pending }) => {
      const { event: record } = JSON.parse(state.value(`pending.${pending}`) ?? '')
      return record.deleted.map((one: { value: string }) => one.value)
    })
    expect(recorded.sort()).toEqual([...names].sort())
  })

  test('a deleted model is nothing to hand over: its variants tell of themselves', async () => {
    const body = event(1, {
      type: 'com.akeneo.pim.v1.product-model.deleted',
      data: { product_model: { code: 'lamps' } },
    })
    const answer = await deliver({ body, inputs: { PIM_SYNC_DELETED: 'clear' } })
    expect([bodyOf(answer).outcome, started(), state.requests]).toEqual(['kept', [], []])
  })

  test('without the record it is answered 429, and nothing is started', async () => {
    state.faults.add({ fault: { kind: 'status', status: 403 } })
    const answer = await deliver({ body: deletedEvent(3), inputs: { PIM_SYNC_DELETED: 'clear' } })
    expect(errorOf(answer).statusCode).toBe(429)
    expect(started()).toEqual([])
  })

  test('keep, the default: nothing is asked of State', async () => {
    expect(bodyOf(await deliver({ body: deletedEvent(4) })).outcome).toBe('kept')
    await deliver()
    expect(state.requests).toEqual([])
  })
})

test('a secret is replaced while events come: not one is refused', async () => {
  const by = (primary: string, secondary?: string) => (body: string) => ({
    'x-akeneo-signature-primary': sign(body, primary),
    ...(secondary === undefined ? {} : { 'x-akeneo-signature-secondary': sign(body, secondary) }),
  })
  // As the docs have it: what we know, and who signs, one step after the other, with events of the step before late.
  const steps: [string, ((body: string) => JsonObject)[]][] = [
    [older, [by(older)]],
    [`${newer},${older}`, [by(older), by(newer, older)]],
    [newer, [by(newer, older), by(newer)]],
  ]
  let product = 0
  for (const [secrets, signers] of steps) {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        product += 1
        const body = event(product)
        const headers = signers[n % signers.length]?.(body) ?? {}
        return deliver({ body, headers, inputs: { AKENEO_EVENT_SECRETS: secrets } })
      }),
    )
    expect(new Set(answers.map((answer) => bodyOf(answer).outcome))).toEqual(new Set(['handed-over']))
  }
})

test('whatever is done to a signed delivery, it is not let through', async () => {
  const body = event()
  const right = sign(body, newer)
  const headers = (value: string): JsonObject => ({ 'x-akeneo-signature-primary': value })
  const forged: Delivery[] = [
    // The same JSON, written anew.
    { body: JSON.stringify(JSON.parse(body), null, 1), headers: headers(right) },
    { body: `${body}\n`, headers: headers(right) },
    { body: body.replace('"ev-1"', '"ev\\u002d1"'), headers: headers(right) },
    ...Array.from({ length: 64 }, (_, n) => ({ body, headers: headers(right.slice(0, n)) })),
    ...[`${right} `, `sha256=${right}`, `${right}${right}`, `0x${right}`].map((value) => ({
      body,
      headers: headers(value),
    })),
    { body, headers: headers(Buffer.from(right, 'hex').toString('base64')) },
    { body, headers: headers(right.replace(/[a-f]/, (letter) => letter.toUpperCase())) },
    { body, headers: headers(sign(body, '')), inputs: { AKENEO_EVENT_SECRETS: `,${newer},` } },
    { body, headers: { 'x-akeneo-signature': right, 'x-akeneo-signature-tertiary': right } },
  ]
  for (const delivery of forged) expect(errorOf(await deliver(delivery)).statusCode).toBe(401)
  expect(runtime.api.requests).toEqual([])
})

test.each(Object.entries(foreignEvents()))(
  'a signed event that is for others is acknowledged, and nothing is handed over: %s',
  async (_, foreign) => {
    const { outcome, reason } = bodyOf(await deliver({ body: JSON.stringify(foreign) }))
    expect({ outcome, reason }).toEqual({ outcome: 'ignored', reason: expect.stringMatching(/^it /) })
    expect(runtime.api.requests).toEqual([])
  },
)
