import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import { type EventPlatformStandIn, startEventPlatform } from '../../sandbox/akeneo/event-platform'
import type { EventPlatformSettings } from '../../sandbox/akeneo/event-settings'
import { createClock, type MovableClock } from '../../sandbox/clock'
import { type SandboxServer, startServer } from '../../sandbox/server'
import { akeneoWebhook } from '../../src/connectors/akeneo/webhook'
import { createCommands } from '../support/commands'

const [first, second, third] = [
  'first-secret-of-the-test',
  'second-secret-of-the-test',
  'third-secret-of-test',
]
const minutes = 60_000

let clock: MovableClock
let akeneo: AkeneoStandIn
let platform: EventPlatformStandIn
/** Stands where pim-events does: takes what one of these secrets signed. */
let receiver: SandboxServer & { knows: string[]; status: number | undefined }

beforeEach(async () => {
  clock = createClock()
  akeneo = await startAkeneo({ clock })
  platform = await startEventPlatform({ clock, akeneo, settings: { acceptLoopback: true } })
  const state: { knows: string[]; status: number | undefined } = { knows: [first], status: undefined }
  const server = await startServer({
    clock,
    handle: ({ body, headers }) => {
      const texts = Object.entries(headers).map(([name, value]) => [name, String(value)])
      const isKnown = akeneoWebhook.verify(
        { body: Buffer.from(body), headers: Object.fromEntries(texts) },
        state.knows,
      )
      // What the command asks with must set nothing going.
      const message = akeneoWebhook.decode(Buffer.from(body), { ownNames: [], now: Date.now() })
      if (isKnown && message.kind !== 'ignored') return { status: 500 }
      const status = state.status ?? (isKnown ? 200 : 401)
      return {
        status,
        ...(isKnown ? { body: '{"message":"nothing to do","outcome":"ignored"}' } : {}),
      }
    },
  })
  receiver = Object.assign(state, server)
})
afterEach(async () => {
  await receiver.close()
  await platform.close()
  await akeneo.close()
})

const hook = (): string => `${receiver.url}/api/v1/web/asset-bridge/pim-events`

/** The command, in this process; akeneo-process.test.ts starts it as the operator does. */
const commands = createCommands(() => ({
  ...akeneo.inputs(),
  AIO_runtime_namespace: '1-stage',
  AKENEO_EVENTS_URL: platform.apiUrl,
  AKENEO_EVENT_SECRETS: first,
}))
const bridge = async (args: readonly string[], env: Record<string, string> = {}) => {
  const run = await commands(['akeneo', ...args], env)
  for (const secret of [first, second, third]) expect(run.stdout + run.stderr).not.toContain(secret)
  return run
}

const contact = ['--email', 'operator@example.com']
const subscribe = (more: readonly string[] = [], env: Record<string, string> = {}) =>
  bridge(['subscribe', '--url', hook(), ...contact, ...more], env)
const set = (settings: Partial<EventPlatformSettings>): Record<string, string> => {
  Object.assign(platform.settings, settings)
  return {}
}
const writes = () => platform.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method)
const only = () => {
  const [subscription, ...others] = platform.subscriptions()
  if (subscription === undefined || others.length > 0) throw new Error('not one subscription')
  return subscription
}

describe('npm run bridge -- akeneo subscribe', () => {
  test('creates subscriber and subscription, and the second time changes nothing of them', async () => {
    const made = await subscribe()
    expect([made.code, made.stderr]).toEqual([0, ''])
    const before = only()
    expect(before).toMatchObject({ url: hook(), secrets: { primary: first }, status: 'active' })
    expect(before.events).toContain('com.akeneo.pim.v1.product.updated')
    expect(before.events).not.toContain('com.akeneo.pim.v1.product.updated.delta')

    clock.advance(10 * minutes)
    const again = await bridge(['subscribe'])
    expect(again.code).toBe(0)
    clock.advance(10 * minutes)
    expect({ ...only(), effectiveAt: undefined }).toEqual({ ...before, effectiveAt: undefined })
    expect(writes()).toEqual(['POST', 'POST', 'PATCH', 'PATCH'])
  })

  test('--dry-run says what would be done, and does not', async () => {
    const dry = await subscribe(['--dry-run'])
    expect(dry.code).toBe(0)
    expect(dry.stdout).toContain(`would create a subscription to ${hook()}`)
    expect(writes()).toEqual([])
  })

  test('replaces secrets without a moment at which the receiver knows none that Akeneo signs with', async () => {
    const accepted = () => {
      const { primary, secondary = '' } = only().secrets
      return [primary, secondary].some((secret) => receiver.knows.includes(secret))
    }
    const moments: boolean[] = []
    await subscribe()
    // The second one comes, then the third in place of the first: subscribed before it is deployed, and after.
    for (const [list, order] of [
      [
        [second, first],
        ['subscribe', 'deploy'],
      ],
      [
        [third, second],
        ['subscribe', 'deploy'],
      ],
      [
        [first, third],
        ['deploy', 'subscribe'],
      ],
    ] as const) {
      clock.advance(10 * minutes)
      for (const step of order) {
        if (step === 'deploy') receiver.knows = [...list]
        else expect((await subscribe([], { AKENEO_EVENT_SECRETS: list.join(',') })).code).toBe(0)
        moments.push(accepted())
        clock.advance(10 * minutes)
        moments.push(accepted())
      }
    }
    expect(moments).toEqual(moments.map(() => true))
    expect(only().secrets).toEqual({ primary: first, secondary: third })
  })

  test('refuses to have Akeneo sign with secrets that the receiver does not know', async () => {
    await subscribe()
    const refused = await subscribe([], { AKENEO_EVENT_SECRETS: second })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^AKENEO_EVENTS_RECEIVER: .*"new,old"/)
    expect(writes()).toEqual(['POST', 'POST'])
  })

  test('resumes what was suspended, but not towards a receiver that is gone', async () => {
    await subscribe()
    platform.suspend(only().id, 'The endpoint responded with 404 Not Found')
    receiver.status = 404
    const gone = await bridge(['subscribe'])
    expect([gone.code, only().status]).toEqual([1, 'suspended'])
    receiver.status = undefined
    const resumed = await bridge(['subscribe'])
    expect([resumed.code, only().status]).toEqual([0, 'active'])
  })

  test.each([404, 301])('creates nothing towards a URL that answers %i, unless told so', async (status) => {
    receiver.status = status
    for (const more of [[], ['--dry-run']]) {
      const refused = await subscribe(more)
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(
        /^AKENEO_EVENTS_RECEIVER: there is no receiver at the URL .*get-url pim-events/,
      )
    }
    expect(writes()).toEqual([])
    expect((await subscribe(['--unchecked'])).code).toBe(0)
    expect(only().url).toBe(hook())
  })

  test('an address that takes anything is not the receiver', async () => {
    await subscribe()
    receiver.knows = []
    receiver.status = 200
    const refused = await bridge(['subscribe', '--events', 'product.updated'])
    expect([refused.code, writes()]).toEqual([1, ['POST', 'POST']])
    expect(refused.stderr).toMatch(/^AKENEO_EVENTS_RECEIVER: .*get-url pim-events/)
    const status = await bridge(['status'])
    expect([status.code, status.stdout]).toEqual([1, expect.stringContaining('receiver: stranger')])
  })

  test('replaces what was revoked, and moves what has another URL', async () => {
    await subscribe()
    const { id } = only()
    platform.revoke(id, 'The connection was removed')
    expect((await subscribe()).code).toBe(0)
    expect(only()).toMatchObject({ status: 'active' })
    expect(only().id).not.toBe(id)
    const moved = await bridge(['subscribe', '--url', `${hook()}-2`])
    expect(moved.stdout).toContain(`change the URL from ${hook()} to ${hook()}-2`)
    clock.advance(10 * minutes)
    expect(only().url).toBe(`${hook()}-2`)
  })

  test('a creation whose answer is lost happens once', async () => {
    platform.faults.add({ method: 'POST', times: 1, fault: { kind: 'resetAfter' } })
    expect((await subscribe()).code).toBe(0)
    const { works, subscribers } = JSON.parse((await bridge(['status', '--json'])).stdout)
    expect([works, subscribers.length]).toEqual([true, 1])
  })

  test.each<[string, () => Record<string, string>, string, RegExp]>([
    ['too many', () => set({ most: 0 }), 'AKENEO_EVENTS_LIMIT', /20 subscribers/],
    ['too many, as 403', () => set({ most: 0, limitStatus: 403 }), 'AKENEO_EVENTS_LIMIT', /akeneo status/],
    ['no permission', () => set({ permitted: false }), 'AKENEO_EVENTS_FORBIDDEN', /tick "Event Platform"/],
    ['no https', () => set({ acceptLoopback: false }), 'AKENEO_EVENTS_URL_REFUSED', /get-url pim-events/],
    ['a wrong password', () => ({ AKENEO_PASSWORD: 'other' }), 'AKENEO_UNAUTHORIZED', /AKENEO_PASSWORD/],
    [
      'no client id',
      () => ({ AKENEO_CLIENT_ID: 'other', AKENEO_TOKEN: akeneo.appToken }),
      'AKENEO_UNAUTHORIZED',
      /AKENEO_CLIENT_ID/,
    ],
    ['no such API', () => ({ AKENEO_EVENTS_URL: platform.url }), 'AKENEO_EVENTS_NOT_FOUND', /edition/],
    ['no platform', () => ({ AKENEO_EVENTS_URL: 'http://event.example.com' }), 'INPUT_INVALID', /https/],
    ['short secrets', () => ({ AKENEO_EVENT_SECRETS: 'short' }), 'INPUT_INVALID', /openssl/],
  ])('says what to do about %s', async (_, spoil, code, message) => {
    const { stderr } = await subscribe([], spoil())
    expect(stderr).toMatch(new RegExp(`^${code}: `))
    expect(stderr).toMatch(message)
    expect(platform.subscriptions()).toEqual([])
  })

  test('http elsewhere, and two kinds of update, are refused before anything is asked', async () => {
    const plain = await bridge(['subscribe', '--url', 'http://hook.example.com/', ...contact])
    expect(plain.stderr).toMatch(/^AKENEO_EVENTS_URL_REFUSED: --url must begin with https:/)
    const both = await subscribe(['--events', 'product.updated,product.updated.delta'])
    expect([both.code, both.stderr.split('\n')[0]]).toEqual([2, expect.stringContaining('twice')])
    expect(writes()).toEqual([])
  })
})

describe('npm run bridge -- akeneo', () => {
  test('status fails until it works; logs has the errors; suspend and delete end it', async () => {
    const none = await bridge(['status'])
    expect([none.code, none.stdout]).toEqual([1, expect.stringContaining('There is no subscriber')])
    await subscribe()
    platform.settings.logsPerPage = 1
    const error = {
      subscription: only(),
      operation: 'failed_to_deliver_event',
      error_type: 'failed_delivery',
      error_reason: 'destination_timeout',
    }
    platform.log({ ...error, error_code: 500, error_message: 'it took too long' })
    platform.log({ ...error, error_code: 503, error_message: 'it answered 503' })

    const status = await bridge(['status'])
    expect(status.code).toBe(0)
    expect(status.stdout).toMatch(/ACTIVE[\s\S]*receiver: accepts[\s\S]*Errors of the last day: 2/)

    const suspended = await bridge(['suspend', '--yes'])
    expect([suspended.code, only().status]).toEqual([0, 'suspended'])
    expect((await bridge(['status'])).code).toBe(1)
    const logs = JSON.parse((await bridge(['logs', '--json'])).stdout)
    expect(logs).toHaveLength(3)
    expect(JSON.parse((await bridge(['logs', '--errors', '--json'])).stdout)).toHaveLength(2)

    expect((await bridge(['delete', '--dry-run'])).stdout).toMatch(/^would delete the subscription/)
    expect(platform.subscriptions()).toHaveLength(1)
    expect((await bridge(['delete', '--yes'])).code).toBe(0)
    expect(platform.subscriptions()).toEqual([])
    expect((await bridge(['delete', '--yes'])).stderr).toContain('there is no subscriber')
  })

  test('status says how things stand although the log cannot be read', async () => {
    await subscribe()
    platform.faults.add({ path: '/api/v1/logs', fault: { kind: 'status', status: 400 } })
    const { code, stdout } = await bridge(['status'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/ACTIVE[\s\S]*receiver: accepts[\s\S]*AKENEO_EVENTS_REFUSED/)
  })

  test('logs of a subscriber that there is not are no empty log', async () => {
    await subscribe()
    const { code, stderr } = await bridge(['logs', '--name', 'asset-bridge'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no subscriber "asset-bridge"')])
  })

  test.each([
    ['filter may have at most 10 logical operators, the limit of a filter', 'limit'],
    ['filter cannot be read, see https://api.akeneo.com/event-platform/available-filters.html', 'https'],
  ])('a refusal is not taken for another one by its words: %s', async (message) => {
    await subscribe()
    platform.faults.add({
      method: 'PATCH',
      path: /\/subscriptions\//,
      fault: { kind: 'status', status: 422, body: { code: 422, message } },
    })
    const { stderr } = await bridge(['subscribe', '--filter', 'user="x"'])
    expect(stderr).toMatch(/^AKENEO_EVENTS_REFUSED: /)
    expect(stderr).toContain(message)
  })
})
