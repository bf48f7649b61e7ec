import fc from 'fast-check'
import { type StateStandIn, startState } from '../../sandbox/state'
import { permanentError } from '../../src/core/errors'
import { createRedactor } from '../../src/core/redaction'
import { openDeadLetters, workId } from '../../src/delivery/dead-letters'
import { createLetterRoom } from '../../src/delivery/letter-room'
import { createRecordWriter } from '../../src/delivery/record-writer'
import { decodeEvent } from '../../src/events/decode'
import { createStateStore } from '../../src/store/state-store'
import { rejection, startCall } from '../support/call'
import { createTestClock } from '../support/test-clock'

const year = 365 * 24 * 3_600_000
const clock = createTestClock()
const access = { namespace: '12345-bridge', apiKey: 'id:secret', region: (): 'amer' => 'amer' }
const store = createStateStore(access)
const letters = openDeadLetters(store)
const redactor = createRedactor(['known-secret'])
const writer = createRecordWriter(store, { clock, redactor, room: createLetterRoom() })
let state: StateStandIn

beforeAll(async () => {
  state = await startState({ clock, namespace: access.namespace, auth: access.apiKey, pageSize: 2 })
  process.env.AIO_STATE_ENDPOINT = state.url
})
afterAll(() => state.close())
beforeEach(() => {
  state.faults.clear()
  clock.advance(2 * year)
})

const signal = () => startCall().signal
const gone = permanentError('ASSET_NOT_FOUND', 'AEM has no such asset (404)')
const write = (id: string, event: unknown, error = gone) =>
  writer.deadLetter({ id, action: 'generic', activationId: 'a1', error, event }, { call: startCall() })
const key = { source: 'acct:aem-p1-e2@adobe.com', id: 'event-1' }

async function ids(): Promise<string[]> {
  const all: string[] = []
  for await (const id of letters.ids(signal())) all.push(id)
  return all.sort()
}

describe('the id of a piece of work', () => {
  it('is the same by push and by journal, whatever else came with the event', () => {
    const push = { ...key, eventid: 'd-1', data: { a: 1 } }
    const journal = { data: { a: 1 }, ...key }

    expect(workId(key, push)).toBe(workId({ ...key }, journal))
  })

  it('is another one for another event, another source and another destination', () => {
    const all = [
      workId(key, {}),
      workId({ ...key, id: 'event-2' }, {}),
      workId({ ...key, source: 'acct:aem-p1-e3@adobe.com' }, {}),
      workId(key, {}, 's3'),
      workId(key, {}, 'sftp'),
    ]

    expect(new Set(all).size).toBe(all.length)
  })

  it('does not mix up where one part ends and the next begins', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 3, maxLength: 3 }),
        fc.array(fc.string(), { minLength: 3, maxLength: 3 }),
        (a, b) => {
          const id = ([source = '', event = '', destination = '']: string[]) =>
            workId({ source, id: `x${event}` }, {}, destination)
          expect(id(a) === id(b)).toBe(a.join('\0') === b.join('\0'))
        },
      ),
    )
  })

  it('comes from the content when the event has no id, in whatever order its members stand', () => {
    const nobody = { source: '', id: '' }
    const one = { type: 't', data: { path: '/content/dam/a', list: [1, 2] } }
    const same = { data: { list: [1, 2], path: '/content/dam/a' }, type: 't' }
    const other = { type: 't', data: { path: '/content/dam/a', list: [2, 1] } }

    expect(workId(nobody, one)).toBe(workId(nobody, same))
    expect(workId(nobody, one)).not.toBe(workId(nobody, other))
  })

  it('can be part of a key in State, whatever the event is', () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    const odd = [undefined, null, 'text', 7, [], {}, deep]

    for (const event of odd) expect(workId({ source: '', id: '' }, event)).toMatch(/^[0-9a-f]{32}$/)
    expect(workId({ source: 'ü / : *', id: '\n' }, {})).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('a dead letter', () => {
  it('keeps the event with the reason for a year', async () => {
    await write('1', { ...key, data: { assetId: 'urn:aaid:aem:1' } })

    expect(await letters.read('1', signal())).toEqual({
      id: '1',
      action: 'generic',
      activationId: 'a1',
      at: new Date(clock.now()).toISOString(),
      firstFailure: new Date(clock.now()).toISOString(),
      tries: 1,
      count: 1,
      seen: expect.stringMatching(/^[0-9a-f]{8}$/),
      error: { code: 'ASSET_NOT_FOUND', message: 'AEM has no such asset (404)' },
      event: { ...key, data: { assetId: 'urn:aaid:aem:1' } },
    })
    expect(state.expiresAt('dead-letter.1')).toBe(clock.now() + year)
  })

  it('is one, however often the same event fails', async () => {
    for (let i = 0; i < 3; i++) await write(workId(key, {}), key)

    expect(await ids()).toEqual([workId(key, {})])
  })

  it('holds no secret, neither known nor recognised, in the event or in the error', async () => {
    const error = permanentError('X', 'the PIM at https://user:hunter22@pim.example said known-secret')
    const event = {
      ...key,
      data: { note: 'known-secret', access_token: 'abc', url: 'https://x/?sig=abcdef' },
    }

    await write('1', event, error)

    expect(state.value('dead-letter.1')).toMatch(/redacted/)
    expect(state.value('dead-letter.1')).not.toMatch(/known-secret|hunter22|"abc"|abcdef/)
  })

  it('names the same asset as the event did, whatever a secret is', async () => {
    const path = '/content/dam/Basic Collection/Bearer of shirts/known-secret.png'
    const cloudEvent = {
      id: 'known-secret-1',
      source: 'acct:aem-p1-e2@adobe.com',
      type: 'aem.assets.asset.deleted',
      time: '2030-01-02T03:04:05Z',
      'known-secret': 'known-secret',
      data: {
        assetId: 'urn:aaid:aem:known-secret',
        tier: 'publish',
        note: 'known-secret',
        repositoryMetadata: {
          'repo:repositoryId': 'author-p1-e2.adobeaemcloud.com',
          'repo:path': path,
          'repo:assetClass': 'file',
          'dc:title': 'known-secret',
        },
      },
    }
    const xdm = {
      '@id': 'known-secret-1',
      '@type': 'xdmDeleted',
      'activitystreams:published': '2030-01-02T03:04:05Z',
      'activitystreams:generator': { 'xdmContentRepository:root': 'https://known-secret.example.com/' },
      'activitystreams:object': {
        '@type': 'xdmAsset',
        'xdmAsset:asset_id': 'N/A',
        'xdmAsset:path': path,
        title: 'known-secret',
      },
      'activitystreams:actor': 'known-secret',
    }

    await write('1', { ...cloudEvent, id: 'https://store.example/c?sig=abcdef' })
    expect(state.value('dead-letter.1')).not.toContain('abcdef')
    for (const event of [cloudEvent, { event: cloudEvent }, xdm, { eventid: 'd-1', event: xdm }]) {
      await write('1', event)
      const record = (await letters.read('1', signal()))?.event
      expect(decodeEvent(record)).toEqual(decodeEvent(event))
      expect(JSON.stringify(record)).not.toContain('"known-secret"')
    }
  })

  it('names the same assets and products as recorded work did, and holds nothing else unmasked', async () => {
    const asset = { id: 'urn:aaid:aem:known-secret', path: '/content/dam/known-secret/lamp.png' }
    const deleted = [
      { kind: 'identifier', value: 'known-secret' },
      { kind: 'identifier', value: 'https://x/?sig=abcdef' },
    ]
    const signed = 'https://user:hunter22@store.example/c?sig=abcdef'
    for (const [event, kept] of [
      [{ source: 'https://a', id: asset.path, asset: { ...asset, note: 'known-secret' } }, { asset }],
      [{ deleted: deleted.map((one) => ({ ...one, note: 'known-secret' })) }, { deleted }],
    ]) {
      await write('1', event)
      const record = (await letters.read('1', signal()))?.event
      expect(record).toMatchObject(kept ?? {})
      expect(JSON.stringify(record)).not.toContain('"note":"known-secret"')
    }
    await write('1', { asset: { path: signed, id: { a: 'known-secret' } }, deleted: 'known-secret' })
    expect(state.value('dead-letter.1')).not.toMatch(/hunter22|abcdef|known-secret/)
  })

  it('of pim-sync names the same products and the same asset, whatever a secret is', async () => {
    const works = [
      {
        source: 'https://author.example.com',
        id: '/content/dam/known-secret.png',
        asset: { path: '/content/dam/known-secret.png' },
      },
      {
        deleted: [
          { kind: 'identifier', value: 'SKU known-secret' },
          { kind: 'uuid', value: 'a@b.example' },
        ],
      },
    ]

    for (const work of works) {
      await write('1', work)
      expect((await letters.read('1', signal()))?.event).toEqual(work)
    }
  })

  it('keeps nothing of the person who published the asset', async () => {
    const user = { imsUserId: 'ada@example.com', principalId: 'ada@example.com', displayName: 'Ada' }
    const repositoryMetadata = { 'repo:path': '/content/dam/a.png', 'repo:createdBy': 'ADA@EXAMPLE.COM' }
    const event = { ...key, type: 'aem.assets.asset.published', data: { user, repositoryMetadata } }

    await write('1', event)

    expect(state.value('dead-letter.1')).not.toMatch(/ada@|"ada"/i)
    expect((await letters.read('1', signal()))?.event).toMatchObject({ ...key, type: event.type })
  })

  it('is found among all pages by its id, and gone once removed', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await write(id, key)
    await store.put('run.x', '1', 60, signal())

    await letters.remove('c', signal())

    expect(await ids()).toEqual(['a', 'b', 'd', 'e'])
    expect(await letters.read('c', signal())).toBeUndefined()
  })

  it.each([
    '',
    'no json',
    '{"cut":',
    '[]',
    'null',
    '{}',
    '{"id":"1","action":"generic","at":1,"error":{},"event":1}',
  ])('that is corrupt reads as none: %j', async (text) => {
    await store.put('dead-letter.1', text || ' ', 60, signal())

    expect(await letters.read('1', signal())).toBeUndefined()
  })

  it('that cannot be written is an error, never taken for written', async () => {
    state.faults.add({ fault: { kind: 'status', status: 403 } })

    expect(await rejection(write('1', key))).toMatchObject({
      failureClass: 'systemic',
      code: 'STATE_REFUSED',
    })
  })
})

describe('a very large event', () => {
  const path = `/content/dam/${'deep folder ö/'.repeat(150)}lamp.png`
  const filler = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`wknd-${i}`, 'x'.repeat(300)]))

  it('keeps what names its asset', async () => {
    const event = {
      padding: filler,
      ...key,
      type: 'aem.assets.asset.processing_completed',
      data: {
        assetMetadata: filler,
        assetId: 'urn:aaid:aem:1',
        repositoryMetadata: {
          ...filler,
          'repo:repositoryId': 'author-p1-e2.adobeaemcloud.com',
          'repo:path': path,
        },
      },
    }

    await write('1', event)

    expect((await letters.read('1', signal()))?.event).toMatchObject({
      ...key,
      type: event.type,
      data: {
        assetId: 'urn:aaid:aem:1',
        repositoryMetadata: { 'repo:repositoryId': 'author-p1-e2.adobeaemcloud.com', 'repo:path': path },
      },
    })
  })

  it('keeps it in the format of the event proxy, too', async () => {
    const object = { ...filler, 'xdmAsset:asset_id': 'N/A', 'xdmAsset:path': path }

    await write('1', { padding: filler, event: { 'activitystreams:object': object } })

    expect((await letters.read('1', signal()))?.event).toMatchObject({
      event: { 'activitystreams:object': { 'xdmAsset:asset_id': 'N/A', 'xdmAsset:path': path } },
    })
  })

  it('is written far below the limit of State, whatever it consists of', async () => {
    const wide = (depth: number): unknown =>
      depth === 0
        ? 'ö'.repeat(900)
        : Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`repo:k${i}`, wide(depth - 1)]))
    const large: unknown[] = [
      'x'.repeat(3_000_000),
      Array.from({ length: 300_000 }, () => 'item'),
      Array.from({ length: 3_000 }, () => ({ 'repo:path': 'x'.repeat(1_000) })),
      { [`n${'x'.repeat(2_000_000)}`]: 1 },
      wide(3),
    ]

    for (const event of large) {
      await write('1', event, permanentError('X', 'long '.repeat(100_000)))
      expect(Buffer.byteLength(state.value('dead-letter.1') ?? '')).toBeLessThan(50_000)
      expect(await letters.read('1', signal())).toMatchObject({ id: '1' })
    }
  })
})
