import fc from 'fast-check'
import { createAuthorHosts } from '../../src/aem/author-host'
import { decodeCloudEvent, requireAsset } from '../../src/events/cloud-event'
import { eventKey } from '../../src/events/decode'
import { isMalformed, processingCompleted, withRepository } from './fixtures'

const assetId = 'urn:aaid:aem:00000000-0000-0000-0000-000000000001'

describe('an event of AEM Assets', () => {
  test('says which asset it is about, where that is, and what makes it the same event again', () => {
    expect(decodeCloudEvent(processingCompleted())).toEqual({
      key: { source: 'acct:aem-p1-e2@adobe.com', id: 'ev-1' },
      type: 'aem.assets.asset.processing_completed',
      host: 'author-p1-e2.adobeaemcloud.com',
      assetId,
      path: '/content/dam/shop/lamp (1).png',
      assetClass: 'file',
      time: Date.parse('2030-01-02T03:04:05.123Z'),
      tier: undefined,
    })
  })

  test.each([['1024'], [1024], [undefined], [null]])('is taken with the size %j', (size) => {
    expect(decodeCloudEvent(withRepository({ 'repo:size': size })).assetId).toBe(assetId)
  })

  test.each<[string, unknown, unknown, string | undefined]>([
    ['in the data only', 'urn:aaid:aem:1', undefined, 'urn:aaid:aem:1'],
    ['in the repository metadata only', undefined, 'urn:aaid:aem:2', 'urn:aaid:aem:2'],
    ['in both places', 'urn:aaid:aem:1', 'urn:aaid:aem:2', 'urn:aaid:aem:1'],
    ['N/A in the data', 'N/A', 'urn:aaid:aem:2', 'urn:aaid:aem:2'],
    ['N/A in both places', 'N/A', ' N/A ', undefined],
    ['blank in both places', '', ' ', undefined],
    ['no text in the data', 7, 'urn:aaid:aem:2', 'urn:aaid:aem:2'],
    ['in neither place', undefined, undefined, undefined],
  ])('has its asset id %s', (_name, inData, inRepository, expected) => {
    const event = withRepository({ 'repo:assetId': inRepository }, {}, { assetId: inData })
    expect(decodeCloudEvent(event).assetId).toBe(expected)
  })

  test.each<[string, string | undefined]>([
    ['acct:aem-p12-e345@adobe.com', 'author-p12-e345.adobeaemcloud.com'],
    ['acct:aem-cmstg-p12-e345@adobe.com', 'author-p12-e345-cmstg.adobeaemcloud.com'],
    ['author-p1-e2.adobeaemcloud.com', 'author-p1-e2.adobeaemcloud.com'],
    ['https://author-p1-e2.adobeaemcloud.com/', 'author-p1-e2.adobeaemcloud.com'],
    ['127.0.0.1:4502', '127.0.0.1:4502'],
    ['urn:uuid:00000000-0000-0000-0000-000000000001', undefined],
    ['URN:UUID:00000000-0000-0000-0000-000000000001', undefined],
    ['', undefined],
    [' ', undefined],
  ])('without a repository id gets its host from the source %j: %j', (source, host) => {
    expect(decodeCloudEvent(withRepository({ 'repo:repositoryId': undefined }, { source })).host).toBe(host)
  })

  test.each<[unknown]>([
    ['acct:aem-p1-e2@adobe.com.evil.test'],
    ['acct:aem-p1-e2@adobe.com\n'],
    ['acct:aem-p1/../-e2@adobe.com'],
    ['acct:aem-p1-e2-rde@adobe.com'],
    ['author-p1-e2.adobeaemcloud.com/evil'],
    ['author-p1@evil.test'],
    ['/content/dam'],
    [7],
    [['urn:uuid:1']],
  ])('without a repository id, and with the source %j, is not taken for one that names none', (source) => {
    const event = decodeCloudEvent(withRepository({ 'repo:repositoryId': undefined }, { source }))
    const hosts = createAuthorHosts(['https://author-p1-e2.adobeaemcloud.com'])
    expect(() => hosts.resolve(event.host)).toThrow(expect.objectContaining({ code: 'HOST_NOT_ALLOWED' }))
  })

  test('without a source and a repository id names no host', () => {
    for (const source of [undefined, null])
      expect(
        decodeCloudEvent(withRepository({ 'repo:repositoryId': undefined }, { source })).host,
      ).toBeUndefined()
  })

  test.each([[42], [''], [{ host: 'x' }], [['author-p1-e2.adobeaemcloud.com']], [false]])(
    'that names the host %j does not get another one instead: the allow-list is to refuse it',
    (host) => {
      expect(decodeCloudEvent(withRepository({ 'repo:repositoryId': host })).host).toEqual(host)
    },
  )

  test.each<[string, object, object]>([
    ['the CloudEvents id', { id: 'a', eventid: 'b', event_id: 'c' }, { id: 'a' }],
    ['the delivery id by its new name', { eventid: 'b', event_id: 'c' }, { id: 'b' }],
    ['the delivery id by its old name', { event_id: 'c' }, { id: 'c' }],
    ['the delivery id when the id is blank', { id: ' ', eventid: '', event_id: 'c' }, { id: 'c' }],
    ['nothing', {}, { id: '' }],
  ])('is the same event again by %s', (_name, ids, key) => {
    expect(eventKey({ source: 's', ...ids })).toEqual({ source: 's', ...key })
    expect(decodeCloudEvent({ source: 's', type: 't', ...ids }).key).toEqual({ source: 's', ...key })
  })

  test('of an unknown type, or without data, is decoded all the same', () => {
    expect(decodeCloudEvent({ type: 'aem.assets.asset.sung_to' })).toMatchObject({
      type: 'aem.assets.asset.sung_to',
      assetId: undefined,
      path: undefined,
    })
  })

  test.each([
    [undefined],
    [null],
    [7],
    ['text'],
    [[]],
    [{}],
    [{ type: '' }],
    [{ type: 7 }],
    [{ type: null }],
  ])('is not %j: that can never work', (raw) => {
    expect(() => decodeCloudEvent(raw)).toThrow(
      expect.objectContaining({ code: 'EVENT_MALFORMED', failureClass: 'permanent' }),
    )
  })

  test('needs an asset id or a path', () => {
    const decoded = decodeCloudEvent(processingCompleted())
    expect(() => requireAsset({ ...decoded, assetId: undefined })).not.toThrow()
    expect(() => requireAsset({ ...decoded, path: undefined })).not.toThrow()
    expect(() => requireAsset({ ...decoded, assetId: undefined, path: undefined })).toThrow(
      expect.objectContaining({ code: 'EVENT_MALFORMED' }),
    )
  })
})

type Path = readonly string[]

const pathsOf = (value: unknown, path: Path = []): Path[] =>
  typeof value !== 'object' || value === null
    ? [path]
    : [path, ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, [...path, name]))]

function replaced(value: unknown, [name, ...rest]: Path, replacement: unknown): unknown {
  if (name === undefined) return replacement
  const members = Object.entries(typeof value === 'object' && value !== null ? value : {})
  const others = members.filter(([member]) => member !== name)
  const old = members.find(([member]) => member === name)?.[1]
  return Object.fromEntries([...others, [name, replaced(old, rest, replacement)]])
}

const nasty = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', ' ', 'N/A', 0, -0, Number.NaN, 1e308, true, [], {}),
  fc.constantFrom<unknown>('__proto__', 'a'.repeat(100_000), '\u0000', '\ud800', '$NAME', 1n, Symbol('x')),
  fc.constantFrom<unknown>(() => 'x', new Date(0), new Map([['a', 1]]), Object.create({ type: 'inherited' })),
  fc.constant(JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {}}}')),
  fc.anything({ maxDepth: 3 }),
)

describe('whatever comes in', () => {
  const mutation = fc.tuple(fc.constantFrom(...pathsOf(processingCompleted())), nasty)
  const payload: fc.Arbitrary<[Path, unknown][]> = fc.oneof(
    { weight: 9, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.anything().map((value): [Path, unknown][] => [[[], value]]) },
  )

  test('the decoder gives an event whose parts are what they seem, or a permanent error', () => {
    let decoded = 0
    let refused = 0
    const isText = (value: unknown) =>
      value === undefined || (typeof value === 'string' && value.trim() !== '')
    fc.assert(
      fc.property(payload, (mutations) => {
        const raw = mutations.reduce<unknown>(
          (value, [path, replacement]) => replaced(value, path, replacement),
          processingCompleted(),
        )
        try {
          const { type, key, assetId, path, assetClass } = decodeCloudEvent(raw)
          decoded += 1
          return (
            [assetId, path, assetClass].every(isText) &&
            [type, key.id, key.source].every((it) => typeof it === 'string') &&
            assetId !== 'N/A'
          )
        } catch (thrown) {
          refused += 1
          return isMalformed(thrown)
        }
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(decoded, refused)).toBeGreaterThan(500)
    expect(Object.prototype).not.toHaveProperty('polluted')
  })
})
