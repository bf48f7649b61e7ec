import { createClock } from '../../sandbox/clock'
import { type ImsStandIn, startIms } from '../../sandbox/ims'

const clock = createClock({ frozen: true })
const secret = 'a+b&c=d /%'
const good = {
  grant_type: 'client_credentials',
  client_id: 'id',
  client_secret: secret,
  scope: 'openid,AdobeID',
}
let ims: ImsStandIn

beforeAll(async () => {
  ims = await startIms({
    clock,
    clientId: 'id',
    clientSecret: [secret, 'new'],
    scopes: ['openid', 'AdobeID', 'x'],
  })
})
afterAll(() => ims.close())

const post = async (form: Record<string, string>, init: RequestInit = {}) => {
  const response = await fetch(`${ims.url}/ims/token/v3`, {
    method: 'POST',
    body: new URLSearchParams(form),
    ...init,
  })
  const body = (await response.json()) as { access_token: string }
  return { status: response.status, body }
}

it('gives a token in the shape of a JWT, for as many seconds as it says', async () => {
  const { status, body } = await post(good)
  expect(status).toBe(200)
  expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 86_399 })
  const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ type: 'access_token', client_id: 'id', expires_in: '86399000' })
  expect(ims.isValid(body.access_token)).toBe(true)
  clock.advance(86_398_999)
  expect(ims.isValid(body.access_token)).toBe(true)
  clock.advance(1)
  expect(ims.isValid(body.access_token)).toBe(false)
})

it('gives another token each time; takes scopes by comma or space, and the new secret', async () => {
  const before = ims.tokensIssued()
  const one = await post(good)
  const two = await post({ ...good, scope: 'openid x', client_secret: 'new' })
  expect(one.body.access_token).not.toBe(two.body.access_token)
  expect(ims.tokensIssued()).toBe(before + 2)
  ims.revokeAll()
  expect(ims.isValid(one.body.access_token)).toBe(false)
})

it.each([
  ['another client', { ...good, client_id: 'other' }, 'invalid_client'],
  ['a wrong secret', { ...good, client_secret: 'wrong' }, 'invalid_client'],
  ['no secret', { ...good, client_secret: '' }, 'invalid_client'],
  ['an unknown scope', { ...good, scope: 'openid,admin' }, 'invalid_scope'],
  ['no scope', { ...good, scope: '' }, 'invalid_scope'],
  ['another grant', { ...good, grant_type: 'password' }, 'unsupported_grant_type'],
])('refuses %s', async (_, form, error) => {
  const before = ims.tokensIssued()
  expect(await post(form)).toMatchObject({ status: 400, body: { error } })
  expect(ims.tokensIssued()).toBe(before)
})

it('refuses a secret that was not encoded for the form', async () => {
  const body = `grant_type=client_credentials&client_id=id&scope=openid&client_secret=${secret}`
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  expect(await post({}, { body, headers })).toMatchObject({ status: 400, body: { error: 'invalid_client' } })
})

it('takes forms only, by POST, at one address', async () => {
  const asJson = { body: JSON.stringify(good), headers: { 'content-type': 'application/json' } }
  expect(await post({}, asJson)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  expect((await fetch(`${ims.url}/ims/token/v3`)).status).toBe(405)
  expect((await fetch(`${ims.url}/ims/token/v2`, { method: 'POST' })).status).toBe(404)
})
