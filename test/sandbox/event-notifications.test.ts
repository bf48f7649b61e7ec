import { createHmac } from 'node:crypto'
import { createNotifier } from '../../sandbox/akeneo/event-notifications'
import type { EventSubscription } from '../../sandbox/akeneo/event-subscription'
import { createClock } from '../../sandbox/clock'
import { type SandboxServer, startServer } from '../../sandbox/server'

const secret = 'a-secret-of-sixteen-or-more'
const clock = createClock({ frozen: true })
let receiver: SandboxServer
let statuses: number[] = []
beforeAll(async () => {
  receiver = await startServer({ clock, handle: () => ({ status: statuses.shift() ?? 200 }) })
})
beforeEach(() => {
  statuses = []
  receiver.requests.splice(0)
})
afterAll(() => receiver.close())

const subscription: EventSubscription = {
  id: 'sub-1',
  subscriberId: 'subscriber-1',
  url: 'https://hook.example.com/events',
  events: ['com.akeneo.pim.v1.product.updated'],
  secrets: { primary: 'another' },
  status: 'suspended',
}

const tell = async (channels: ('email' | 'webhook')[] = ['webhook']) => {
  const waits: number[] = []
  const notifier = createNotifier({ clock, answerWithinMs: 200, sleep: async (ms) => void waits.push(ms) })
  const notification = await notifier.notify('subscription.suspended.system', {
    subscription,
    contact: {
      technicalEmail: 'ops@example.com',
      channels,
      webhook: { url: `${receiver.url}/told`, secret },
    },
    pimUrl: 'https://demo.cloud.akeneo.com',
    reason: 'Success rate dropped below 90%',
  })
  return { notification, waits, notifier }
}

it('is signed with the secret of the contact, and says what happened', async () => {
  const { notification } = await tell()
  expect(notification).toEqual({
    type: 'subscription.suspended.system',
    subscriptionId: 'sub-1',
    attempts: [200],
  })
  const [request] = receiver.requests
  const body = request?.body ?? ''
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'akeneo/event-platform',
    'x-akeneo-signature-primary': createHmac('sha256', secret).update(body).digest('hex'),
    'x-akeneo-signature-algorithm': 'HmacSHA256',
  })
  expect(JSON.parse(body)).toEqual({
    notification_type: 'subscription.suspended.system',
    timestamp: new Date(clock.now()).toISOString(),
    subscription_id: 'sub-1',
    subscriber_id: 'subscriber-1',
    destination: subscription.url,
    events: subscription.events,
    reason: 'Success rate dropped below 90%',
    subject: 'https://demo.cloud.akeneo.com',
  })
})

it.each<[string, number[], number[], boolean]>([
  ['any 2xx is enough', [204], [204], false],
  ['5xx comes again', [500, 200], [500, 200], false],
  ['429 comes again', [429, 429, 200], [429, 429, 200], false],
  ['three times at most; then by e-mail', [503, 503, 503, 200], [503, 503, 503], true],
  ['other 4xx do not come again', [401, 200], [401], true],
  ['nor do redirects', [302, 200], [302], true],
])('%s', async (_, answers, attempts, byEmail) => {
  statuses = [...answers]
  const { notification, waits } = await tell()
  expect(notification.attempts).toEqual(attempts)
  expect(waits).toEqual([1000, 2000].slice(0, attempts.length - 1))
  expect(notification.email !== undefined).toBe(byEmail)
})

it('goes by e-mail only where that is the only channel', async () => {
  const { notification } = await tell(['email'])
  expect(notification).toMatchObject({ attempts: [], email: 'ops@example.com' })
  expect(receiver.requests).toEqual([])
})
