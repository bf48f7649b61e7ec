import { createHmac } from 'node:crypto'
import { createEventDelivery, type DeliveryError } from '../../sandbox/akeneo/event-delivery'
import type { EventSubscription } from '../../sandbox/akeneo/event-subscription'
import { createClock } from '../../sandbox/clock'
import type { JsonObject } from '../../sandbox/json'
import { type Answer, type SandboxServer, startServer } from '../../sandbox/server'

const MINUTE = 60_000
const UPDATED = 'com.akeneo.pim.v1.product.updated'

let receiver: SandboxServer
let answer: Answer = { status: 200 }
beforeAll(async () => {
  receiver = await startServer({ clock: createClock(), handle: () => answer })
})
beforeEach(() => {
  answer = { status: 200 }
  receiver.requests.splice(0)
  receiver.faults.clear()
})
afterAll(() => receiver.close())

const subscribed = (changes: Partial<EventSubscription> = {}): EventSubscription => ({
  id: 'sub-1',
  subscriberId: 'subscriber-1',
  url: `${receiver.url}/hook`,
  events: [UPDATED],
  secrets: { primary: 'first-secret' },
  status: 'active',
  ...changes,
})

const bench = (changes: Partial<EventSubscription> = {}) => {
  const clock = createClock({ frozen: true })
  const subscription = subscribed(changes)
  const suspended: string[] = []
  const errors: DeliveryError[] = []
  const delivery = createEventDelivery({
    clock,
    subscriptions: () => [subscription],
    suspend: (it, reason) => {
      it.status = 'suspended'
      suspended.push(reason)
    },
    log: (error) => errors.push(error),
    answerWithinMs: 700,
  })
  /** So many events at once, one after the other second. */
  const publish = (count = 1, data: JsonObject = { product: { uuid: 'u-1' } }) =>
    Array.from({ length: count }, () => delivery.publish({ type: 'product.updated', data }))
  const send = async (count = 1) => {
    const [one] = publish(count).flat()
    await delivery.deliverDue()
    clock.advance(1000)
    return one
  }
  /** Enough good ones for a few bad ones. */
  const prosper = async () => {
    for (let batch = 0; batch < 5; batch++) await send(20)
    receiver.requests.splice(0)
  }
  return { clock, subscription, suspended, errors, delivery, publish, send, prosper }
}

const arrived = () => receiver.requests.length

describe('what arrives', () => {
  it('is one CloudEvent a request, signed with both secrets over its very bytes', async () => {
    const { delivery, subscription, clock } = bench({
      secrets: { primary: 'first-secret', secondary: 'second-secret' },
      headers: { 'X-Tenant': 'demo' },
    })
    const data = { product: { uuid: 'u-1' }, author: { identifier: 'zoë', type: 'user' } }
    delivery.publish({ type: 'product.updated', data, identifier: 'LAMP-7' })
    await delivery.deliverDue()

    const [request] = receiver.requests
    const sign = (secret: string) =>
      createHmac('sha256', secret)
        .update(request?.body ?? '')
        .digest('hex')
    expect(request).toMatchObject({
      method: 'POST',
      path: '/hook',
      headers: {
        'user-agent': 'akeneo/event-platform',
        'x-tenant': 'demo',
        'x-akeneo-signature-primary': sign('first-secret'),
        'x-akeneo-signature-secondary': sign('second-secret'),
        'x-akeneo-signature-algorithm': 'HmacSHA256',
      },
    })
    const event = JSON.parse(request?.body ?? '')
    expect(event).toEqual({
      specversion: '1.0',
      id: expect.any(String),
      source: 'pim',
      type: UPDATED,
      subject: subscription.id,
      time: new Date(clock.now()).toISOString(),
      datacontenttype: 'application/json',
      dataschema: expect.stringContaining('product.updated'),
      data,
    })
    // whoever signs what he has parsed and written anew is found out
    expect(JSON.stringify(event)).not.toBe(request?.body)
  })

  it('has no second signature without a second secret, and the identifier when it is asked for', async () => {
    const { delivery } = bench({ sendProductIdentifier: true })
    delivery.publish({ type: 'product.updated', data: { product: { uuid: 'u-1' } }, identifier: 'LAMP-7' })
    await delivery.deliverDue()
    expect(receiver.requests[0]?.headers).not.toHaveProperty('x-akeneo-signature-secondary')
    expect(JSON.parse(receiver.requests[0]?.body ?? '').data.product).toEqual({
      uuid: 'u-1',
      identifier: 'LAMP-7',
    })
  })

  it.each<[string, Partial<EventSubscription>]>([
    ['another type', { events: ['com.akeneo.pim.v1.product.created'] }],
    ['a suspended subscription', { status: 'suspended' }],
    ['a revoked subscription', { status: 'revoked' }],
    ['one that is not effective yet', { effectiveAt: Number.POSITIVE_INFINITY }],
    ['a filter that does not match', { filter: 'not user_type="api"' }],
  ])('is nothing for %s', async (_, changes) => {
    const { delivery } = bench(changes)
    const author = { identifier: 'client-1', type: 'api' }
    delivery.publish({ type: 'product.updated', data: { product: { uuid: 'u-1' }, author } })
    await delivery.deliverDue()
    expect(arrived()).toBe(0)
  })
})

describe('retries', () => {
  it.each<[string, () => void]>([
    ['500', () => receiver.faults.add({ fault: { kind: 'status', status: 500 } })],
    ['503', () => receiver.faults.add({ fault: { kind: 'status', status: 503 } })],
    ['no answer in time', () => receiver.faults.add({ fault: { kind: 'hang' } })],
    ['an answer that is cut', () => receiver.faults.add({ fault: { kind: 'cut', afterBytes: 0 } })],
    ['a broken connection', () => receiver.faults.add({ fault: { kind: 'reset' } })],
    ['204, which is not 200', () => receiver.faults.add({ fault: { kind: 'status', status: 204 } })],
  ])('come 5, 10 and 20 minutes later after %s, then the event is dropped', async (_, fail) => {
    const { clock, delivery, prosper, send, errors } = bench()
    await prosper()
    fail()
    const event = await send()
    const after: number[] = []
    let last = clock.now() - 1000
    for (let minute = 0; minute < 120; minute++) {
      const before = arrived()
      if ((await delivery.deliverDue()).length > 0 && arrived() > before) {
        after.push(Math.round((clock.now() - last) / MINUTE))
        last = clock.now()
      }
      clock.advance(MINUTE)
    }
    expect(after).toEqual([5, 10, 20])
    expect(event?.state).toBe('dropped')
    expect(errors).toHaveLength(4)
  })

  it('end with the first 200, with the same event', async () => {
    const { clock, delivery, prosper, send } = bench()
    await prosper()
    receiver.faults.add({ times: 1, fault: { kind: 'status', status: 500 } })
    const event = await send()
    clock.advance(5 * MINUTE)
    await delivery.deliverDue()
    expect(event?.state).toBe('delivered')
    const [first, second] = receiver.requests
    expect(second?.body).toBe(first?.body)
    clock.advance(120 * MINUTE)
    expect(await delivery.deliverDue()).toEqual([])
  })

  it.each([400, 401, 403, 410])('are none after %d', async (status) => {
    const { prosper, send } = bench()
    await prosper()
    answer = { status }
    expect((await send())?.state).toBe('dropped')
  })
})

describe('the rate', () => {
  it('is a hundred events a second at most', async () => {
    const { clock, delivery, publish } = bench()
    publish(250)
    expect(await delivery.deliverDue()).toHaveLength(100)
    expect(await delivery.deliverDue()).toHaveLength(0)
    clock.advance(500)
    expect(await delivery.deliverDue()).toHaveLength(50)
    clock.advance(60_000)
    expect(await delivery.deliverDue()).toHaveLength(100)
  })

  it('goes down to one with 429, whatever Retry-After says, and up again with 200', async () => {
    const { clock, delivery, publish, suspended } = bench()
    answer = { status: 429, headers: { 'retry-after': '3600' } }
    publish(20)
    for (let second = 0; second < 20; second++) {
      await delivery.deliverDue()
      clock.advance(1000)
    }
    expect(delivery.rate('sub-1')).toBe(1)
    answer = { status: 200 }
    for (let second = 0; second < 20; second++) {
      await delivery.deliverDue()
      clock.advance(1000)
    }
    expect(delivery.deliveries.every(({ state }) => state === 'delivered')).toBe(true)
    expect(delivery.rate('sub-1')).toBeGreaterThan(10)
    expect(suspended).toEqual([])
  })

  it('429 for more than an hour is failure', async () => {
    const { clock, delivery, send, suspended } = bench()
    answer = { status: 429 }
    const event = await send()
    clock.advance(59 * MINUTE)
    await delivery.deliverDue()
    expect(suspended).toEqual([])
    clock.advance(2 * MINUTE)
    await delivery.deliverDue()
    expect(event?.state).toBe('dropped')
    expect(suspended).toEqual(['Success rate dropped below 90%'])
  })
})

describe('suspension', () => {
  it.each([404, 301, 302, 307, 308])('follows %d at once, however good it was before', async (status) => {
    const { prosper, send, suspended, publish, delivery } = bench()
    await prosper()
    answer = { status, headers: { location: `${receiver.url}/elsewhere` } }
    await send()
    expect(suspended).toHaveLength(1)
    answer = { status: 200 }
    publish()
    await delivery.deliverDue()
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/hook'])
  })

  it.each([401, 500, 503])('follows %d when less than nine of ten are good', async (status) => {
    const { send, suspended } = bench()
    await send(18)
    answer = { status }
    await send()
    await send()
    expect(suspended).toEqual([])
    await send()
    expect(suspended).toEqual(['Success rate dropped below 90%'])
  })

  it('follows the first failure of all, as the documentation has it, unless it is told to wait for more', async () => {
    answer = { status: 500 }
    const strict = bench()
    await strict.send()
    const lenient = bench()
    lenient.delivery.settings.fewestAttempts = 5
    await lenient.send()
    expect([strict.suspended.length, lenient.suspended.length]).toEqual([1, 0])
  })

  it('forgets what is older than an hour, and all of it when it is resumed', async () => {
    const { clock, delivery, send, suspended, subscription } = bench()
    await send(9)
    answer = { status: 400 }
    await send()
    clock.advance(61 * MINUTE)
    answer = { status: 200 }
    await send(9)
    answer = { status: 400 }
    await send()
    expect(suspended).toEqual([])
    await send()
    expect(suspended).toHaveLength(1)
    subscription.status = 'active'
    delivery.resumed(subscription.id)
    answer = { status: 200 }
    await send(9)
    answer = { status: 400 }
    await send()
    expect(suspended).toHaveLength(1)
  })

  it('loses what waits, and what happens meanwhile', async () => {
    const { clock, delivery, prosper, send, subscription } = bench()
    await prosper()
    receiver.faults.add({ times: 1, fault: { kind: 'status', status: 500 } })
    const waiting = await send()
    subscription.status = 'suspended'
    clock.advance(5 * MINUTE)
    await send()
    subscription.status = 'active'
    clock.advance(60 * MINUTE)
    await delivery.deliverDue()
    expect([waiting?.state, arrived()]).toEqual(['lost', 1])
  })

  it('leaves a line in the log, with the reason', async () => {
    const { errors, send, prosper } = bench()
    await prosper()
    answer = { status: 400 }
    await send()
    receiver.faults.add({ fault: { kind: 'hang' } })
    await send()
    expect(errors).toMatchObject([
      { error_code: 400, operation: 'failed_to_deliver_event' },
      { error_code: 500, error_reason: 'destination_timeout' },
    ])
  })
})

describe('on the way', () => {
  const delivered = async (prepare: (it: ReturnType<typeof bench>) => void) => {
    const it = bench()
    await it.prosper()
    prepare(it)
    const event = await it.send()
    it.clock.advance(5 * MINUTE)
    await it.delivery.deliverDue()
    return { event, arrived: arrived() }
  }

  it('an answer may get lost: the receiver has the event twice', async () => {
    const { event, arrived: requests } = await delivered(({ delivery }) =>
      delivery.faults.add({ times: 1, fault: { kind: 'resetAfter' } }),
    )
    expect([event?.state, requests]).toEqual(['delivered', 2])
  })

  it('an event may get lost: nobody hears of it', async () => {
    const { event, arrived: requests } = await delivered(({ delivery }) => {
      delivery.settings.lose = 1
    })
    expect([event, requests]).toEqual([undefined, 0])
  })

  it.each(['garbled', 'truncate'] as const)('a body may be %s: its signature is wrong', async (kind) => {
    await delivered(({ delivery }) => delivery.faults.add({ times: 1, fault: { kind, afterBytes: 20 } }))
    const [{ body = '', headers = {} } = {}] = receiver.requests
    const right = createHmac('sha256', 'first-secret').update(body).digest('hex')
    expect(headers['x-akeneo-signature-primary']).not.toBe(right)
  })

  it('events may come in another order, the same for the same seed', async () => {
    const order = async () => {
      receiver.requests.splice(0)
      const { delivery } = bench()
      delivery.settings.shuffle = 7
      for (let n = 0; n < 20; n++)
        delivery.publish({ type: 'product.updated', data: { product: { uuid: `u-${n}` } } })
      return (await delivery.deliverDue()).map(({ event }) =>
        delivery.deliveries.findIndex((it) => it.event === event),
      )
    }
    const first = await order()
    expect(await order()).toEqual(first)
    expect(first).not.toEqual([...first].sort((a, b) => a - b))
  })
})
