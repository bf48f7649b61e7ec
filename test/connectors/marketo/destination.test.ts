import {
  type MarketoStandIn,
  type MarketoOptions as StandInOptions,
  startMarketo,
} from '../../../sandbox/targets/marketo'
import type { MarketoFault } from '../../../sandbox/targets/marketo-faults'
import { freePort } from '../../../sandbox/targets/ssh-server'
import { type MarketoOptions, marketo } from '../../../src/connectors/marketo/destination'
import type { LogLevel } from '../../../src/core/logger'
import { createRedactor } from '../../../src/core/redaction'
import type { Destination } from '../../../src/plugin/destination'
import { flatName } from '../../../src/plugin/flat-name'
import { startCall } from '../../support/call'
import { createTestClock } from '../../support/test-clock'
import { describeDestination } from '../kit/conformance'
import { type ContextParts, contextOf } from '../kit/destination-context'
import { expectBytes } from '../kit/expect-bytes'
import { fakeBinary } from '../kit/fake-binary'

const never = startCall()
const gibibyte = 1024 ** 3

describeDestination({
  name: 'marketo',
  capabilities: ['head'],
  start: async () => {
    const instance = await startMarketo({ maxBytes: gibibyte, calls: 1_000_000, dailyQuota: 1_000_000 })
    const keys = new Map<string, string>()
    const make = (more: Record<string, string> = {}): Destination => {
      const inputs = { ...instance.inputs, MARKETO_MAX_BYTES: String(gibibyte), ...more }
      const destination = marketo({ rate: { calls: 1_000_000 } }).create(contextOf(inputs))
      return {
        ...destination,
        put: (key, source, options, call) => {
          keys.set(flatName(key), key)
          return destination.put(key, source, options, call)
        },
      }
    }
    const nowhere = `http://127.0.0.1:${await freePort()}`
    return {
      destination: make(),
      read: (key) => instance.read(flatName(key)),
      list: async () => instance.files().map(({ name }) => keys.get(name) ?? name),
      mediaType: async (key) => instance.files().find(({ name }) => name === flatName(key))?.mimeType,
      secrets: instance.secrets,
      breakIt: {
        wrongCredentials: () => make({ MARKETO_CLIENT_SECRET: 'another secret' }),
        unreachable: () => make({ MARKETO_URL: nowhere }),
      },
      close: instance.close,
    }
  },
})

describe('marketo', () => {
  let instance: MarketoStandIn
  let clock: ReturnType<typeof createTestClock>

  async function start(options: StandInOptions = {}): Promise<void> {
    await instance?.close()
    instance = await startMarketo({ clock, ...options })
  }
  beforeEach(async () => {
    clock = createTestClock()
    instance = await startMarketo({ clock })
  })
  afterEach(() => instance.close())

  const make = (
    more: Record<string, string | undefined> = {},
    options: MarketoOptions = {},
    parts: ContextParts = {},
  ) => marketo(options).create(contextOf({ ...instance.inputs, ...more }, { clock, ...parts }))
  const file = (seed = 1, size = 1_000) => fakeBinary({ seed, size })
  const put = (destination: Destination, key = 'a.png', source = file()) =>
    destination.put(key, source, {}, never)
  const calls = (method: string) =>
    instance.requests.filter((request) => request.method === method && request.path.startsWith('/rest/'))
  const ids = () => instance.files().map(({ id, name }) => `${id} ${name}`)
  const faults = (method: string, ...list: (MarketoFault | undefined)[]) => {
    instance.fault = (request) =>
      request.method === method && request.path.startsWith('/rest/') ? list.shift() : undefined
  }

  describe('a file', () => {
    it('goes into the folder with its name, its type and its version', async () => {
      await put(make(), 'shop/Lamp 1.png')
      expect(instance.files()).toEqual([
        expect.objectContaining({
          name: expect.stringMatching(/^Lamp_1_[0-9a-f]{12}\.png$/),
          folder: 436,
          size: 1_000,
          mimeType: 'image/png',
          description: 'aem-asset-bridge version=v-1-1000',
        }),
      ])
      expect(calls('POST')[0]?.headers['content-length']).toBe(String(calls('POST')[0]?.bytes))
    })

    it('is updated, never doubled, when its name is there already, by whomever', async () => {
      instance.place({ name: 'a.png', folder: 436, description: 'by hand' })
      const before = ids()
      const destination = make()
      for (const seed of [1, 2, 3]) {
        const previous = await destination.head?.('a.png', never)
        expect(previous?.version).toBe(seed === 1 ? undefined : `v-${seed - 1}-1000`)
        await destination.put('a.png', file(seed), { ...(previous ? { previous } : {}) }, never)
      }
      expect(ids()).toEqual(before)
      expectBytes(await instance.read('a.png'), file(3))
    })

    it('does not touch one of the same name in another folder', async () => {
      instance.place({ name: 'a.png', folder: 437, description: 'by hand' })
      const destination = make()
      const taken = { failureClass: 'permanent', code: 'MARKETO_NAME_TAKEN' }
      await expect(destination.head?.('a.png', never)).rejects.toMatchObject(taken)
      await expect(put(destination)).rejects.toMatchObject(taken)
      expect(instance.files()).toMatchObject([{ folder: 437, description: 'by hand', size: 3 }])
    })

    it('is not written over when another one was faster', async () => {
      const destination = make()
      await put(destination, 'a.png', file(1))
      await expect(put(destination, 'a.png', file(2))).rejects.toMatchObject({
        failureClass: 'transient',
        code: 'DESTINATION_CHANGED',
      })
      expect(await put(destination, 'a.png', file(1))).toEqual({ version: 'v-1-1000', size: 1_000 })
      expect(ids()).toHaveLength(1)
    })

    it('that is too large is refused before a byte is sent', async () => {
      await expect(put(make(), 'a.psd', file(1, 1024 * 1024))).rejects.toMatchObject({
        failureClass: 'permanent',
        code: 'MARKETO_TOO_LARGE',
        message: expect.stringContaining('MARKETO_MAX_BYTES'),
      })
      expect(instance.requests).toEqual([])
    })

    it('of unknown size that is too large is not read to its end', async () => {
      let read = 0
      const endless = fakeBinary({
        size: gibibyte,
        unknownSize: true,
        onChunk: (sent) => {
          read = sent
        },
      })
      await expect(put(make(), 'a.psd', endless)).rejects.toMatchObject({ code: 'MARKETO_TOO_LARGE' })
      expect(read).toBeLessThan(4 * 1024 * 1024)
      expect(instance.requests).toEqual([])
    })

    it('that the instance finds too large is a dead letter, too', async () => {
      const destination = make({ MARKETO_MAX_BYTES: '100000000' })
      await expect(put(destination, 'a.psd', file(1, 20_000_000))).rejects.toMatchObject({
        failureClass: 'permanent',
        code: 'MARKETO_TOO_LARGE',
        status: 413,
      })
      expect(calls('POST')).toHaveLength(1)
    })

    it.each([
      ['999', '710'],
      ['1001', '711'],
    ])('has nowhere to go when the folder is wrong: %s', async (MARKETO_FOLDER_ID, code) => {
      await expect(put(make({ MARKETO_FOLDER_ID }))).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'MARKETO_FOLDER_UNUSABLE',
        message: expect.stringContaining(code),
      })
    })

    it('is told with what Marketo keeps, and once in the log when that is something else', async () => {
      const destination = make()
      await put(destination, 'a.png', file(1))
      instance.forgetDescriptions()
      const warnings: string[] = []
      const log = (level: LogLevel) => (message: string) => void (level === 'warn' && warnings.push(message))
      const call = {
        signal: startCall().signal,
        deadline: Number.POSITIVE_INFINITY,
        logger: { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug') },
      }
      for (const seed of [2, 3]) {
        const previous = await destination.head?.('a.png', call)
        expect(await destination.put('a.png', file(seed), previous ? { previous } : {}, call)).toEqual({
          version: 'v-1-1000',
          size: 1_000,
        })
      }
      expect(warnings).toHaveLength(1)
    })
  })

  describe('the token', () => {
    it('is asked for once, however many files wait for it', async () => {
      const destination = make()
      await Promise.all(Array.from({ length: 8 }, (_, index) => put(destination, `${index}.png`)))
      expect(instance.requests.filter(({ path }) => path.startsWith('/identity/'))).toHaveLength(1)
    })

    it('is renewed before it expires', async () => {
      const destination = make()
      await put(destination, 'a.png')
      clock.advance(3_590_000)
      await put(destination, 'b.png')
      clock.advance(20_000)
      await put(destination, 'c.png')
      expect(calls('POST')).toHaveLength(3)
    })

    it.each([
      ['expires', () => clock.advance(3_601_000), '602'],
      ['is revoked', () => instance.revokeAll(), '601'],
    ])('is renewed when it %s in the middle', async (_what, happens) => {
      // Its own clock stands still, as in a container that was asleep.
      const destination = make({}, {}, { clock: createTestClock() })
      const previous = await destination.head?.('a.png', never)
      expect(previous).toBeUndefined()
      happens()
      expect(await put(destination)).toMatchObject({ version: 'v-1-1000' })
      expect(instance.tokensIssued()).toBe(2)
      expect(calls('POST')).toHaveLength(2)
      expect(ids()).toHaveLength(1)
    })

    it('that is refused again is systemic, and not asked for over and over', async () => {
      instance.fault = ({ path }) => (path.startsWith('/rest/') ? { code: '601' } : undefined)
      await expect(put(make())).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'MARKETO_UNAUTHORIZED',
      })
      expect(instance.requests).toHaveLength(4)
    })

    it.each([
      ['client id', { MARKETO_CLIENT_ID: 'somebody-else' }],
      ['secret', { MARKETO_CLIENT_SECRET: 'hunter22' }],
    ])('is not given for a wrong %s, and the answer that repeats it is not shown', async (_what, inputs) => {
      const failure: unknown = await put(make(inputs)).catch((thrown: unknown) => thrown)
      expect(failure).toMatchObject({ failureClass: 'systemic', code: 'MARKETO_UNAUTHORIZED', status: 401 })
      expect(String(failure)).not.toMatch(/hunter22|somebody-else/)
    })

    it('and the secrets are known to whoever masks', async () => {
      const redactor = createRedactor()
      const destination = make({}, {}, { redactor })
      await put(destination)
      const [, request] = instance.requests
      const shown = redactor.text(
        JSON.stringify([instance.secrets, request?.headers, instance.requests[0]?.query]),
      )
      const token = request?.headers.authorization?.slice('Bearer '.length) ?? ''
      expect(token.length).toBeGreaterThan(10)
      for (const secret of [...instance.secrets, token]) expect(shown).not.toContain(secret)
    })

    it('does not come back in an error', async () => {
      let token = ''
      instance.fault = ({ path, headers }) => {
        if (path.startsWith('/identity/')) return undefined
        token = headers.authorization?.slice('Bearer '.length) ?? ''
        return { code: '603', message: `Access denied to ${token}` }
      }
      const failure: unknown = await put(make()).catch((thrown: unknown) => thrown)
      expect(failure).toMatchObject({ failureClass: 'systemic', code: 'MARKETO_FORBIDDEN' })
      expect(String(failure)).not.toContain(token)
    })

    it('goes nowhere else: a redirect is not followed', async () => {
      const other = await startMarketo({ clock })
      const headers = { location: `${other.url}/rest/x?access_token=hunter22` }
      for (const path of ['/identity/', '/rest/']) {
        instance.fault = (request) => (request.path.startsWith(path) ? { status: 302, headers } : undefined)
        const failure: unknown = await put(make()).catch((thrown: unknown) => thrown)
        expect(failure).toMatchObject({ failureClass: 'systemic', code: 'MARKETO_REDIRECTS' })
        expect(String(failure)).toContain(new URL(other.url).host)
        expect(String(failure)).not.toContain('hunter22')
      }
      expect(other.requests).toEqual([])
      await other.close()
    })
  })

  describe('an answer that is lost', () => {
    const losses: [string, MarketoFault][] = [
      ['the connection breaks', { reset: true }],
      ['it breaks off', { cut: true }],
      ['it does not come', { silent: true }],
      ['it does not end', { stalled: true }],
      ['a gateway answers 502', { status: 502 }],
      ['a gateway answers 504', { status: 504 }],
      ['a page comes instead', { html: true }],
      ['it says "system error"', { code: '611' }],
      ['it says "timed out"', { code: '604' }],
    ]

    it.each(losses)('does not make it send a new file again: %s', async (_what, fault) => {
      faults('POST', { ...fault, after: true })
      expect(await put(make({}, { idleMs: 1_000 }))).toEqual({ version: 'v-1-1000', size: 1_000 })
      expect(calls('POST')).toHaveLength(1)
      expect(calls('GET')).toHaveLength(1)
      expect(ids()).toHaveLength(1)
    })

    it.each(losses)('nor one that is updated: %s', async (_what, fault) => {
      const destination = make({}, { idleMs: 1_000 })
      const previous = await put(destination, 'a.png', file(1))
      const before = ids()
      faults('POST', { ...fault, after: true })
      expect(await destination.put('a.png', file(2), { previous }, never)).toMatchObject({
        version: 'v-2-1000',
      })
      expect(calls('POST')).toHaveLength(2)
      expect(ids()).toEqual(before)
    })

    it.each(losses)('makes it send again what did not arrive: %s', async (_what, fault) => {
      faults('POST', fault, fault)
      await put(make({}, { idleMs: 1_000 }))
      expect(calls('POST')).toHaveLength(3)
      expect(calls('GET')).toHaveLength(2)
      expect(ids()).toHaveLength(1)
      expectBytes(await instance.read('a.png'), file())
    })

    it('does not matter when the file is seen late', async () => {
      const list: MarketoFault[] = [{ reset: true, after: true }, { code: '702' }]
      instance.fault = ({ path }) => (path.startsWith('/rest/') ? list.shift() : undefined)
      expect(await put(make())).toEqual({ version: 'v-1-1000', size: 1_000 })
      expect(ids()).toHaveLength(1)
    })

    it('does not hide that somebody else wrote meanwhile', async () => {
      const destination = make()
      const previous = await put(destination, 'a.png', file(1))
      instance.fault = ({ method }) => {
        if (method !== 'POST') return undefined
        instance.fault = () => undefined
        instance.place({ name: 'b.png', folder: 436 })
        Object.assign(instance.files()[0] ?? {}, { description: 'by hand' })
        return { reset: true }
      }
      await expect(destination.put('a.png', file(2), { previous }, never)).rejects.toMatchObject({
        code: 'DESTINATION_CHANGED',
      })
      expect(calls('POST')).toHaveLength(2)
    })
  })

  describe('an error inside an answer', () => {
    it.each([
      ['603', 'systemic', 'MARKETO_FORBIDDEN'],
      ['605', 'permanent', 'MARKETO_REFUSED'],
      ['609', 'permanent', 'MARKETO_REFUSED'],
      ['610', 'permanent', 'MARKETO_REFUSED'],
      ['612', 'permanent', 'MARKETO_REFUSED'],
      ['613', 'permanent', 'MARKETO_REFUSED'],
      ['709', 'permanent', 'MARKETO_REFUSED'],
      ['710', 'systemic', 'MARKETO_FOLDER_UNUSABLE'],
      ['711', 'systemic', 'MARKETO_FOLDER_UNUSABLE'],
      ['607', 'systemic', 'MARKETO_QUOTA'],
    ])('is of its class, and nothing is sent again: %s', async (code, failureClass, ours) => {
      faults('POST', { code }, { code })
      await expect(put(make())).rejects.toMatchObject({ failureClass, code: ours })
      expect(calls('POST')).toHaveLength(1)
    })

    it.each([
      ['606', 'MARKETO_BUSY'],
      ['615', 'MARKETO_BUSY'],
      ['502', 'MARKETO_UNAVAILABLE'],
      ['604', 'MARKETO_UNAVAILABLE'],
      ['608', 'MARKETO_UNAVAILABLE'],
      ['611', 'MARKETO_UNAVAILABLE'],
      ['614', 'MARKETO_UNAVAILABLE'],
      ['713', 'MARKETO_UNAVAILABLE'],
      ['719', 'MARKETO_UNAVAILABLE'],
      ['1234', 'MARKETO_FAILED'],
    ])(
      'that may pass is waited for, at growing distance, and then left for later: %s',
      async (code, ours) => {
        const list = Array.from({ length: 10 }, () => ({ code }))
        faults('POST', ...list)
        await expect(put(make())).rejects.toMatchObject({ failureClass: 'transient', code: ours })
        expect(calls('POST')).toHaveLength(5)
        expect(clock.sleeps).toHaveLength(4)
        faults('POST', { code }, { code })
        expect(await put(make())).toMatchObject({ version: 'v-1-1000' })
      },
    )

    it.each(['606', '615'])('about too many calls is waited for, by bad luck too: %s', async (code) => {
      faults('POST', { code }, { code })
      await put(make({}, {}, { random: () => 0 }))
      // The limit is counted over 20 seconds: to come back at once would only be counted, too.
      expect(clock.sleeps).toEqual([5_000, 5_000])
    })

    it.each([
      [404, 'systemic', 'MARKETO_UNUSABLE'],
      [401, 'systemic', 'MARKETO_UNUSABLE'],
      [501, 'systemic', 'MARKETO_UNUSABLE'],
      [400, 'permanent', 'MARKETO_REFUSED'],
      [413, 'permanent', 'MARKETO_TOO_LARGE'],
      [415, 'permanent', 'MARKETO_REFUSED'],
    ])('can be a status, too: %i', async (status, failureClass, code) => {
      faults('POST', { status })
      await expect(put(make())).rejects.toMatchObject({ failureClass, code, status })
    })

    it('waits as long as it is told', async () => {
      faults('GET', { status: 503, headers: { 'retry-after': '25' } }, { status: 429 })
      expect(await make().head?.('a.png', never)).toBeUndefined()
      expect(clock.sleeps[0]).toBe(25_000)
    })

    it('does not wait beyond its time', async () => {
      faults('GET', { status: 503, headers: { 'retry-after': '25' } })
      const logger = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() }
      const deadline = clock.now() + 20_000
      const call = { signal: startCall().signal, deadline, logger }
      await expect(make().head?.('a.png', call)).rejects.toMatchObject({ code: 'MARKETO_UNAVAILABLE' })
      expect(clock.sleeps).toEqual([])
    })

    it('is never taken for "absent"', async () => {
      const answers: MarketoFault[] = [
        { code: '610' },
        { code: '605' },
        { code: '603' },
        { status: 404 },
        { status: 301 },
        { code: '607' },
      ]
      for (const fault of answers) {
        faults('GET', fault)
        await expect(make().head?.('a.png', never)).rejects.toMatchObject({ name: 'BridgeError' })
      }
    })
  })

  describe('the limits of the instance', () => {
    it('are respected under load', async () => {
      const destination = make()
      const keys = Array.from({ length: 180 }, (_, index) => `${index}.png`)
      await Promise.all(
        keys.map(async (key) => {
          await destination.head?.(key, never)
          await put(destination, key, file(1, 10_000))
        }),
      )
      expect(instance.refused()).toBe(0)
      expect(instance.peaks().calls).toBeLessThanOrEqual(100)
      expect(instance.peaks().atOnce).toBeLessThanOrEqual(10)
      expect(instance.files()).toHaveLength(180)
    })

    it('are shared with others when it is told so', async () => {
      const destination = make({}, { rate: { calls: 20, atOnce: 2 } })
      await Promise.all(Array.from({ length: 50 }, (_, index) => put(destination, `${index}.png`)))
      expect(instance.peaks().calls).toBeLessThanOrEqual(20)
      expect(instance.peaks().atOnce).toBeLessThanOrEqual(2)
    })

    it('that others use up are waited for', async () => {
      await start({ calls: 3 })
      const destination = make()
      for (const key of ['a.png', 'b.png', 'c.png', 'd.png', 'e.png']) {
        for (let attempt = 1; ; attempt++) {
          const stored = await put(destination, key).catch((thrown: unknown) => {
            expect(thrown).toMatchObject({ failureClass: 'transient', code: 'MARKETO_BUSY' })
            return undefined
          })
          if (stored !== undefined) break
          expect(attempt).toBeLessThan(10)
        }
      }
      expect(instance.refused()).toBeGreaterThan(0)
      expect(ids()).toHaveLength(5)
    })

    it('of a day stop everything until they are reset, without another call', async () => {
      const destination = make()
      await put(destination, 'a.png')
      instance.useUpQuota()
      const usedUp = { failureClass: 'systemic', code: 'MARKETO_QUOTA' }
      await expect(put(destination, 'b.png')).rejects.toMatchObject(usedUp)
      const asked = instance.requests.length
      // 2030-01-02T03:04:05Z is 2 hours, 55 minutes and 55 seconds before midnight in Chicago.
      clock.advance(2 * 3_600_000)
      for (const key of ['b.png', 'c.png']) {
        await expect(destination.head?.(key, never)).rejects.toMatchObject(usedUp)
        await expect(put(destination, key)).rejects.toMatchObject(usedUp)
      }
      expect(instance.requests).toHaveLength(asked)
      clock.advance(3_600_000)
      expect(await put(destination, 'b.png')).toMatchObject({ version: 'v-1-1000' })
    })

    it('of a day stop those, too, that wait for their turn', async () => {
      const destination = make({}, { rate: { atOnce: 1 } })
      await put(destination, 'a.png')
      instance.useUpQuota()
      const asked = instance.requests.length
      const keys = Array.from({ length: 8 }, (_, index) => `b-${index}.png`)
      const failures = await Promise.all(
        keys.map((key) => put(destination, key).catch((thrown: unknown) => thrown)),
      )
      for (const failure of failures) expect(failure).toMatchObject({ code: 'MARKETO_QUOTA' })
      // The second one begins while the first answer is read.
      expect(instance.requests.length - asked).toBeLessThanOrEqual(2)
    })

    it('of a day that are still used up right after the reset are asked for again soon', async () => {
      clock.advance(Date.parse('2030-01-02T06:00:30Z') - clock.now())
      const destination = make()
      faults('GET', { code: '607' })
      await expect(destination.head?.('a.png', never)).rejects.toMatchObject({ code: 'MARKETO_QUOTA' })
      clock.advance(11 * 60_000)
      expect(await destination.head?.('a.png', never)).toBeUndefined()
    })
  })

  describe('the inputs', () => {
    it.each([
      ['MARKETO_URL', 'http://example.com'],
      ['MARKETO_URL', 'https://user:hunter22@example.com'],
      ['MARKETO_URL', 'https://example.com/rest/asset'],
      ['MARKETO_URL', 'https://example.com?x=1'],
      ['MARKETO_CLIENT_ID', undefined],
      ['MARKETO_CLIENT_SECRET', undefined],
      ['MARKETO_FOLDER_ID', undefined],
      ['MARKETO_FOLDER_ID', 'FF436'],
      ['MARKETO_FOLDER_ID', '0'],
      ['MARKETO_MAX_BYTES', '1 MB'],
    ])('are checked: %s=%s', (input, value) => {
      const create = () => make({ [input]: value })
      expect(create).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
      expect(create).toThrow(input)
      expect(create).not.toThrow('hunter22')
    })

    it('turn it on, and take either address that Marketo shows', async () => {
      expect(marketo().isOn(contextOf({}))).toBe(false)
      expect(marketo().isOn(contextOf({ MARKETO_URL: 'https://a.mktorest.com' }))).toBe(true)
      for (const path of ['', '/', '/rest', '/identity/'])
        expect(await make({ MARKETO_URL: `${instance.url}${path}` }).head?.('a.png', never)).toBeUndefined()
    })
  })
})
