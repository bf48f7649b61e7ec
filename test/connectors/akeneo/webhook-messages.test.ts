import fc from 'fast-check'
import { akeneoWebhook } from '../../../src/connectors/akeneo/webhook'

const uuid = '00000000-0000-0000-0000-0000000000AB'
const event = (type: string, data: unknown) => ({
  specversion: '1.0',
  id: 'ev-9',
  source: 'pim',
  type: `com.akeneo.pim.v1.${type}`,
  subject: 'sub-1',
  time: '2030-01-02T03:04:05Z',
  data,
})
const now = Date.parse('2030-01-02T03:04:06Z')
const decode = (message: unknown, ownNames: string[] = []) =>
  akeneoWebhook.decode(Buffer.from(JSON.stringify(message)), { ownNames, now })
const user = { identifier: 'ada', type: 'user' }

test.each([
  // It was written before the event was made: how long before, nobody knows.
  ['product.created', '2030-01-02T03:04:00Z'],
  ['product.updated', '2030-01-02T03:04:00Z'],
  ['product.updated.delta', '2030-01-02T03:04:01Z'],
  ['product.became-complete', undefined],
  ['product.became-incomplete', undefined],
])('%s names a product by its uuid, and tells that it changed at %s', (type, at) => {
  const updatedAt = { date: '2030-01-02 03:04:01.234567', timezone: 'UTC' }
  const product = { uuid, identifier: 'LAMP-7', ...(type.endsWith('delta') ? { updated_at: updatedAt } : {}) }
  expect(decode(event(type, { product, author: user }))).toEqual({
    kind: 'changed',
    id: 'ev-9',
    type: `com.akeneo.pim.v1.${type}`,
    ref: {
      kind: 'uuid',
      value: uuid.toLowerCase(),
      ...(at === undefined ? {} : { changedAt: Date.parse(at) }),
    },
  })
})

test.each([
  ['a time that is none', { time: 'yesterday' }],
  ['no time', { time: undefined }],
  ['a time of another zone', { type: 'com.akeneo.pim.v1.product.updated.delta' }],
])('with %s it only names the product', (_, changes) => {
  const product = { uuid, updated_at: { date: '2030-01-02 03:04:01.234567', timezone: 'Europe/Paris' } }
  expect(decode({ ...event('product.updated', { product }), ...changes })).toMatchObject({
    kind: 'changed',
    ref: { kind: 'uuid', value: uuid.toLowerCase() },
  })
  expect(decode({ ...event('product.updated', { product }), ...changes })).not.toHaveProperty('ref.changedAt')
})

test.each([
  [
    { uuid, identifier: 'LAMP-7' },
    { kind: 'identifier', value: 'LAMP-7' },
  ],
  [{ uuid }, { kind: 'uuid', value: uuid.toLowerCase() }],
])('a deleted product %j goes by what assets call it', (product, ref) => {
  expect(decode(event('product.deleted', { product, author: user }))).toMatchObject({ kind: 'deleted', ref })
})

test.each([
  ['product-model.created', 'changed'],
  ['product-model.updated', 'changed'],
  ['product-model.updated.delta', 'changed'],
  ['product-model.deleted', 'deleted'],
])('%s names a model by its code, in either place: %s', (type, kind) => {
  const ref = { kind: 'model', value: 'lamps_2030' }
  expect(decode(event(type, { product_model: { code: 'lamps_2030' } }))).toMatchObject({ kind, ref })
  expect(decode(event(type, { product: { code: 'lamps_2030' } }))).toMatchObject({ kind, ref })
})

test('a product without a uuid goes by its identifier', () => {
  expect(decode(event('product.updated', { product: { identifier: 'LAMP-7' } }))).toMatchObject({
    ref: { kind: 'identifier', value: 'LAMP-7' },
  })
})

test('what this app has changed itself is left alone, what others changed is not', () => {
  const by = (author: unknown) =>
    decode(event('product.updated', { product: { uuid }, author }), ['client-1', 'bridge_1']).kind

  expect(by({ identifier: 'client-1', type: 'api' })).toBe('ignored')
  expect(by({ identifier: 'bridge_1', type: 'api' })).toBe('ignored')
  expect(by({ identifier: 'client-2', type: 'api' })).toBe('changed')
  expect(by({ identifier: 'client-1', type: 'user' })).toBe('changed')
  expect(by(undefined)).toBe('changed')
  expect(by('client-1')).toBe('changed')
})

test.each([
  ['subscription.suspended.system', 'alert', 'suspended'],
  ['subscription.suspended.user', 'alert', 'suspended'],
  ['subscription.revoked', 'alert', 'revoked'],
  ['subscription.resumed', 'notice', 'resumed'],
])('the notification %s is an %s', (type, kind, word) => {
  const notice = {
    notification_type: type,
    subscription_id: 'sub-1',
    reason: 'too many errors',
    events: ['a'],
  }
  expect(decode(notice)).toMatchObject({ kind, id: 'sub-1', type, message: expect.stringContaining(word) })
})

test('the end of the App or connection is an alert', () => {
  expect(decode(event('app.deleted', { app: { client_id: 'client-1' } })).kind).toBe('alert')
  expect(decode(event('connection.deleted', { connection: { client_id: 'c' } })).kind).toBe('alert')
})

test.each([
  ['a type newer than this app', event('product.archived', { product: { uuid } })],
  ['a type that changes no product', event('category.updated', { category: { code: 'a' } })],
  ['a type of somebody else', { ...event('', {}), type: 'product.updated' }],
  ['no data', event('product.updated', undefined)],
  ['a uuid that is none', event('product.updated', { product: { uuid: '../..' } })],
  ['a code of no end', event('product-model.updated', { product_model: { code: 'x'.repeat(256) } })],
  ['no type', { id: 'ev-1' }],
  ['an unknown notification', { notification_type: 'subscription.renamed' }],
  ['a list', []],
  ['the old Events API', { events: [{ action: 'product.updated', event_id: 'e' }] }],
])('%s is acknowledged and left alone', (_, message) => {
  expect(decode(message)).toMatchObject({ kind: 'ignored', reason: expect.stringMatching(/^it /) })
})

test('whatever comes, it never throws, and shows little of it', () => {
  const types = fc.constantFrom('product.updated', 'product-model.updated', 'product.deleted', 'app.deleted')
  const messages = fc.oneof(
    fc.anything(),
    fc.record({ type: types.map((type) => `com.akeneo.pim.v1.${type}`), data: fc.anything() }),
    fc.record({ notification_type: fc.string({ maxLength: 500 }), reason: fc.anything() }),
  )
  fc.assert(
    fc.property(messages, (message) => {
      let text: string | undefined
      try {
        text = JSON.stringify(message)
      } catch {
        text = undefined
      }
      const decoded = akeneoWebhook.decode(Buffer.from(text ?? ''), { ownNames: ['client-1'], now })
      expect(['changed', 'deleted', 'alert', 'notice', 'ignored']).toContain(decoded.kind)
      expect(JSON.stringify(decoded).length).toBeLessThan(3000)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (body) => {
      expect(akeneoWebhook.decode(body, { ownNames: [], now }).kind).toBe('ignored')
    }),
  )
})

describe('a message that says itself how old it is', () => {
  const week = 7 * 24 * 3_600_000
  const at = (ms: number): string => new Date(now - ms).toISOString()
  const messages = (time: string) => [
    { ...event('product.updated', { product: { uuid } }), time },
    { ...event('product.deleted', { product: { uuid, identifier: 'LAMP-7' } }), time },
    { ...event('app.deleted', {}), time },
    { notification_type: 'subscription.suspended.system', timestamp: time },
  ]

  test('is ignored once it is more than seven days old, for its signature holds for ever', () => {
    for (const message of messages(at(week + 1)))
      expect(decode(message)).toMatchObject({ kind: 'ignored', reason: 'it is more than seven days old' })
  })

  test('counts until then, and from a clock that is ahead', () => {
    for (const time of [at(week), at(-week)])
      for (const message of messages(time)) expect(decode(message).kind).not.toBe('ignored')
  })
})
