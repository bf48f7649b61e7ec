import { type ImsStandIn, startIms } from '../../sandbox/ims'
import { createRedactor } from '../../src/core/redaction'
import { createHttpClient } from '../../src/http/http-client'
import { createTokenProvider, type ImsPatience } from '../../src/ims/token-provider'
import { rejection, startCall } from '../support/call'
import { until } from '../support/raw-server'
import { createTestClock, type TestClock } from '../support/test-clock'

const clientSecret = "p8e+sand/box&client=secret ä'%(1)"
const scopes = ['AdobeID', 'openid', 'aem.assets.author']
const minute = 60_000

let clock: TestClock
let ims: ImsStandIn
beforeEach(async () => {
  clock = createTestClock()
  ims = await startIms({ clock, clientId: 'client-1', clientSecret, scopes })
})
afterEach(() => ims.close())

function provider(overrides: { clientSecret?: string; patience?: ImsPatience } = {}) {
  const redactor = createRedactor()
  const { patience, ...credentials } = overrides
  const tokens = createTokenProvider(
    { imsUrl: ims.url, clientId: 'client-1', clientSecret, scopes, ...credentials },
    { http: createHttpClient({ clock }), redactor, clock, ...(patience ? { patience } : {}) },
  )
  return { tokens, redactor }
}

describe('a token', () => {
  it('is asked for as OAuth wants it, with every character of the secret encoded', async () => {
    const token = await provider().tokens.token(startCall())

    expect(ims.isValid(token)).toBe(true)
    const [request] = ims.requests
    expect(request).toMatchObject({ method: 'POST', path: '/ims/token/v3', query: {} })
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client-1',
      client_secret: clientSecret,
      scope: scopes.join(','),
    })
  })

  it('is asked for once, however many want it at the same time', async () => {
    const { tokens } = provider()

    const got = await Promise.all(Array.from({ length: 200 }, () => tokens.token(startCall())))

    expect(new Set(got).size).toBe(1)
    expect(ims.requests).toHaveLength(1)
  })

  it('is kept for later calls until five minutes before its end', async () => {
    const { tokens } = provider()
    const first = await tokens.token(startCall())

    clock.advance(86_399_000 - 5 * minute - 1)
    expect(await tokens.token(startCall())).toBe(first)
    clock.advance(1)

    const second = await tokens.token(startCall())
    expect(second).not.toBe(first)
    expect(ims.isValid(second)).toBe(true)
    expect(ims.tokensIssued()).toBe(2)
  })

  it('that lives shorter than that is used for half of its life', async () => {
    await ims.close()
    ims = await startIms({ clock, clientId: 'client-1', clientSecret, scopes, tokenSeconds: 60 })
    const { tokens } = provider()
    const first = await tokens.token(startCall())

    clock.advance(29_999)
    expect(await tokens.token(startCall())).toBe(first)
    clock.advance(1)

    expect(await tokens.token(startCall())).not.toBe(first)
  })

  it('is held for a day at most, should its life be given in milliseconds', async () => {
    await ims.close()
    ims = await startIms({ clock, clientId: 'client-1', clientSecret, scopes, tokenSeconds: 86_399_000 })
    const { tokens } = provider()
    const first = await tokens.token(startCall())

    clock.advance(24 * 60 * minute)

    expect(await tokens.token(startCall())).not.toBe(first)
  })

  it('reaches the others when the first who asked for it gives up', async () => {
    ims.faults.add({ times: 1, fault: { kind: 'latency', delayMs: 30 } })
    const { tokens } = provider()
    const first = startCall()
    const givesUp = rejection(tokens.token(first))
    const others = Promise.all([tokens.token(startCall()), tokens.token(startCall())])
    await until(() => ims.requests.length === 1, 'the request arrives')
    const reason = new Error('time is up')

    first.abort(reason)

    expect(await givesUp).toBe(reason)
    const [second, third] = await others
    expect(second).toBe(third)
    expect(ims.requests).toHaveLength(1)
  })

  it('is known to the redactor, and stands in no line of the log', async () => {
    const { tokens, redactor } = provider()
    const call = startCall()

    const token = await tokens.token(call)

    expect(redactor.text(`got ${token}`)).toBe('got [redacted]')
    expect(call.log.join('\n')).not.toContain(token)
    expect(call.log.join('\n')).not.toMatch(/p8e/)
  })
})

describe('a token that a service refuses', () => {
  it('is replaced once for all who were refused with it', async () => {
    const { tokens } = provider()
    const stale = await tokens.token(startCall())
    ims.revokeAll()

    const renewed = await Promise.all(
      Array.from({ length: 200 }, () => {
        tokens.refused(stale)
        return tokens.token(startCall())
      }),
    )

    expect(new Set(renewed).size).toBe(1)
    expect(renewed[0]).not.toBe(stale)
    expect(ims.tokensIssued()).toBe(2)
  })

  it('is not replaced again and again when the new ones are refused, too', async () => {
    const { tokens } = provider()

    for (let i = 0; i < 50; i++) tokens.refused(await tokens.token(startCall()))

    expect(ims.tokensIssued()).toBe(2)
  })

  it('is replaced again after a minute', async () => {
    const { tokens } = provider()
    tokens.refused(await tokens.token(startCall()))
    clock.advance(minute)

    tokens.refused(await tokens.token(startCall()))
    await tokens.token(startCall())

    expect(ims.tokensIssued()).toBe(3)
  })

  it('does not take the new token away when somebody reports the old one late', async () => {
    const { tokens } = provider()
    const stale = await tokens.token(startCall())
    tokens.refused(stale)
    const fresh = await tokens.token(startCall())
    clock.advance(2 * minute)

    tokens.refused(stale)

    expect(await tokens.token(startCall())).toBe(fresh)
  })
})

describe('IMS', () => {
  it('that refuses the credentials is a matter for the operator: the message names the inputs', async () => {
    const error = await rejection(provider({ clientSecret: 'wrong-secret' }).tokens.token(startCall()))

    expect(error).toMatchObject({ failureClass: 'systemic', code: 'IMS_REFUSED', status: 400 })
    expect(String(error)).toMatch(/invalid_client.*CLIENTID.*CLIENTSECRET.*METASCOPES/)
    expect(String(error)).not.toContain('wrong-secret')
    expect(ims.requests).toHaveLength(1)
  })

  it.each([302, 404, 405])('that answers %i is not IMS: the message names IMS_URL', async (status) => {
    ims.faults.add({ fault: { kind: 'status', status, headers: { location: 'http://example.com/' } } })

    const error = await rejection(provider().tokens.token(startCall()))

    expect(error).toMatchObject({ failureClass: 'systemic', status })
    expect(String(error)).toMatch(/IMS_URL/)
  })

  it('that answers a page instead of a token may come to itself', async () => {
    ims.faults.add({ fault: { kind: 'html' } })

    const error = await rejection(provider().tokens.token(startCall()))

    expect(error).toMatchObject({ failureClass: 'transient', code: 'IMS_NOT_JSON' })
  })

  it.each([{}, { access_token: '' }, { access_token: 'x' }, { access_token: 1, expires_in: 1 }, []])(
    'that answers %j gave no token, and may the next time',
    async (body) => {
      ims.faults.add({ times: 1, fault: { kind: 'status', status: 200, body } })
      const { tokens } = provider()

      const error = await rejection(tokens.token(startCall()))

      expect(error).toMatchObject({ failureClass: 'transient', code: 'IMS_UNEXPECTED_ANSWER' })
      expect(ims.isValid(await tokens.token(startCall()))).toBe(true)
    },
  )

  it('that fails twice is asked three times', async () => {
    ims.faults.add({ times: 1, fault: { kind: 'status', status: 500 } })
    ims.faults.add({ times: 1, fault: { kind: 'reset' } })

    expect(ims.isValid(await provider().tokens.token(startCall()))).toBe(true)
    expect(ims.requests).toHaveLength(3)
  })

  it('that hangs is given up after its own time, and says so', async () => {
    ims.faults.add({ fault: { kind: 'hang' } })
    const { tokens } = provider({ patience: { attemptMs: 5_000, requestMs: 60 } })

    const errors = await Promise.all([
      rejection(tokens.token(startCall())),
      rejection(tokens.token(startCall())),
    ])

    for (const error of errors)
      expect(error).toMatchObject({ failureClass: 'transient', code: 'IMS_TIMEOUT' })
  })

  it('that failed for many is asked anew by the next one', async () => {
    const fault = ims.faults.add({ times: 1, fault: { kind: 'status', status: 400 } })
    const { tokens } = provider()
    await Promise.all(Array.from({ length: 20 }, () => rejection(tokens.token(startCall()))))

    expect(ims.isValid(await tokens.token(startCall()))).toBe(true)
    expect(fault.hits()).toBe(1)
  })
})
