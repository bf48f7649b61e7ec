import { assetPublished } from '../../sandbox/aem/xdm-event'
import { createClock } from '../../sandbox/clock'
import { type JournalStandIn, startJournal } from '../../sandbox/journal'

const clientId = 'client-1'
const orgId = 'ORG@AdobeOrg'
const hour = 3_600_000
const day = 24 * hour
const event = (id: number) => ({ id: `event-${id}`, time: new Date(clock.now()).toISOString() })

let clock: ReturnType<typeof createClock>
let journal: JournalStandIn
beforeEach(async () => {
  clock = createClock({ frozen: true })
  journal = await startJournal({ clock, clientId, orgId, isValidToken: (it) => it === 'good', pageSize: 3 })
})
afterEach(() => journal.close())

const headers = { authorization: 'Bearer good', 'x-api-key': clientId, 'x-ims-org-id': orgId }
const get = (query = '', overrides: Record<string, string> = {}, url = journal.journalUrl) =>
  fetch(`${url}${query}`, { headers: { ...headers, ...overrides } })
async function page(query = '') {
  const response = await get(query)
  const body = JSON.parse((await response.text()) || 'null')
  const ids = body?.events.map((it: { event: { id: string } }) => it.event.id)
  return { status: response.status, ids, body, link: response.headers.get('link') ?? '' }
}
const next = (link: string) => /<[^>?]*(\?[^>]*)>; rel="next"/.exec(link)?.[1] ?? 'none'

describe('the journal stand-in', () => {
  it('gives pages of positions and events, and a relative link to the next', async () => {
    for (let id = 0; id < 4; id++) journal.append(event(id))

    const first = await page()

    expect(first.body._page).toEqual({ last: journal.positions()[2], count: 3 })
    expect(first.body.events[0]).toEqual({ position: journal.positions()[0], event: event(0) })
    expect(first.link).toBe(
      `<${new URL(journal.journalUrl).pathname}?since=${journal.positions()[2]}>; rel="next"`,
    )
    expect((await page(next(first.link))).ids).toEqual(['event-3'])
  })

  it('reads on after a position, with the limit kept in the link', async () => {
    for (let id = 0; id < 4; id++) journal.append(event(id))

    const some = await page(`?since=${journal.positions()[0]}&limit=2`)

    expect(some.ids).toEqual(['event-1', 'event-2'])
    expect(next(some.link)).toBe(`?since=${journal.positions()[2]}&limit=2`)
  })

  it('ends with 204, when to come back, and the same place in two links', async () => {
    const position = journal.append(event(1))

    const end = await get(`?since=${position}`)

    expect([end.status, end.headers.get('retry-after')]).toEqual([204, '10'])
    expect(end.headers.get('link')).toMatch(/rel="next", <.*\/validate\?since=.*>; rel="validate"$/)
    journal.append(event(2))
    expect((await page(next(end.headers.get('link') ?? ''))).ids).toEqual(['event-2'])
  })

  it('has a place to go on from when it is empty', async () => {
    const empty = await get()

    expect([empty.status, empty.headers.get('retry-after')]).toEqual([204, null])
    journal.append(event(1))
    expect((await page(next(empty.headers.get('link') ?? ''))).ids).toEqual(['event-1'])
  })

  it('jumps to the end, and back by a duration', async () => {
    journal.append(event(1))
    clock.advance(2 * hour)
    journal.append(event(2))

    const end = await page('?latest=true')
    expect(end.status).toBe(204)
    expect((await page('?seek=-PT2H')).ids).toEqual(['event-1', 'event-2'])
    expect((await page('?seek=-PT1H59M')).ids).toEqual(['event-2'])
    clock.advance(hour)
    expect((await page('?seek=-PT30M')).status).toBe(204)
  })

  it('forgets events after seven days, and the positions with them', async () => {
    journal.append(event(1))
    clock.advance(day)
    journal.append(event(2))
    clock.advance(6 * day + 1)

    expect((await page()).ids).toEqual(['event-2'])
    expect((await page('?seek=-P30D')).ids).toEqual(['event-2'])
    const gone = await get(`?since=${journal.positions()[0]}`)
    expect([gone.status, await gone.text()]).toEqual([
      410,
      `Events at position ${journal.positions()[0]} have expired.`,
    ])
  })

  it.each([
    '?since=moose:1:2',
    '?limit=0',
    '?limit=-1',
    '?limit=many',
    '?latest=yes',
    '?seek=PT2H',
    '?seek=-2H',
    '?seek=-P',
    '?after=x',
  ])('refuses %s with 400', async (query) => {
    expect((await get(query)).status).toBe(400)
  })

  it('refuses two ways to begin at once', async () => {
    const position = journal.append(event(1))

    expect((await get(`?since=${position}&seek=-PT1H`)).status).toBe(400)
    expect((await get(`?since=${position}&latest=true`)).status).toBe(400)
  })

  it.each([
    [401, { authorization: '' }],
    [401, { authorization: 'good' }],
    [401, { authorization: 'Bearer bad' }],
    [403, { 'x-api-key': 'other' }],
    [403, { 'x-ims-org-id': 'OTHER@AdobeOrg' }],
  ])('answers %i to %j', async (status, overrides) => {
    expect((await get('', overrides)).status).toBe(status)
  })

  it('knows no other journal, no other method, and in the end not even itself', async () => {
    expect((await get('', {}, `${journal.url}/events/organizations/1/integrations/2/3`)).status).toBe(404)
    expect((await fetch(journal.journalUrl, { method: 'POST', headers })).status).toBe(405)
    journal.unregister()
    expect((await get()).status).toBe(404)
  })

  it('ends a page at 1.5 MB, but never before its first event', async () => {
    const large = 'x'.repeat(800_000)
    journal.appendMany(3, (id) => ({ id: `event-${id}`, large: id === 0 ? large + large : large }))

    expect((await page('?limit=3')).ids).toEqual(['event-0'])
    expect((await page(`?since=${journal.positions()[0]}`)).ids).toEqual(['event-1'])
  })

  it('holds 100,000 events, made when they are read', async () => {
    let made = 0
    journal.appendMany(100_000, (id) => {
      made += 1
      return event(id)
    })

    const last = await page(`?since=${journal.positions()[99_997]}`)

    expect(last.ids).toEqual(['event-99998', 'event-99999'])
    expect(made).toBe(2)
  })

  it('carries what the event proxy sends under `event`', async () => {
    const now = clock.now()
    const path = '/content/dam/shop/lamp.png'
    journal.append(assetPublished({ path, now, root: 'https://author-p1-e2.adobeaemcloud.com/' }))

    const { body } = await page()

    expect(body.events[0].event.event).toMatchObject({
      '@type': 'xdmPublished',
      'activitystreams:published': new Date(now).toISOString(),
      'activitystreams:object': {
        'xdmAsset:asset_id': 'N/A',
        'xdmAsset:asset_name': 'lamp.png',
        'xdmAsset:path': path,
      },
    })
  })
})

describe("Adobe's own client", () => {
  it('understands the stand-in from the first page to the end, and not more than that of an expired position', async () => {
    for (let id = 0; id < 4; id++) journal.append(event(id))
    const { init } = await import('@adobe/aio-lib-events')
    const client = await init(orgId, clientId, 'good')

    const first = await client.getEventsFromJournal(journal.journalUrl, { limit: 3 })
    expect(first).toMatchObject({ events: { length: 3 }, _page: { count: 3 } })
    const { next: link } = Object(first).link
    const second = await client.getEventsFromJournal(link)
    expect(second).toMatchObject({ events: [{ event: { id: 'event-3' } }] })
    const end = await client.getEventsFromJournal(Object(second).link.next)
    expect(end).toMatchObject({ retryAfter: 10_000 })
    clock.advance(8 * day)
    await expect(client.getEventsFromJournal(link)).rejects.toMatchObject({ code: 'ERROR_GET_JOURNAL_DATA' })
  })
})
