import fc from 'fast-check'
import { createRedactor } from '../../src/core/redaction'
import { workId } from '../../src/delivery/dead-letters'
import { eventRecord } from '../../src/delivery/event-record'
import { decodeEvent, eventKey, eventTime, readEvent } from '../../src/events/decode'
import { readDelivery } from '../../src/events/event-params'
import { isMalformed, processingCompleted } from './fixtures'

type Fields = Record<string, unknown>

/** `asset_published` in the default format of the event proxy; values invented. */
const proxied = (changes: Fields = {}, body: Fields = {}, object: Fields = {}): Fields => ({
  specversion: '1.0',
  source: 'urn:uuid:00000000-0000-0000-0000-0000000000aa',
  type: 'asset_published',
  id: 'ce-1',
  eventid: 'd-1',
  event_id: 'd-1',
  data: {
    '@id': 'urn:oeid:aem:00000000-0000-0000-0000-0000000000bb',
    '@type': 'xdmPublished',
    'xdmEventEnvelope:objectType': 'xdmAsset',
    'activitystreams:published': '2030-01-02T03:04:05.123-08',
    'activitystreams:generator': {
      'xdmContentRepository:root': 'https://author-p1-e1.adobeaemcloud.com/',
    },
    'activitystreams:object': {
      '@type': 'xdmAsset',
      'xdmAsset:asset_id': 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
      'xdmAsset:path': '/content/dam/shop/lamp.png',
      ...object,
    },
    ...body,
  },
  ...changes,
})
const bodyOf = ({ data }: Fields): Fields => ({ ...(typeof data === 'object' ? data : {}) })
const old = (body: Fields, id?: string): Fields => ({ ...(id && { event_id: id, eventid: id }), event: body })

describe('an event of the event proxy in its default format', () => {
  test('says what happened in its own type, to which asset, where and when', () => {
    expect(decodeEvent(proxied())).toEqual({
      key: { source: 'urn:uuid:00000000-0000-0000-0000-0000000000aa', id: 'ce-1' },
      type: 'xdmPublished',
      host: 'author-p1-e1.adobeaemcloud.com',
      assetId: 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
      path: '/content/dam/shop/lamp.png',
      assetClass: undefined,
      time: Date.parse('2030-01-02T11:04:05.123Z'),
      tier: undefined,
    })
  })

  test.each([
    ['xdmPublished', 'published'],
    ['xdmUnpublished', 'unpublished'],
    ['xdmDeleted', 'deleted'],
    ['xdmCreated', 'created'],
    ['xdmUpdated', 'updated'],
  ] as const)('%s is %s, whatever its CloudEvent is called', (type, happening) => {
    for (const named of ['asset_published', 'asset_deleted', 'x', 'aem.assets.asset.processing_completed']) {
      expect(readEvent(proxied({ type: named }, { '@type': type }), [happening])).toMatchObject({
        happening,
        event: { type },
      })
    }
  })

  test('has the time of its CloudEvent where it has none of its own', () => {
    const event = proxied({ time: '2030-01-02T03:04:05Z' }, { 'activitystreams:published': undefined })
    expect([decodeEvent(event).time, eventTime(event)]).toEqual(Array(2).fill(Date.UTC(2030, 0, 2, 3, 4, 5)))
  })
})

describe('the key', () => {
  const nameless = { '@id': 'N/A' }
  const other = { 'xdmAsset:path': '/content/dam/shop/sofa.png' }

  test.each<[string, Fields, string]>([
    ['the CloudEvents id', proxied(), 'ce-1'],
    ['the CloudEvents id, when the other is N/A', proxied({}, nameless), 'ce-1'],
    ['the @id in the older format', old(bodyOf(proxied({}, { '@id': 'x-1' })), 'd-1'), 'x-1'],
    ['the @id when the CloudEvents id is N/A', proxied({ id: ' n/a' }, { '@id': 'x-1' }), 'x-1'],
    ['the delivery id, when the @id is N/A', old(bodyOf(proxied({}, nameless)), 'd-1'), 'd-1'],
    ['the delivery id around an entry', { event: old(bodyOf(proxied({}, nameless)), 'd-2') }, 'd-2'],
  ])('is %s', (_, event, id) => {
    expect(eventKey(event).id).toBe(id)
    expect(decodeEvent(event).key).toEqual(eventKey(event))
  })

  test('of two assets is never the same, though both events have the @id N/A', () => {
    const events = [
      proxied({}, nameless),
      proxied({ id: 'ce-2' }, nameless, other),
      proxied({ id: 'ce-2', source: 'urn:uuid:other' }, nameless, other),
      old(bodyOf(proxied({}, nameless)), 'd-1'),
      old(bodyOf(proxied({}, nameless, other)), 'd-2'),
      old(bodyOf(proxied({}, nameless))),
      old(bodyOf(proxied({}, nameless, other))),
    ]
    const ids = events.map((event) => workId(eventKey(event), event))
    expect(new Set(ids).size).toBe(events.length)
  })
})

test.each([
  ['2030-01-02T03:04:05.123-08', '2030-01-02T11:04:05.123Z'],
  ['2030-01-02T03:04:05.123-0800', '2030-01-02T11:04:05.123Z'],
  ['2030-01-02T03:04:05.123+05:30', '2030-01-01T21:34:05.123Z'],
  ['2030-01-02T03:04:05.123+0530', '2030-01-01T21:34:05.123Z'],
  ['2030-01-02T03:04:05+01', '2030-01-02T02:04:05.000Z'],
  ['2030-01-02T03:04:05.123Z', '2030-01-02T03:04:05.123Z'],
  ['2030-01-02T03:04:05Z', '2030-01-02T03:04:05.000Z'],
  ['2030-01-02T03:04:05.1Z', '2030-01-02T03:04:05.100Z'],
  ['2030-01-02T03:04:05.123456789-08', '2030-01-02T11:04:05.123Z'],
  ['2030-01-02T03:04:05.123456Z', '2030-01-02T03:04:05.123Z'],
  ['2030-01-02 03:04:05.123', '2030-01-02T03:04:05.123Z'],
  [' 2030-01-02T03:04:05z ', '2030-01-02T03:04:05.000Z'],
])('the time %s is %s', (written, instant) => {
  const time = Date.parse(instant)
  const native = { ...processingCompleted(), time: written }
  const body = { 'activitystreams:published': written }
  for (const event of [native, proxied({}, body), old(bodyOf(proxied({}, body)))]) {
    expect(decodeEvent(event).time).toBe(time)
    expect(eventTime(event)).toBe(time)
  }
})

test.each([
  [''],
  ['soon'],
  ['2030-13-02T03:04:05Z'],
  ['2030-01-02T03:04:05-99:99'],
  ['-000001-01-01T00:00:00Z'],
  ['+275760-09-13T00:00:00Z'],
  [7],
  [null],
  [{}],
  [[]],
])('what is written as %j is no time', (written) => {
  expect(decodeEvent(proxied({}, { 'activitystreams:published': written })).time).toBeUndefined()
  expect(eventTime({ time: written })).toBeUndefined()
})

/** What is around an event on its way: nothing of it changes what the event says. */
const wrappings: readonly ((event: Fields) => Fields)[] = [
  (event) => event,
  (event) => ({ event }),
  (event) => ({ position: 'rabbit:1:2', event }),
  (event) => ({ event_id: 'd-9', eventid: 'd-9', recipient_client_id: 'c-1', event }),
]
const wrapping = fc.constantFrom(...wrappings)

describe('the same event in any wrapping', () => {
  const native = fc.record({
    id: fc.string({ minLength: 1 }).filter((id) => id.trim() !== '' && !/n\/a/i.test(id)),
    path: fc.string().map((name) => `/content/dam/${name}.png`),
    type: fc.constantFrom('published', 'unpublished', 'deleted', 'processing_completed', 'moved', 'sung_to'),
    verb: fc.constantFrom('Published', 'Unpublished', 'Deleted', 'Created', 'Updated'),
    hours: fc.integer({ min: -12, max: 14 }),
  })
  type Case = { id: string; path: string; type: string; verb: string; hours: number }
  const cloudEvent = ({ id, path, type }: Case): Fields => ({
    ...processingCompleted(),
    id,
    type: `aem.assets.asset.${type}`,
    data: { assetId: 'urn:aaid:aem:1', repositoryMetadata: { 'repo:path': path } },
  })
  const offset = (hours: number) => `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}`
  const xdm = ({ id, path, verb, hours }: Case): Fields => ({
    ...bodyOf(proxied({}, {}, { 'xdmAsset:path': path })),
    '@id': id,
    '@type': `xdm${verb}`,
    'activitystreams:published': `2030-01-02T03:04:05.123${offset(hours)}`,
  })

  test('is the same event with the same key', () => {
    fc.assert(
      fc.property(native, wrapping, wrapping, (one, first, second) => {
        for (const event of [cloudEvent(one), xdm(one), { ...proxied(), id: one.id, data: xdm(one) }]) {
          const expected = decodeEvent(event)
          expect(expected.path).toBe(one.path)
          for (const wrapped of [first(event), first(second(event))]) {
            expect(decodeEvent(wrapped)).toEqual(expected)
            expect(eventKey(wrapped)).toEqual(expected.key)
            expect(eventTime(wrapped)).toBe(expected.time)
          }
        }
      }),
    )
  })

  test('and so is an XDM body in a CloudEvent, but for the key, which is that of the CloudEvent', () => {
    fc.assert(
      fc.property(native, (one) => {
        const { key, ...rest } = decodeEvent(proxied({ data: xdm(one) }))
        expect(rest).toEqual({ ...decodeEvent(xdm(one)), key: undefined })
        expect(key.id).toBe('ce-1')
        expect(decodeEvent(proxied({ id: undefined, data: xdm(one) })).key).toEqual(decodeEvent(xdm(one)).key)
      }),
    )
  })

  test('arrives whole beside the inputs of an action', () => {
    fc.assert(
      fc.property(native, wrapping, (one, wrap) => {
        for (const event of [cloudEvent(one), xdm(one), proxied({ data: xdm(one) })]) {
          const params = { ...wrap(event), LOG_LEVEL: 'info', __ims_oauth_s2s: { client_id: 'LOG_LEVEL' } }
          const [received] = readDelivery(params).events
          expect(decodeEvent(received)).toEqual(decodeEvent(wrap(event)))
          expect(JSON.stringify(received)).not.toContain('LOG_LEVEL')
        }
      }),
    )
  })

  test('is named by its record as by itself, though a secret stands in its path', () => {
    const redactor = createRedactor(['known-secret'])
    fc.assert(
      fc.property(native, wrapping, (one, wrap) => {
        const secret = { ...one, path: `/content/dam/known-secret${one.path}`, type: 'published' }
        for (const event of [cloudEvent(secret), xdm(secret), proxied({ data: xdm(secret) })]) {
          const record = JSON.parse(
            JSON.stringify(eventRecord(wrap({ ...event, note: 'known-secret' }), redactor)),
          )
          expect(decodeEvent(record)).toEqual(decodeEvent(wrap(event)))
          expect(JSON.stringify(record)).not.toContain('"known-secret"')
        }
      }),
    )
  })
})

describe('a half-formed or hostile event', () => {
  const names = ['event', 'data', 'type', 'id', 'source', '@type', '@id', '__proto__', 'constructor']
  const xdmNames = ['activitystreams:object', 'activitystreams:published', 'xdmEventEnvelope:objectType']
  const anything = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom<unknown>(
        'N/A',
        'xdmPublished',
        'aem.assets.asset.published',
        undefined,
        null,
        proxied(),
      ),
      fc.dictionary(fc.constantFrom(...names, ...xdmNames), tie('value'), { maxKeys: 6 }),
    ),
  })).value

  test('is read, ignored with a reason or refused for good; it always has a key', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (raw) => {
        const { source, id } = eventKey(raw)
        expect([typeof source, typeof id, typeof (eventTime(raw) ?? 0)]).toEqual([
          'string',
          'string',
          'number',
        ])
        try {
          const { ignored } = readEvent(raw, ['processed', 'published'])
          expect(ignored === undefined || ignored.reason !== '').toBe(true)
          expect((ignored?.eventType ?? '').length).toBeLessThanOrEqual(100)
          return true
        } catch (thrown) {
          return isMalformed(thrown)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test('that holds itself is refused, and has a key', () => {
    const round: Fields = { id: 'r', eventid: 'd-1' }
    round.event = round
    expect([eventKey(round).id, eventTime(round)]).toEqual(['r', undefined])
    expect(() => readEvent(round, ['published'])).toThrow(
      expect.objectContaining({ code: 'EVENT_MALFORMED' }),
    )
  })

  test.each<[string, Fields]>([
    ['a CloudEvent of AEM without an asset', { ...processingCompleted(), data: {} }],
    [
      'XDM about an asset that it does not name',
      proxied({}, {}, { 'xdmAsset:asset_id': 'N/A', 'xdmAsset:path': '' }),
    ],
  ])('%s is ours, and read', (_, raw) => {
    expect(readEvent(raw, ['processed', 'published']).ignored).toBeUndefined()
  })

  test.each<[string, unknown]>([
    ['XDM without a type', proxied({}, { '@type': undefined })],
    ['an asset without a type', { data: { assetId: 'urn:aaid:aem:1' } }],
    ['an asset without a type in an entry', { event: { data: { repositoryMetadata: {} } } }],
    ['a type that is none', { id: '1', type: 7 }],
    ['nothing', null],
  ])('%s is ours, and malformed', (_, raw) => {
    expect(() => readEvent(raw, ['published'])).toThrow(expect.objectContaining({ code: 'EVENT_MALFORMED' }))
  })
})
