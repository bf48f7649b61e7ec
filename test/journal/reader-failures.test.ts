import type { Fault } from '../../sandbox/faults'
import { rejection, startCall } from '../support/call'
import { startRawServer, until } from '../support/raw-server'
import { collect, hour, idsOf, startTestJournal, type TestJournal } from './test-journal'

let test: TestJournal
beforeEach(async () => {
  test = await startTestJournal()
  for (let id = 0; id < 3; id++) test.journal.append({ id: `event-${id}` })
})
afterEach(() => test.close())

const all = ['event-0', 'event-1', 'event-2']
const status = (code: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'status',
  status: code,
  headers,
})

describe('a journal that fails for the moment', () => {
  it.each<[string, Fault]>([
    ['429', status(429)],
    ['500', status(500)],
    ['502', status(502)],
    ['503', status(503)],
    ['504', status(504)],
    ['a reset connection', { kind: 'reset' }],
    ['a lost answer', { kind: 'resetAfter' }],
    ['an answer that is cut', { kind: 'cut' }],
  ])('with %s is asked again, and nothing is read twice or lost', async (_, fault) => {
    test.journal.faults.add({ times: 2, fault })

    expect(idsOf(await test.readAll({ from: 'oldest' }, { pageLimit: 2 }))).toEqual(all)
    expect(test.journal.requests).toHaveLength(5)
  })

  it('is asked again when it says so', async () => {
    test.journal.faults.add({ times: 1, fault: status(429, { 'retry-after': '7' }) })

    await test.readAll()

    expect(test.clock.sleeps).toHaveLength(1)
    expect(test.clock.sleeps[0]).toBeGreaterThanOrEqual(7_000)
  })

  it('when that is beyond the deadline, ends the reading at once', async () => {
    test.journal.faults.add({ fault: status(429, { 'retry-after': '3600' }) })
    const call = startCall({ deadline: test.clock.now() + 60_000 })

    const error = await rejection(collect(test.reader(), { from: 'oldest' }, call))

    expect(error).toMatchObject({ failureClass: 'transient', code: 'JOURNAL_UNAVAILABLE', status: 429 })
    expect(test.clock.sleeps).toEqual([])
  })

  it.each<[string, Fault, string]>([
    ['503', status(503), 'JOURNAL_UNAVAILABLE'],
    ['a page for people', { kind: 'html' }, 'JOURNAL_NOT_JSON'],
    ['a cut page', { kind: 'cut' }, 'JOURNAL_UNREACHABLE'],
    ['501', status(501), 'JOURNAL_UNEXPECTED_ANSWER'],
    ['206', status(206), 'JOURNAL_UNEXPECTED_ANSWER'],
  ])(
    'for good with %s is transient: what was read stays, the rest is for the next run',
    async (_, fault, code) => {
      const reads: unknown[] = []
      const pages = test.reader({ pageLimit: 2 }).pages({ from: 'oldest' }, startCall())
      const first = await pages.next()
      reads.push(first.value)
      test.journal.faults.add({ fault })

      const error = await rejection(pages.next())

      expect(error).toMatchObject({ failureClass: 'transient', code, upstream: 'JOURNAL' })
      expect(reads).toMatchObject([{ events: { length: 2 } }])
      expect(await pages.next()).toEqual({ done: true, value: undefined })
    },
  )

  it('to answer at all ends with the call', async () => {
    test.journal.faults.add({ fault: { kind: 'hang' } })
    const call = startCall()
    const ended = rejection(collect(test.reader(), { from: 'oldest' }, call))
    await until(() => test.journal.requests.length === 1, 'the request arrives')
    const reason = new Error('time is up')

    call.abort(reason)

    expect(await ended).toBe(reason)
  })
})

describe('a page that is not one', () => {
  it.each([
    ['no JSON', '{"events":[', 'JOURNAL_NOT_JSON'],
    ['nothing', '', 'JOURNAL_NOT_JSON'],
    ['no events', '{"_page":{"count":0}}', 'JOURNAL_UNEXPECTED_ANSWER'],
    ['events that are no list', '{"events":{}}', 'JOURNAL_UNEXPECTED_ANSWER'],
    ['null', 'null', 'JOURNAL_UNEXPECTED_ANSWER'],
    [
      'an event without a position',
      '{"events":[{"position":"a","event":{}},{"event":{}}]}',
      'JOURNAL_UNEXPECTED_ANSWER',
    ],
    ['an empty position', '{"events":[{"position":"","event":{}}]}', 'JOURNAL_UNEXPECTED_ANSWER'],
  ])('(%s) is not taken in part: it is read again later', async (_, body, code) => {
    const server = await startRawServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    })

    const error = await rejection(test.readAll({ from: 'oldest' }, { url: `${server.url}/journal` }))

    expect(error).toMatchObject({ failureClass: 'transient', code })
    expect(server.requests).toHaveLength(1)
    await server.close()
  })

  it('but an event that is nothing at all holds nobody up', async () => {
    const server = await startRawServer(({ url = '' }, response) => {
      const isFirst = !url.includes('since')
      response.statusCode = isFirst ? 200 : 204
      response.end(
        isFirst ? '{"events":[{"position":"a"},{"position":"b","event":7}],"_page":null}' : undefined,
      )
    })

    const [page] = await test.readAll({ from: 'oldest' }, { url: `${server.url}/journal` })

    expect(page).toMatchObject({
      events: [
        { position: 'a', event: null },
        { position: 'b', event: 7 },
      ],
    })
    await server.close()
  })

  it('and too large for memory is a matter of the operator', async () => {
    const server = await startRawServer((_request, response) => response.end('x'.repeat(9 * 1024 * 1024)))

    const error = await rejection(test.readAll({ from: 'oldest' }, { url: `${server.url}/journal` }))

    expect(error).toMatchObject({ failureClass: 'systemic', code: 'JOURNAL_ANSWER_TOO_LARGE' })
    await server.close()
  })
})

describe('a journal that refuses', () => {
  it.each([
    [400, 'JOURNAL_REFUSED', /JOURNAL_START/],
    [403, 'JOURNAL_FORBIDDEN', /I\/O Management API/],
    [404, 'JOURNAL_NOT_FOUND', /JOURNAL_URL/],
    [405, 'JOURNAL_REFUSED', /405/],
    [301, 'JOURNAL_REDIRECTS', /token/],
    [302, 'JOURNAL_REDIRECTS', /JOURNAL_URL/],
  ])('with %i stops the run, saying what to do', async (code, name, what) => {
    test.journal.faults.add({ fault: status(code, code < 400 ? { location: 'http://127.0.0.1:1/' } : {}) })

    const error = await rejection(test.readAll())

    expect(error).toMatchObject({ failureClass: 'systemic', code: name, status: code, upstream: 'JOURNAL' })
    expect(String(error)).toMatch(what)
    expect(test.journal.requests).toHaveLength(1)
  })

  it('because the registration is gone, stops the run', async () => {
    test.journal.unregister()

    expect(await rejection(test.readAll())).toMatchObject({ code: 'JOURNAL_NOT_FOUND' })
  })

  it('because of another organization, stops the run', async () => {
    expect(await rejection(test.readAll({ from: 'oldest' }, { orgId: 'OTHER@AdobeOrg' }))).toMatchObject({
      failureClass: 'systemic',
      code: 'JOURNAL_FORBIDDEN',
    })
  })

  it('a position it does not know, stops the run rather than lose the position', async () => {
    expect(await rejection(test.readAll({ position: 'moose:1:2', at: undefined }))).toMatchObject({
      failureClass: 'systemic',
      code: 'JOURNAL_REFUSED',
    })
  })

  it('a token that was revoked, gets a new one, once', async () => {
    const reader = test.reader({ pageLimit: 2 })
    const pages = reader.pages({ from: 'oldest' }, startCall())
    await pages.next()
    test.ims.revokeAll()

    expect(await pages.next()).toMatchObject({ value: { events: { length: 1 } } })
    expect(test.ims.tokensIssued()).toBe(2)
  })

  it('every token, stops the run after the second', async () => {
    test.journal.faults.add({ fault: status(401) })

    const error = await rejection(test.readAll())

    expect(error).toMatchObject({ failureClass: 'systemic', code: 'JOURNAL_UNAUTHORIZED' })
    expect(test.journal.requests).toHaveLength(2)
    expect(test.ims.tokensIssued()).toBe(2)
  })

  it('the new token as well, does not make it ask for one after the other', async () => {
    test.journal.faults.add({ fault: status(401) })
    const reader = test.reader()
    await rejection(collect(reader, { from: 'oldest' }))

    await rejection(collect(reader, { from: 'oldest' }))

    expect(test.journal.requests).toHaveLength(3)
    expect(test.ims.tokensIssued()).toBe(2)
  })

  it('tokens that were revoked twice in a minute, gets a new one each time', async () => {
    const reader = test.reader()
    for (let i = 0; i < 3; i++) {
      expect(idsOf(await collect(reader, { from: 'oldest' }))).toEqual(all)
      test.ims.revokeAll()
    }

    expect(test.ims.tokensIssued()).toBe(3)
  })

  it('an old token for its rights, gets a new one in the next run', async () => {
    const reader = test.reader()
    await collect(reader, { from: 'oldest' })
    test.clock.advance(hour)
    test.journal.faults.add({ times: 1, fault: status(403) })
    await rejection(collect(reader, { from: 'oldest' }))

    expect(idsOf(await collect(reader, { from: 'oldest' }))).toEqual(all)
    expect(test.ims.tokensIssued()).toBe(2)
  })

  it('to be another host than a journal’s, is not even asked', () => {
    expect(() => test.reader({ url: 'https://example.com/events' })).toThrow(
      expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }),
    )
    expect(test.ims.requests).toHaveLength(0)
  })
})

it('never shows the token, in no error and no log line', async () => {
  const call = startCall()
  const reader = test.reader()
  for (const fault of [
    status(500),
    status(403),
    status(302, { location: 'http://a/' }),
    { kind: 'html' },
  ] as Fault[]) {
    test.journal.faults.clear()
    test.journal.faults.add({ fault })
    const error = await rejection(collect(reader, { from: 'oldest' }, call))
    call.log.push(`${error} ${JSON.stringify(error)}`)
    test.clock.advance(hour)
  }

  const token = String(test.journal.requests[0]?.headers.authorization).replace('Bearer ', '')
  expect(token.length).toBeGreaterThan(40)
  expect(call.log.join('\n')).not.toContain(token)
})
