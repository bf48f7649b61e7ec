import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import { type EventFeed, startEventFeed } from '../../sandbox/akeneo/event-feed'
import { createClock } from '../../sandbox/clock'
import type { JsonObject } from '../../sandbox/json'
import { type SandboxServer, startServer } from '../../sandbox/server'

const clock = createClock({ frozen: true })
let status = 200
let receiver: SandboxServer
let akeneo: AkeneoStandIn
let feed: EventFeed

beforeAll(async () => {
  receiver = await startServer({ clock, handle: () => ({ status }) })
  akeneo = await startAkeneo({ clock })
  feed = await startEventFeed({ clock, akeneo, settings: { acceptLoopback: true } })
})
afterAll(async () => {
  for (const server of [feed, akeneo, receiver]) await server.close()
})

async function call(
  method: string,
  path: string,
  body?: JsonObject,
): Promise<{ id?: string; status?: string }> {
  const response = await fetch(`${feed.platform.apiUrl}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      'x-pim-url': akeneo.url,
      'x-pim-token': akeneo.appToken,
      'x-pim-client-id': akeneo.oauth.credentials.clientId,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return JSON.parse(await response.text())
}

/** What becomes of the event of a new product. */
async function delivered(sku: string): Promise<string[]> {
  akeneo.catalogue.setProduct(sku)
  return (await feed.delivery.deliverDue()).map(({ state }) => state)
}

describe('what is managed is what is delivered', () => {
  test('once a subscription is in effect, until it is suspended, and again when it is resumed', async () => {
    const subscriber = await call('POST', '/subscribers', {
      name: 'bridge',
      contact: {
        technical_email: 'operator@example.com',
        notification_channels: ['webhook'],
        notification_webhook_url: `${receiver.url}/notices`,
        notification_webhook_secret: 'x'.repeat(16),
      },
    })
    const path = `/subscribers/${subscriber.id}/subscriptions`
    const { id } = await call('POST', path, {
      source: 'pim',
      subject: akeneo.url,
      type: 'https',
      events: ['com.akeneo.pim.v1.product.created'],
      config: { url: `${receiver.url}/events`, secret: { primary: 'p'.repeat(16) } },
    })
    expect(await delivered('before-it-is-in-effect')).toEqual([])
    clock.advance(200_000)
    expect(await delivered('in-effect')).toEqual(['delivered'])

    status = 404
    await delivered('nobody-is-there')
    expect(await call('GET', `${path}/${id}`)).toMatchObject({ status: 'suspended' })
    expect(JSON.stringify(await call('GET', '/logs'))).toContain('failed_to_deliver_event')

    status = 200
    await call('POST', `${path}/${id}/resume`)
    expect(await delivered('somebody-is-there')).toContain('delivered')
  })
})
