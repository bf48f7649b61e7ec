import fc from 'fast-check'
import { createAuthorHosts } from '../../src/aem/author-host'
import { requireAsset } from '../../src/events/cloud-event'
import { decodeEvent, eventKey, publicationOf } from '../../src/events/decode'
import { isMalformed, processingCompleted } from './fixtures'

const assetId = 'urn:aaid:aem:00000000-0000-0000-0000-000000000001'
const path = '/content/dam/shop/lamp (1).png'

type Fields = Record<string, unknown>

/** What the event proxy sends; values invented. Through JSON, so undefined leaves a member out. */
const xdm = (object: Fields = {}, body: Fields = {}): Fields =>
  JSON.parse(
    JSON.stringify({
      '@id': 'ev-2',
      '@type': 'xdmPublished',
      'xdmEventEnvelope:objectType': 'xdmAsset',
      'activitystreams:published': '2030-01-02T03:04:05Z',
      'activitystreams:to': { 'xdmImsOrg:id': 'ORG@AdobeOrg', '@type': 'xdmImsOrg' },
      'activitystreams:generator': {
        'xdmContentRepository:root': 'https://author-p1-e2.adobeaemcloud.com/',
        '@type': 'xdmContentRepository',
      },
      'activitystreams:actor': { 'xdmAemUser:id': 'admin', '@type': 'xdmAemUser' },
      'activitystreams:object': {
        '@type': 'xdmAsset',
        'xdmAsset:asset_id': assetId,
        'xdmAsset:asset_name': 'lamp (1).png',
        'xdmAsset:etag': '0a1b',
        'xdmAsset:path': path,
        'xdmAsset:format': 'image/png',
        ...object,
      },
      '@context': {},
      ...body,
    }),
  )
const withRoot = (root: unknown): Fields =>
  xdm({}, { 'activitystreams:generator': { 'xdmContentRepository:root': root } })
const delivered = (body: Fields): Fields => ({
  event_id: 'd-2',
  eventid: 'd-2',
  recipient_client_id: 'c-1',
  event: body,
})

describe('an event of the event proxy', () => {
  test.each([
    ['bare', xdm()],
    ['as I/O Events delivers it', delivered(xdm())],
    ['as a journal holds it', { position: 'rabbit:1:2', event: xdm() }],
  ])('is decoded %s, with the same key', (_, raw) => {
    expect(decodeEvent(raw)).toEqual({
      key: { source: 'https://author-p1-e2.adobeaemcloud.com/', id: 'ev-2' },
      type: 'xdmPublished',
      host: 'author-p1-e2.adobeaemcloud.com',
      assetId,
      path,
      assetClass: undefined,
      time: Date.parse('2030-01-02T03:04:05.000Z'),
      tier: undefined,
    })
    expect(eventKey(raw)).toEqual({ source: 'https://author-p1-e2.adobeaemcloud.com/', id: 'ev-2' })
  })

  test.each([['N/A'], [' N/A '], ['n/a'], [''], [undefined], [null], [7], ['lamp.png']])(
    'with the id %j is about its path',
    (id) => {
      const event = decodeEvent(xdm({ 'xdmAsset:asset_id': id }))
      expect(event).toMatchObject({ assetId: undefined, path })
      expect(() => requireAsset(event)).not.toThrow()
    },
  )

  test('with neither an id nor a path names no asset', () => {
    const nameless = xdm({ 'xdmAsset:asset_id': 'N/A', 'xdmAsset:path': undefined })
    expect(() => requireAsset(decodeEvent(nameless))).toThrow(
      expect.objectContaining({ code: 'EVENT_MALFORMED', failureClass: 'permanent' }),
    )
  })

  test('takes its delivery id where it has none of its own', () => {
    expect(eventKey(delivered(xdm({}, { '@id': undefined }))).id).toBe('d-2')
    expect(eventKey({ event_id: 'd-3', event: xdm({}, { '@id': '' }) }).id).toBe('d-3')
  })

  test('without a type is refused, and one about a page is nothing that is known', () => {
    expect(() => decodeEvent(xdm({}, { '@type': undefined }))).toThrow(
      expect.objectContaining({ code: 'EVENT_MALFORMED', failureClass: 'permanent' }),
    )
    const page = decodeEvent(xdm({ '@type': 'xdmComponentizedPage' }))
    expect(publicationOf(page.type)).toBeUndefined()
    expect(page.type).toContain('xdmComponentizedPage')
    expect(publicationOf(decodeEvent(xdm({ '@type': undefined })).type)).toBe('published')
  })

  test.each([
    ['https://author-p1-e2.adobeaemcloud.com/', 'https://author-p1-e2.adobeaemcloud.com'],
    ['https://author-p1-e2.adobeaemcloud.com', 'https://author-p1-e2.adobeaemcloud.com'],
    ['https://AUTHOR-p1-e2.adobeaemcloud.com/', 'https://author-p1-e2.adobeaemcloud.com'],
    ['https://author-p1-e2.adobeaemcloud.com:443/', 'https://author-p1-e2.adobeaemcloud.com'],
    ['http://127.0.0.1:4502/', 'http://127.0.0.1:4502'],
    [undefined, 'https://author-p1-e2.adobeaemcloud.com'],
    ['', 'https://author-p1-e2.adobeaemcloud.com'],
  ])('from the repository %j belongs to %s', (root, origin) => {
    const hosts = createAuthorHosts(['https://author-p1-e2.adobeaemcloud.com', 'http://127.0.0.1:4502'])
    expect(hosts.resolve(decodeEvent(withRoot(root)).host)).toBe(origin)
  })

  test.each([
    ['https://evil.example/'],
    ['https://author-p1-e2.adobeaemcloud.com@evil.example/'],
    ['https://author-p1-e2.adobeaemcloud.com/evil'],
    ['https://author-p1-e2.adobeaemcloud.com?evil'],
    ['https://author-p1-e2.adobeaemcloud.com\\@evil.example/'],
    ['//evil.example/'],
    ['ftp://author-p1-e2.adobeaemcloud.com/'],
    [42],
    [{ host: 'author-p1-e2.adobeaemcloud.com' }],
  ])('from the repository %j is refused', (root) => {
    const hosts = createAuthorHosts(['https://author-p1-e2.adobeaemcloud.com'])
    expect(() => hosts.resolve(decodeEvent(withRoot(root)).host)).toThrow(
      expect.objectContaining({ code: 'HOST_NOT_ALLOWED', failureClass: 'permanent' }),
    )
  })
})

test('an event of the event proxy without a repository belongs to the author that its delivery names', () => {
  const hosts = createAuthorHosts(['https://author-p1-e2.adobeaemcloud.com'])
  const origin = (source: unknown) => hosts.resolve(decodeEvent({ ...withRoot(undefined), source }).host)
  expect(origin('urn:uuid:00000000-0000-0000-0000-000000000001')).toBe(hosts.origins[0])
  expect(() => origin('acct:aem-p9-e9@adobe.com')).toThrow(
    expect.objectContaining({ code: 'HOST_NOT_ALLOWED' }),
  )
})

describe('either kind', () => {
  test('a CloudEvent is decoded bare or under `event`, with the same key', () => {
    const bare = processingCompleted()
    expect(decodeEvent(bare)).toMatchObject({ type: bare.type, assetId, path })
    const journaled = { position: 'rabbit:1:2', event: bare }
    expect(decodeEvent(journaled)).toEqual(decodeEvent(bare))
    expect(eventKey(journaled)).toEqual(eventKey(bare))
  })

  test.each([
    ['aem.assets.asset.published', 'published'],
    ['aem.assets.asset.unpublished', 'unpublished'],
    ['aem.assets.asset.deleted', 'deleted'],
    ['xdmPublished', 'published'],
    ['xdmUnpublished', 'unpublished'],
    ['xdmDeleted', 'deleted'],
    ['xdmCreated', undefined],
    ['xdmUpdated', undefined],
    ['aem.assets.asset.processing_completed', undefined],
    ['aem.assets.asset.published ', undefined],
    ['toString', undefined],
    ['__proto__', undefined],
    ['', undefined],
  ])('%j means %j', (type, meaning) => {
    expect(publicationOf(type)).toBe(meaning)
  })

  const names = [
    '@id',
    '@type',
    'activitystreams:object',
    'activitystreams:generator',
    'xdmContentRepository:root',
    'xdmAsset:asset_id',
    'xdmAsset:path',
    'event',
    'event_id',
    'eventid',
    'id',
    'source',
    'type',
    'data',
    'repositoryMetadata',
    'repo:path',
    '__proto__',
  ]
  const anything = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.jsonValue(),
      fc.constantFrom('N/A', 'xdmPublished', 'xdmAsset', assetId, path, '', undefined, null, 0, []),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 6 }),
    ),
  })).value

  const isText = (value: unknown) => typeof value === 'string'

  test('whatever comes, either is decoded or refused for good, and always has a key', () => {
    fc.assert(
      fc.property(anything, (raw) => {
        const { source, id, ...more } = eventKey(raw)
        if (![source, id].every(isText) || Object.keys(more).length > 0) return false
        try {
          const event = decodeEvent(raw)
          requireAsset(event)
          return event.type !== '' && isText(publicationOf(event.type) ?? 'none')
        } catch (thrown) {
          return isMalformed(thrown)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('any member of it may be anything', () => {
    const places = [
      ['@type'],
      ['@id'],
      ['activitystreams:generator'],
      ['activitystreams:generator', 'xdmContentRepository:root'],
      ['activitystreams:object'],
      ['activitystreams:object', '@type'],
      ['activitystreams:object', 'xdmAsset:asset_id'],
      ['activitystreams:object', 'xdmAsset:path'],
    ]
    fc.assert(
      fc.property(fc.constantFrom(...places), anything, ([outer = '', inner], value) => {
        const body = xdm()
        const group = body[outer]
        if (inner === undefined) body[outer] = value
        else if (typeof group === 'object' && group !== null) Object.assign(group, { [inner]: value })
        try {
          requireAsset(decodeEvent(delivered(body)))
          return true
        } catch (thrown) {
          return isMalformed(thrown)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('one member that is off does no harm to the rest', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'activitystreams:to',
          'activitystreams:actor',
          'xdmEventEnvelope:objectType',
          '@context',
        ),
        fc.jsonValue(),
        (name, value) => {
          expect(decodeEvent(xdm({}, { [name]: value }))).toEqual(decodeEvent(xdm()))
        },
      ),
    )
  })
})
