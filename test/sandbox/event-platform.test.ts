import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import { type EventPlatformStandIn, startEventPlatform } from '../../sandbox/akeneo/event-platform'
import { createClock, type MovableClock } from '../../sandbox/clock'
import { isJsonObject, type JsonObject, parseJson } from '../../sandbox/json'

let clock: MovableClock
let akeneo: AkeneoStandIn
let platform: EventPlatformStandIn
const told: unknown[] = []

beforeEach(async () => {
  clock = createClock({ frozen: true })
  akeneo = await startAkeneo({ clock })
  told.length = 0
  platform = await startEventPlatform({ clock, akeneo, onStatus: (...what) => told.push(what) })
})
afterEach(async () => {
  await platform.close()
  await akeneo.close()
})

const url = 'https://hook.example.com/akeneo'
const headers = () => ({
  'x-pim-url': akeneo.url,
  'x-pim-token': akeneo.appToken,
  'x-pim-client-id': akeneo.oauth.credentials.clientId,
  'content-type': 'application/json',
})
const send = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
  const response = await fetch(`${platform.apiUrl}/${path}`, {
    method,
    headers: { ...headers(), ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = parseJson((await response.text()) || 'null')
  return { status: response.status, list: answer, body: isJsonObject(answer) ? answer : {} }
}
const subscriber = (name = 'bridge') =>
  send('POST', 'subscribers', { name, contact: { technical_email: 'operator@example.com' } })
const wish = (more: JsonObject = {}) => ({
  ...{ source: 'pim', subject: akeneo.url, type: 'https' },
  events: ['com.akeneo.pim.v1.product.updated'],
  config: { url, secret: { primary: 'one' } },
  ...more,
})
const subscribed = async (more?: JsonObject) => {
  const path = `subscribers/${(await subscriber()).body.id}/subscriptions`
  const { body } = await send('POST', path, wish(more))
  return { path, id: `${body.id}`, one: `${path}/${body.id}` }
}

describe('the management API of the Event Platform', () => {
  it.each([
    ['x-pim-token', (token: string) => `Bearer ${token}`, 401],
    ['x-pim-url', () => 'https://other.cloud.akeneo.com', 401],
    ['x-pim-client-id', () => 'other', 401],
    ['content-type', () => 'text/plain', 415],
  ])('refuses a wrong %s', async (name, wrong, status) => {
    expect((await send('GET', 'subscribers', undefined, { [name]: wrong(akeneo.appToken) })).status).toBe(
      status,
    )
  })

  it('shows no secret, and takes what it shows in its place for none', async () => {
    const { path, one } = await subscribed({
      config: { url, secret: { primary: 'one', secondary: 'two' }, headers: { 'X-Tenant': 'demo' } },
    })
    const [shown] = Array.isArray((await send('GET', path)).list) ? [(await send('GET', one)).body] : []
    expect(shown?.config).toEqual({
      url,
      secret: { primary: '***redacted***', secondary: '***redacted***' },
      headers: { 'X-Tenant': '***redacted***' },
    })
    expect((await send('PATCH', one, wish({ config: shown?.config ?? null }))).status).toBe(422)
    expect((await send('PATCH', one, { events: wish().events })).status).toBe(422)
    platform.settings.wholeChanges = false
    expect((await send('PATCH', one, { events: wish().events })).status).toBe(200)
  })

  it.each<[string, JsonObject]>([
    ['no https', { config: { url: 'http://127.0.0.1:1/', secret: { primary: 'one' } } }],
    ['no secret', { config: { url } }],
    ['an unknown event', { events: ['com.akeneo.pim.v1.product.renamed'] }],
    ['another PIM', { subject: 'https://other.cloud.akeneo.com' }],
    ['an unknown field', { colour: 'red' }],
    ['a reserved header', { config: { url, secret: { primary: 'one' }, headers: { Host: 'x' } } }],
    ['a long filter', { filter: `user="${'x'.repeat(500)}"` }],
    ['a filter that cannot be read', { filter: 'user=ada' }],
  ])('refuses a subscription with %s', async (_, more) => {
    const { body } = await subscriber()
    expect((await send('POST', `subscribers/${body.id}/subscriptions`, wish(more))).status).toBe(422)
  })

  it('takes loopback when it is set to, and 20 of each', async () => {
    platform.settings.acceptLoopback = true
    const { path } = await subscribed({ config: { url: 'http://127.0.0.1:1/', secret: { primary: 'one' } } })
    platform.settings.acceptLoopback = false
    for (let count = 1; count < 20; count++) expect((await send('POST', path, wish())).status).toBe(201)
    expect((await send('POST', path, wish())).status).toBe(422)
    for (let count = 1; count < 20; count++) expect((await subscriber()).status).toBe(201)
    expect((await subscriber()).status).toBe(422)
  })

  it('delivers by the old secret until a change is in effect', async () => {
    const { one } = await subscribed()
    clock.advance(180_000)
    await send('PATCH', one, wish({ config: { url, secret: { primary: 'new' } } }))
    expect(platform.subscriptions()).toMatchObject([{ secrets: { primary: 'one' } }])
    clock.advance(180_000)
    expect(platform.subscriptions()).toMatchObject([{ secrets: { primary: 'new' } }])
  })

  it('suspends, resumes, revokes and deletes, and tells of it', async () => {
    const { id, one } = await subscribed()
    expect((await send('POST', `${one}/suspend`)).body.status).toBe('suspended')
    expect((await send('POST', `${one}/suspend`)).status).toBe(422)
    expect((await send('POST', `${one}/resume`)).body.status).toBe('active')
    platform.suspend(id, 'Success rate dropped below 90%')
    platform.revoke(id, 'The connection was removed')
    expect((await send('POST', `${one}/resume`)).status).toBe(422)
    expect((await send('DELETE', one)).status).toBe(204)
    expect((await send('GET', one)).status).toBe(404)
    expect(told).toMatchObject([
      ['subscription.suspended.user', { pimUrl: akeneo.url }],
      ['subscription.resumed', {}],
      ['subscription.suspended.system', { reason: 'Success rate dropped below 90%' }],
      ['subscription.revoked', {}],
    ])
  })

  it('suspends and refuses once the permission is unticked', async () => {
    await subscribed()
    platform.untick()
    expect(platform.subscriptions()).toMatchObject([{ status: 'suspended' }])
    expect((await send('GET', 'subscribers')).status).toBe(403)
  })

  it('keeps equal errors within five minutes as one, for 30 days', async () => {
    await subscribed()
    const [subscription] = platform.subscriptions()
    if (subscription === undefined) throw new Error('no subscription')
    const error = { subscription, operation: 'failed_to_deliver_event', error_type: 'failed_delivery' }
    for (const error_message of ['slow', 'slow', 'gone']) platform.log({ ...error, error_message })
    expect((await send('GET', 'logs')).list).toHaveLength(2)
    clock.advance(300_000)
    platform.log({ ...error, error_message: 'slow' })
    expect((await send('GET', 'logs')).list).toHaveLength(3)
    clock.advance(30 * 24 * 3_600_000)
    expect((await send('GET', 'logs')).list).toEqual([])
  })
})
