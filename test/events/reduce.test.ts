import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { decodeCloudEvent } from '../../src/events/cloud-event'
import { decodeEvent, eventKey } from '../../src/events/decode'
import type { AssetEvent } from '../../src/events/event'
import { namesAsset, reducedEvent } from '../../src/events/reduce'
import { processingCompleted, withRepository } from './fixtures'

type Fields = Record<string, unknown>

const mail = 'ada.lovelace@example.com'
const path = '/content/dam/shop/lamp (1).png'

const xdm = (): Fields => ({
  '@id': 'ev-2',
  '@type': 'xdmPublished',
  'xdmEventEnvelope:objectType': 'xdmAsset',
  'activitystreams:published': '2030-01-02T03:04:05Z',
  'activitystreams:to': { 'xdmImsOrg:id': 'ORG@AdobeOrg', '@type': 'xdmImsOrg' },
  'activitystreams:generator': {
    'xdmContentRepository:root': 'https://author-p1-e2.adobeaemcloud.com/',
    '@type': 'xdmContentRepository',
  },
  'activitystreams:actor': { 'xdmAemUser:id': mail, '@type': 'xdmAemUser' },
  'activitystreams:object': {
    '@type': 'xdmAsset',
    'xdmAsset:asset_id': 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
    'xdmAsset:asset_name': 'lamp (1).png',
    'xdmAsset:path': path,
  },
})

/** Every place in which an event has been seen to name a person. */
const people = {
  user: { imsUserId: `ims-${mail}`, principalId: mail, displayName: 'Ada Lovelace' },
  actor: { id: mail, name: 'Ada Lovelace' },
  author: { identifier: 'ada lovelace', type: 'user' },
  email: mail,
  mail,
  imsUserId: mail,
  userId: 'ada-lovelace',
  principalId: mail,
  displayName: 'Ada Lovelace',
  'xdmAemUser:id': mail,
  'xdmImsUser:id': mail,
  'activitystreams:actor': { 'xdmAemUser:id': mail, '@type': 'xdmAemUser' },
  'repo:createdBy': 'ADA LOVELACE',
  'repo:modifiedBy': mail.toUpperCase(),
  'jcr:createdBy': 'ada lovelace',
  'jcr:lastModifiedBy': 'ada lovelace',
  'cq:lastReplicatedBy': 'ada lovelace',
  'dc:creator': ['Ada Lovelace'],
  'xmp:CreatorTool': `a tool of ${mail}`,
  'photoshop:AuthorsPosition': 'Ada Lovelace',
  note: `ask ${mail} about it`,
  notes: [{ by: { text: `<${mail}>` } }],
}
const person = /ada[ .-]?lovelace/i

const cloudEvent = (): Fields =>
  withRepository(people, people, { ...people, assetMetadata: { ...people, 'event:updated': people } })

describe('of an event, a record keeps', () => {
  test.each<[string, Fields]>([
    ['a CloudEvent', cloudEvent()],
    ['a CloudEvent under `event`', { ...people, event: cloudEvent() }],
    ['XDM', { ...xdm(), ...people }],
    ['XDM under `event`', { ...people, eventid: 'd-1', event: { ...xdm(), ...people } }],
    ['an event of a type that nobody knows', { ...cloudEvent(), type: 'com.example.audit' }],
    ['an event that names no asset', { type: 'com.example', data: people, ...people }],
    [
      'an event whose members are not of their kind',
      { ...cloudEvent(), source: people, time: { user: mail } },
    ],
    ['no event of AEM at all', { Type: 'x', payload: people, ...people }],
  ])('no name and no mail of a person: %s', (_, event) => {
    expect(JSON.stringify(event)).toMatch(person)
    expect(JSON.stringify(reducedEvent(event))).not.toMatch(person)
    expect(JSON.stringify(reducedEvent(event))).not.toContain('@example')
  })

  test('what is decoded, and nothing else, where an asset is named', () => {
    expect(reducedEvent(cloudEvent())).toEqual({
      id: 'ev-1',
      eventid: 'd-1',
      event_id: 'd-1',
      source: 'acct:aem-p1-e2@adobe.com',
      type: 'aem.assets.asset.processing_completed',
      time: '2030-01-02T03:04:05.123456789Z',
      data: {
        assetId: 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
        repositoryMetadata: {
          'repo:repositoryId': 'author-p1-e2.adobeaemcloud.com',
          'repo:assetId': 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
          'repo:path': path,
          'repo:assetClass': 'file',
        },
      },
    })
  })

  test('what a person needs to see of one that cannot be decoded', () => {
    const stranger = { Type: 'x', payload: { a: 1, list: ['b'] }, source: 'acct:aem-p1-e2@adobe.com' }
    expect(reducedEvent({ ...stranger, user: people.user })).toEqual(stranger)
    for (const odd of [undefined, null, 7, 'text', ['a']]) expect(reducedEvent(odd)).toEqual(odd)
  })

  test('the work of pim-sync as it is, whatever its products and paths are called', () => {
    const works = [
      {
        source: 'https://author-p1-e2.adobeaemcloud.com',
        id: '/content/dam/by ada@example.com/user.png',
        asset: { id: 'urn:aaid:aem:1', path: '/content/dam/by ada@example.com/user.png' },
      },
      { deleted: [{ kind: 'identifier', value: 'sku@example.com' }] },
    ]
    for (const work of works) expect(reducedEvent(work)).toEqual(work)
  })
})

describe('a reduced event', () => {
  /** All names that the decoders' own text has: also those that a decoder of tomorrow reads. */
  const room = join(__dirname, '../../src/events')
  const found = readdirSync(room).flatMap((file) => {
    const source = readFileSync(join(room, file), 'utf8')
    const names = [...source.matchAll(/\.([a-z_]\w*)\b(?!\()|'([\w@:]{2,40})'/g)]
    return names.flatMap(([, member, literal]) => member ?? literal ?? [])
  })
  const names = [...new Set(found)]

  const anything = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.jsonValue(),
      fc.constantFrom('N/A', 'xdmPublished', 'xdmAsset', 'publish', path, '', null, 0, [], {}, mail),
      fc.constantFrom('2030-01-02T03:04:05Z', 'urn:aaid:aem:1', 'author-p1-e2.adobeaemcloud.com'),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 8 }),
    ),
  })).value

  /** What is made of an event. A host that is no text is refused, whatever it is. */
  const read = (event: unknown): unknown[] => {
    const attempt = (decode: (raw: unknown) => AssetEvent): unknown => {
      try {
        const decoded = decode(event)
        return { ...decoded, host: isText(decoded.host) ? decoded.host : typeof decoded.host }
      } catch (thrown) {
        return String(thrown)
      }
    }
    return [eventKey(event), attempt(decodeEvent), attempt(decodeCloudEvent), namesAsset(event)]
  }
  const isText = (value: unknown): boolean => typeof value === 'string'

  const good: readonly (() => Fields)[] = [
    processingCompleted,
    xdm,
    () => ({ event_id: 'd-1', event: xdm() }),
    () => ({ position: 'p', event: processingCompleted() }),
  ]

  /** The event and each part of it that has members. */
  const partsOf = (value: unknown): readonly object[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? [value, ...Object.values(value).flatMap(partsOf)]
      : []

  const withMember = (make: () => Fields, place: number, name: string, value: unknown): Fields => {
    const event = make()
    const parts = partsOf(event)
    Object.assign(parts[place % parts.length] ?? {}, { [name]: value })
    return event
  }

  /** One member of a good event, or of a part of it, is anything. */
  const almostGood = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.constantFrom(...names), anything)
    .map((all) => withMember(...all))

  test('is decoded to the same with each member that a decoder reads, wherever it stands', () => {
    const odd: unknown[] = ['other', ' ', 'N/A', 'urn:aaid:aem:2', '2031-01-01T00:00:00Z', 7, null, {}, []]
    const differing: unknown[] = []
    for (const make of good) {
      for (const place of partsOf(make()).keys()) {
        for (const name of names) {
          for (const value of odd) {
            const event = withMember(make, place, name, value)
            if (!isDeepStrictEqual(read(reducedEvent(event)), read(event)))
              differing.push([place, name, value])
          }
        }
      }
    }
    expect(differing).toEqual([])
  })

  test('is decoded to the same, or is refused for the same reason, whatever the event was', () => {
    expect(names).toEqual(
      expect.arrayContaining(['repositoryMetadata', 'repo:path', 'xdmAsset:path', 'tier']),
    )
    fc.assert(
      fc.property(fc.oneof(anything, almostGood), (event) => {
        expect(read(reducedEvent(event))).toEqual(read(event))
      }),
      { numRuns: 3_000 },
    )
  })

  test('stays as it is when it is reduced again', () => {
    fc.assert(
      fc.property(fc.oneof(anything, almostGood), (event) => {
        const once = reducedEvent(event)
        expect(reducedEvent(once)).toEqual(once)
      }),
      { numRuns: 1_000 },
    )
  })

  test('costs no more than its size, however hostile', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
    expect(JSON.stringify(reducedEvent({ ...cloudEvent(), more: deep })).length).toBeLessThan(10_000)
    expect(JSON.stringify(reducedEvent({ source: deep })).length).toBeLessThan(1_000)
    const text = `${'a'.repeat(400_000)}${'@'.repeat(400_000)}`
    expect(reducedEvent({ text })).toEqual({ text: expect.any(String) })
  })
})
