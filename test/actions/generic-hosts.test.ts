import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bodyOf, errorOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
let canary: Server
let canaryRequests = 0
let canaryHost = ''

beforeAll(async () => {
  receiver = await startReceiver()
  canary = createServer((_request, response) => {
    canaryRequests++
    response.end()
  })
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  const address = canary.address() as AddressInfo
  canaryHost = `127.0.0.1:${address.port}`
})
afterAll(async () => {
  await receiver.close()
  canary.closeAllConnections()
  await new Promise((resolve) => canary.close(resolve))
})

function eventNaming(host: unknown) {
  const event = receiver.sandbox.aem.processingCompletedEvent(
    receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/${Math.random()}.png` }),
  )
  const copy = JSON.parse(JSON.stringify(event))
  copy.data.repositoryMetadata['repo:repositoryId'] = host
  return copy
}

const requestsSoFar = () =>
  receiver.sandbox.ims.requests.length + receiver.sandbox.aem.requests.length + canaryRequests

describe('a host that is not allow-listed gets no request of any kind', () => {
  const allowed = 'author-p1-e1.adobeaemcloud.com'
  const strangers: [string, () => unknown][] = [
    ['another domain', () => 'evil.test'],
    ['another server on loopback', () => canaryHost],
    ['a look-alike', () => `${allowed}.evil.test`],
    ['another environment', () => 'author-p1-e2.adobeaemcloud.com'],
    ['user info before the host', () => `${allowed}@${canaryHost}`],
    ['user info with the allowed host', () => `user:pass@${receiver.sandbox.aem.host}`],
    ['another port', () => `${allowed}:8443`],
    ['a trailing dot', () => `${allowed}.`],
    ['a path behind the host', () => `${receiver.sandbox.aem.host}/evil`],
    ['a query behind the host', () => `${receiver.sandbox.aem.host}?evil`],
    ['a backslash', () => `${canaryHost}\\@${allowed}`],
    ['a scheme', () => `http://${receiver.sandbox.aem.host}`],
    ['the address as a number', () => `2130706433:${receiver.sandbox.aem.port}`],
    ['the address in hex', () => `0x7f000001:${receiver.sandbox.aem.port}`],
    ['the address in octal', () => `0177.0.0.1:${receiver.sandbox.aem.port}`],
    ['the short form of the address', () => `127.1:${receiver.sandbox.aem.port}`],
    ['white space', () => ` ${receiver.sandbox.aem.host}`],
    ['a line break', () => `${receiver.sandbox.aem.host}\r\nx: y`],
    ['full-width characters', () => 'author-p1-e1．adobeaemcloud.com'],
    ['an empty text', () => ''],
    ['a number', () => 42],
    ['an object', () => ({ toString: allowed })],
    ['a list', () => [receiver.sandbox.aem.host]],
  ]

  test.each(strangers)('%s', async (_name, host) => {
    const before = requestsSoFar()
    const inputs = { AEM_AUTHOR_URLS: `https://${allowed},${receiver.sandbox.aem.url}` }
    const body = bodyOf(await receiver.invoke(eventNaming(host()), { inputs }))
    expect(body).toMatchObject({ outcome: 'dead-letter', code: 'HOST_NOT_ALLOWED' })
    expect(body.reason).toContain('AEM_AUTHOR_URLS')
    expect(requestsSoFar()).toBe(before)
  })
})

describe('an event that brings an input, as one may through a sequence,', () => {
  test.each([
    ['AEM_AUTHOR_URLS', 'https://author-p1-e2.adobeaemcloud.com.evil.test', 'authorHosts'],
    ['AEM_AUTHOR_URLS', 'https://evil.test', 'authorHosts'],
    ['IMS_URL', 'https://evil.test', 'adobelogin.com'],
    ['IMS_URL', 'https://ims-na1.adobelogin.com.evil.test', 'adobelogin.com'],
  ])('sends no token and no secret anywhere: %s=%s', async (name, value, told) => {
    const before = requestsSoFar()
    const { host } = new URL(value)
    const event = eventNaming(name === 'IMS_URL' ? receiver.sandbox.aem.host : host)
    const { statusCode, body } = errorOf(await receiver.invoke({ ...event, [name]: value }))
    expect([statusCode, body.code]).toEqual([503, 'INPUT_INVALID'])
    expect(body.message).toMatch(new RegExp(`^${name} .*${told}`))
    expect(requestsSoFar()).toBe(before)
  })

  test('costs no token of its own: neither by a name that is no input, nor by one of the command line', async () => {
    const { ims, aem } = receiver.sandbox
    ims.requests.splice(0)
    const strays = ['STRAY', 'AKENEO_EVENTS_URL', 'ADC_CECREDENTIALS_SECRET', 'PENDING_MAX', 'stray']
    for (let index = 0; index < 20; index++) {
      const fields = Object.fromEntries(strays.map((name) => [name, String(index + 1)]))
      const annotation = { __ims_oauth_s2s: { org_id: String(index + 1) } }
      const event = { ...eventNaming(aem.host), ...fields, ...annotation }
      const answer = await receiver.invoke(event, { inputs: { ADC_CECREDENTIALS_ORGID: '' } })
      expect(bodyOf(answer).outcome).toBe('updated')
    }
    expect(ims.requests.length).toBeLessThanOrEqual(1)
  })
})

test('a host of another environment is told to the operator once, and its events are dead letters as before', async () => {
  const lines: string[] = []
  const log = jest.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  try {
    for (const _ of [1, 2]) {
      // A level of its own: the logger keeps the console that it found when it was made.
      const inputs = { LOG_LEVEL: 'warn' }
      const body = bodyOf(await receiver.invoke(eventNaming('author-p1-e77.adobeaemcloud.com'), { inputs }))
      expect(body).toMatchObject({ outcome: 'dead-letter', code: 'HOST_NOT_ALLOWED' })
    }
  } finally {
    log.mockRestore()
  }
  const told = lines.filter((line) => line.includes('add https://author-p1-e77.adobeaemcloud.com'))
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/error.*AEM_AUTHOR_URLS.*"code":"HOST_NOT_ALLOWED"/)
})

describe('a host that is allow-listed', () => {
  test('may be written in upper case', async () => {
    const inputs = { AEM_AUTHOR_URLS: receiver.sandbox.aem.url.replace('127.0.0.1', 'localhost') }
    const host = receiver.sandbox.aem.host.replace('127.0.0.1', 'LOCALHOST')
    const before = receiver.sandbox.aem.requests.length
    // The stand-in knows itself by its address only, and says so; what counts is that it was asked.
    const answer = await receiver.invoke(eventNaming(host), { inputs })
    expect(JSON.stringify(answer)).not.toContain('HOST_NOT_ALLOWED')
    expect(receiver.sandbox.aem.requests.length).toBe(before + 1)
  })

  test('that redirects gets no second request, and the target gets none', async () => {
    receiver.sandbox.aem.faults.add({
      path: '/adobe/assets',
      fault: { kind: 'status', status: 302, headers: { location: `http://${canaryHost}/steal` } },
    })
    const answer = await receiver.invoke(eventNaming(receiver.sandbox.aem.host))
    receiver.sandbox.aem.faults.clear()
    expect(answer).toMatchObject({ error: { statusCode: 503, body: { code: 'AEM_REDIRECTS' } } })
    expect(canaryRequests).toBe(0)
  })
})
