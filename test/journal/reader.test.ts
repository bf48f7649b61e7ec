import fc from 'fast-check'
import { assetPublished } from '../../sandbox/aem/xdm-event'
import { startCall } from '../support/call'
import { startRawServer } from '../support/raw-server'
import { readLargeJournal } from './large-journal'
import { collect, day, endOf, hour, idsOf, minute, startTestJournal, type TestJournal } from './test-journal'

let test: TestJournal
beforeEach(async () => {
  test = await startTestJournal()
})
afterEach(() => test.close())

const iso = (ms: number) => new Date(ms).toISOString()
const event = (id: number) => ({ id: `event-${id}`, time: iso(test.clock.now()) })
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `event-${from + i}`)
const append = (from: number, to: number) => {
  for (let id = from; id < to; id++) test.journal.append(event(id))
}

describe('a journal is read', () => {
  it('from its oldest event to its end, page by page, by its own links', async () => {
    append(0, 5)

    const reads = await test.readAll({ from: 'oldest' }, { pageLimit: 2 })

    expect(reads.map((read) => read.kind === 'page' && [read.events.length, read.isEnd])).toEqual([
      [2, false],
      [2, false],
      [1, false],
      [0, true],
    ])
    expect(idsOf(reads)).toEqual(ids(0, 5))
    expect(test.journal.requests.map(({ query }) => query)).toEqual([
      { limit: '2' },
      ...[1, 3, 4].map((index) => ({ since: test.journal.positions()[index], limit: '2' })),
    ])
  })

  it('as the contract says: with token, API key and organization', async () => {
    await test.readAll()

    const [request] = test.journal.requests
    expect(request?.headers).toMatchObject({
      'x-api-key': 'client-1',
      'x-ims-org-id': 'ORG@AdobeOrg',
      authorization: expect.stringMatching(/^Bearer /),
    })
  })

  it('on from any event of a page, wherever the reading stopped', async () => {
    append(0, 12)
    const reads = await test.readAll({ from: 'oldest' }, { pageLimit: 5 })
    const events = reads.flatMap((read) => (read.kind === 'page' ? read.events : []))

    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 11 }), async (stop) => {
        const { position, at } = events[stop] ?? { position: undefined, at: undefined }
        expect(idsOf(await test.readAll({ position, at }, { pageLimit: 5 }))).toEqual(ids(stop + 1, 12))
      }),
      { numRuns: 12 },
    )
  })

  it('no further than its consumer comes back for', async () => {
    append(0, 9)

    for await (const read of test.reader({ pageLimit: 3 }).pages({ from: 'oldest' }, startCall())) {
      expect(read).toMatchObject({ kind: 'page', events: { length: 3 } })
      break
    }

    expect(test.journal.requests).toHaveLength(1)
  })

  it('with 20,000 events in it, one page in memory at a time', () =>
    readLargeJournal({ events: 20_000, pageLimit: 1_000 }))

  it('with CloudEvents and XDM events in it, as they are', async () => {
    const now = test.clock.now()
    const xdm = assetPublished({
      path: '/content/dam/a.png',
      root: 'https://author-p1-e2.adobeaemcloud.com/',
      now,
    })
    test.journal.append(xdm)
    append(0, 1)

    // In its default format, by a server eight hours west of UTC.
    const local = new Date(now + 1_000 - 8 * hour).toISOString().replace('Z', '-08')
    const proxied = {
      type: 'asset_published',
      data: { '@type': 'xdmPublished', 'activitystreams:published': local },
    }
    test.clock.advance(1_000)
    test.journal.append(proxied)

    const [page] = await test.readAll()

    expect(page).toMatchObject({
      events: [
        { event: xdm, at: now },
        { event: { id: 'event-0' }, at: now },
        { event: proxied, at: now + 1_000 },
      ],
    })
  })
})

describe('without a cursor, it begins', () => {
  it('with what comes from now on', async () => {
    append(0, 2)
    const cursor = endOf(await test.readAll({ from: 'latest' }))
    append(2, 4)

    expect(idsOf(await test.readAll(cursor))).toEqual(ids(2, 4))
    expect(test.journal.requests.filter(({ query }) => query.latest === 'true')).toHaveLength(1)
  })

  it('with what came within a duration', async () => {
    append(0, 1)
    test.clock.advance(2 * hour)
    append(1, 2)

    expect(idsOf(await test.readAll({ from: 'back', duration: 'PT1H', ms: 3_600_000 }))).toEqual(ids(1, 2))
  })

  it('so that nothing that comes later is missed, in an empty journal, too', async () => {
    for (const from of ['oldest', 'latest'] as const) {
      const cursor = endOf(await test.readAll({ from }))
      append(0, 1)
      expect(idsOf(await test.readAll(cursor))).toEqual(ids(0, 1))
      await test.close()
      test = await startTestJournal()
    }
  })
})

describe('a cursor', () => {
  it('tells until when everything was read: the time of the event, never the future, never back', async () => {
    const now = test.clock.now()
    const times = [now - 3 * hour, now - 5 * hour, now + day, undefined]
    for (const time of times) test.journal.append(time === undefined ? { id: 'x' } : { time: iso(time) })
    test.clock.advance(minute)

    const [page] = await test.readAll()

    expect(page?.kind === 'page' && page.events.map(({ at }) => at)).toEqual([
      now - 3 * hour,
      now - 3 * hour,
      now + minute,
      now + minute,
    ])
  })

  it('tells the time of the reading at the end of the journal', async () => {
    append(0, 1)
    const written = test.clock.now()
    test.clock.advance(3 * hour)

    expect(endOf(await test.readAll())).toEqual({
      position: test.journal.positions()[0],
      at: test.clock.now(),
      written,
    })
  })
})

describe('a position that has expired', () => {
  it('is told, with what may be lost, and reading goes on with the oldest event there is', async () => {
    append(0, 2)
    const readUntil = test.clock.now()
    const cursor = endOf(await test.readAll())
    test.clock.advance(day)
    append(2, 3)
    test.clock.advance(7 * day - hour)
    append(3, 5)
    test.clock.advance(2 * hour)
    const call = startCall()

    const reads = await collect(test.reader(), cursor, call)

    const edge = test.clock.now() - 7 * day + hour
    expect(reads[0]).toEqual({
      kind: 'gone',
      position: cursor.position,
      gap: { from: readUntil, to: edge },
    })
    expect(idsOf(reads)).toEqual(ids(3, 5))
    expect(call.log.join('\n')).toContain(`error JOURNAL_GONE`)
    expect(call.log.join('\n')).toContain(iso(readUntil))
    expect(idsOf(await test.readAll(endOf(reads)))).toEqual([])
  })

  it('loses nothing when it was only quiet for long, and the end was seen again and again', async () => {
    append(0, 2)
    let cursor = endOf(await test.readAll())
    for (let run = 0; run < 8; run++) {
      test.clock.advance(day - 1)
      const reads = await test.readAll(cursor)
      for (const read of reads) expect(read).not.toMatchObject({ gap: expect.anything() })
      cursor = endOf(reads)
    }
    append(2, 3)
    const call = startCall()

    const reads = await collect(test.reader(), cursor, call)

    expect(reads[0]).toMatchObject({ kind: 'gone', gap: undefined })
    expect(idsOf(reads)).toEqual(ids(2, 3))
    expect(call.log.join('\n')).not.toMatch(/^error/m)
  })

  it('earlier than the journal promises is a gap, for nobody knows what else has', async () => {
    append(0, 2)
    const cursor = endOf(await test.readAll())
    test.clock.advance(hour)
    const readUntil = test.clock.now()
    const later = endOf(await test.readAll(cursor))
    append(2, 3)
    test.clock.advance(2 * day)
    append(3, 4)
    test.journal.keepFor(day)
    const call = startCall()

    const reads = await collect(test.reader(), later, call)

    expect(reads[0]).toMatchObject({ kind: 'gone', gap: { from: readUntil, to: test.clock.now() } })
    expect(call.log.join('\n')).toContain('error JOURNAL_GONE')
    expect(idsOf(reads)).toEqual(ids(3, 4))
  })

  it('of which nobody knows how old it is may have lost anything', async () => {
    append(0, 1)
    test.clock.advance(8 * day)

    const [gone] = await test.readAll({ position: test.journal.positions()[0], at: undefined })

    expect(gone).toMatchObject({
      kind: 'gone',
      gap: { from: undefined, to: test.clock.now() - 7 * day + hour },
    })
  })

  it('may have lost something when it is older than the memory of the journal, less an hour to be safe', async () => {
    append(0, 1)
    test.clock.advance(7 * day + 1)
    test.journal.append({ id: 'without a time' })
    const edge = test.clock.now() - 7 * day + hour
    const [position] = test.journal.positions()

    expect((await test.readAll({ position, at: edge }))[0]).toMatchObject({ gap: undefined })
    const [gone, page] = await test.readAll({ position, at: edge - 1 })
    expect(gone).toMatchObject({ gap: { from: edge - 1, to: edge } })
    expect(page).toMatchObject({ events: [{ at: edge - 1 }] })
  })

  it('in the middle of a long run is told as well, and costs only what expired meanwhile', async () => {
    append(0, 2)
    test.clock.advance(hour)
    append(2, 5)
    const seen: unknown[] = []

    for await (const read of test.reader({ pageLimit: 1 }).pages({ from: 'oldest' }, startCall())) {
      seen.push(read.kind === 'gone' ? 'gone' : idsOf([read])[0])
      if (seen.length === 1) test.clock.advance(7 * day - minute)
    }

    expect(seen).toEqual(['event-0', 'gone', 'event-2', 'event-3', 'event-4', undefined])
  })

  it('is no way round in circles when the service calls the oldest event gone, too', async () => {
    test.journal.faults.add({ fault: { kind: 'status', status: 410 } })

    await expect(test.readAll({ position: 'moose:1:2', at: undefined })).rejects.toMatchObject({
      failureClass: 'transient',
      code: 'JOURNAL_UNEXPECTED_ANSWER',
    })
    expect(test.journal.requests).toHaveLength(2)
  })
})

describe('a link', () => {
  const page = (events: unknown[]) => JSON.stringify({ events, _page: { count: events.length } })
  const entry = (id: number) => ({ position: `moose:${id}`, event: { id: `event-${id}` } })

  async function serve(answer: (url: string) => { link?: string; events?: unknown[] }) {
    const server = await startRawServer(({ url = '' }, response) => {
      const { link, events } = answer(url)
      if (link !== undefined) response.setHeader('link', link)
      response.statusCode = events === undefined ? 204 : 200
      response.end(events && page(events))
    })
    const url = `${server.url}/events/organizations/1`
    const read = () => test.readAll({ from: 'oldest' }, { url })
    return { server, read, url }
  }

  it.each([
    'https://example.com/events?since=moose:1',
    '//example.com/events?since=moose:1',
    'http://127.0.0.1:1/events?since=moose:1',
    'file:///etc/passwd',
  ])('to %s is refused: the token does not go there, and the page is not taken', async (target) => {
    const { server, read } = await serve(() => ({ link: `<${target}>; rel="next"`, events: [entry(1)] }))

    await expect(read()).rejects.toMatchObject({ failureClass: 'systemic', code: 'JOURNAL_LINK_REFUSED' })
    expect(server.requests).toHaveLength(1)
    await server.close()
  })

  it('with a user name in it is refused on the same host, too', async () => {
    const { server, read } = await serve(() => ({
      link: `<//me:hidden@${new URL(server.url).host}/events?since=moose:1>; rel="next"`,
      events: [entry(1)],
    }))

    const refused = expect(read()).rejects
    await refused.toMatchObject({
      code: 'JOURNAL_LINK_REFUSED',
      message: expect.not.stringContaining('hidden'),
    })
    await server.close()
  })

  it('may lead to another path of the same host', async () => {
    const { server, read } = await serve((url) =>
      url.startsWith('/events-fast')
        ? {}
        : { link: '</events-fast/organizations/1?since=moose:1>; rel="next"', events: [entry(1)] },
    )

    expect(idsOf(await read())).toEqual(['event-1'])
    expect(server.requests.at(-1)?.url).toBe('/events-fast/organizations/1?since=moose:1')
    await server.close()
  })

  it('that is missing, or leads back to the page itself, is made up for by the last position', async () => {
    const { server, read } = await serve((url) => {
      if (url.includes('since=moose%3A2')) return {}
      if (url.includes('since=moose%3A1')) return { link: `<${url}>; rel="next"`, events: [entry(2)] }
      return { events: [entry(1)] }
    })

    const reads = await read()

    expect(idsOf(reads)).toEqual(['event-1', 'event-2'])
    expect(endOf(reads).position).toBe('moose:2')
    await server.close()
  })

  it('that leads in a circle with the same position is an error, not an endless run', async () => {
    const { server, read } = await serve((url) => ({ link: `<${url}>; rel="next"`, events: [entry(1)] }))

    await expect(read()).rejects.toMatchObject({
      failureClass: 'transient',
      code: 'JOURNAL_UNEXPECTED_ANSWER',
    })
    expect(server.requests).toHaveLength(2)
    await server.close()
  })

  it('after a page without events is followed when it leads on, and the end when it does not', async () => {
    const { server, read } = await serve((url) => {
      if (url.includes('since=moose:9')) return { link: `<${url}>; rel="next"`, events: [] }
      return { link: '</events/organizations/1?since=moose:9>; rel="next"', events: [] }
    })

    const reads = await read()

    expect(reads).toHaveLength(2)
    expect(endOf(reads).position).toBe('moose:9')
    await server.close()
  })
})
