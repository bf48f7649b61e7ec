import type { AkeneoStandIn } from '../../../sandbox/akeneo/akeneo'
import { createAkeneoClient } from '../../../src/connectors/akeneo/client'
import { readAkeneoSettings } from '../../../src/connectors/akeneo/inputs'
import { createRedactor } from '../../../src/core/redaction'
import type { Tokens } from '../../../src/http/tokens'
import { rejection, startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { pimContext } from '../kit/pim-context'
import { type AkeneoBench, sku, startBench } from './pim-bench'

const minute = 60_000
const plain = { AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' }

let bench: AkeneoBench
let server: AkeneoStandIn
beforeEach(async () => {
  bench = await startBench(plain)
  server = bench.server
  server.catalogue.setProduct('LAMP-7')
})
afterEach(() => bench.close())

const asked = async () => (await bench.get(sku('LAMP-7'))).length
const tokenRequests = () => server.requests.filter(({ path }) => path.endsWith('/token'))

describe('a token of a connection', () => {
  test('is got by user and password, with the client in the Authorization header', async () => {
    expect(await asked()).toBe(1)
    const [request] = tokenRequests()
    const { clientId, clientSecret, username, password } = server.oauth.credentials
    expect(request?.headers.authorization).toBe(
      `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    )
    expect(JSON.parse(request?.body ?? '')).toEqual({ grant_type: 'password', username, password })
  })

  test('serves many calls, however many ask at once', async () => {
    await Promise.all(Array.from({ length: 30 }, asked))
    await asked()
    expect(server.oauth.grants).toEqual(['password'])
  })

  test('is replaced before its end, by its refresh token', async () => {
    await asked()
    bench.clock.advance(54 * minute)
    await asked()
    expect(server.oauth.grants).toEqual(['password'])
    bench.clock.advance(2 * minute)
    await asked()
    expect(server.oauth.grants).toEqual(['password', 'refresh_token'])
    bench.clock.advance(56 * minute)
    await asked()
    expect(server.oauth.grants).toEqual(['password', 'refresh_token', 'refresh_token'])
    expect(server.requests.filter(({ status }) => status === 401)).toEqual([])
  })

  test('is got by password again when the refresh token is dead, too', async () => {
    await asked()
    bench.clock.advance(15 * 24 * 60 * minute)
    expect(await asked()).toBe(1)
    expect(tokenRequests().map(({ status }) => status)).toEqual([200, 422, 200])
    expect(server.oauth.grants).toEqual(['password', 'password'])
  })

  test.each([400, 401, 403, 404, 422])('is got by password when refreshing answers %i', async (status) => {
    await asked()
    server.oauth.revokeAccess()
    server.faults.add({ path: '/api/oauth/', times: 1, fault: { kind: 'status', status } })
    expect(await asked()).toBe(1)
    expect(server.oauth.grants).toEqual(['password', 'password'])
  })

  test('that is refused in the middle is renewed once, and the call is made again', async () => {
    await asked()
    server.oauth.revokeAccess()
    expect(await asked()).toBe(1)
    expect(server.oauth.grants).toEqual(['password', 'refresh_token'])
  })

  test('that is revoked again soon is renewed again', async () => {
    for (let index = 0; index < 3; index++) {
      expect(await asked()).toBe(1)
      server.oauth.revokeAccess()
    }
    expect(server.oauth.grants).toEqual(['password', 'refresh_token', 'refresh_token'])
  })

  test('that is refused for many calls at once is renewed once', async () => {
    for (let index = 0; index < 800; index++) server.catalogue.setProduct(`SKU-${index}`)
    await asked()
    server.oauth.revokeAccess()
    const refs = Array.from({ length: 800 }, (_, index) => sku(`SKU-${index}`))
    expect(await bench.get(...refs)).toHaveLength(800)
    expect(server.oauth.grants).toEqual(['password', 'refresh_token'])
  })

  test('that ends between two pages does not lose any', async () => {
    server.catalogue.setModel('lamp')
    for (let index = 0; index < 350; index++) server.catalogue.setProduct(`V-${index}`, { parent: 'lamp' })
    await asked()
    let calls = 0
    server.settings.duringCall = async () => {
      calls += 1
      if (calls === 2) server.oauth.revokeAccess()
    }
    expect(await bench.get({ kind: 'model', value: 'lamp' })).toHaveLength(350)
    expect(server.oauth.grants).toEqual(['password', 'refresh_token'])
  })

  test('that is refused though it is new is a matter for the operator, and asked for once a minute', async () => {
    const refusesAll = server.faults.add({ path: '/api/rest/', fault: { kind: 'status', status: 401 } })
    const expected = { code: 'AKENEO_UNAUTHORIZED', failureClass: 'systemic', status: 401 }
    for (let index = 0; index < 10; index++) expect(await rejection(asked())).toMatchObject(expected)
    expect(tokenRequests()).toHaveLength(2)
    bench.clock.advance(minute)
    expect(await rejection(asked())).toMatchObject(expected)
    expect(tokenRequests()).toHaveLength(3)
    refusesAll.remove()
    expect(await asked()).toBe(1)
  })

  test('is taken for an hour when Akeneo does not say how long it lives', async () => {
    server.faults.add({
      path: '/api/oauth/',
      times: 1,
      fault: { kind: 'status', status: 200, body: { access_token: server.appToken } },
    })
    expect(await asked()).toBe(1)
    bench.clock.advance(54 * minute)
    expect(await asked()).toBe(1)
    expect(tokenRequests()).toHaveLength(1)
  })

  test('with a life of a moment is used all the same', async () => {
    await bench.close()
    bench = await startBench(plain, { tokenSeconds: 10 })
    server = bench.server
    server.catalogue.setProduct('LAMP-7')
    expect(await asked()).toBe(1)
    bench.clock.advance(6_000)
    expect(await asked()).toBe(1)
    expect(server.oauth.grants).toEqual(['password', 'refresh_token'])
  })
})

test('a call is made three times at most, even if there is always another token to try', async () => {
  server.faults.add({ path: '/api/rest/', fault: { kind: 'status', status: 401 } })
  const context = pimContext({ ...server.inputs() })
  const settings = readAkeneoSettings(context, 'AKENEO')
  const upstream = context.http.upstream({ name: 'PIM', origins: [server.url], concurrency: 4 })
  let given = 0
  const tokens: Tokens = {
    token: async () => `token-${++given}`,
    refused: () => true,
    accepted: () => undefined,
    forbidden: () => undefined,
  }
  const client = createAkeneoClient(settings, { upstream, account: { tokens, inputs: 'AKENEO_PASSWORD' } })
  expect(await rejection(client.send({ path: 'channels' }, startCall()))).toMatchObject({
    code: 'AKENEO_UNAUTHORIZED',
  })
  expect(given).toBe(3)
})

describe('wrong credentials', () => {
  test.each([
    ['clientId', 'AKENEO_CLIENT_ID and AKENEO_CLIENT_SECRET'],
    ['clientSecret', 'AKENEO_CLIENT_ID and AKENEO_CLIENT_SECRET'],
    ['username', 'AKENEO_USERNAME and AKENEO_PASSWORD'],
    ['password', 'AKENEO_USERNAME and AKENEO_PASSWORD'],
  ] as const)('are a matter for the operator, who is told which: %s', async (which, inputs) => {
    server.oauth.credentials = { ...server.oauth.credentials, [which]: 'another one' }
    const thrown = await rejection(asked())
    expect(thrown).toMatchObject({
      code: 'AKENEO_UNAUTHORIZED',
      failureClass: 'systemic',
      status: 422,
      message: expect.stringContaining(`check ${inputs}`),
    })
  })

  test('are not tried for each event, or Akeneo would lock the user out', async () => {
    const { credentials } = server.oauth
    server.oauth.credentials = { ...credentials, password: 'another one' }
    for (let index = 0; index < 5; index++) await rejection(asked())
    expect(tokenRequests()).toHaveLength(1)
    server.oauth.credentials = credentials
    bench.clock.advance(minute)
    expect(await asked()).toBe(1)
  })

  test('that become wrong in the middle are reported as such', async () => {
    await asked()
    server.oauth.credentials = { ...server.oauth.credentials, password: 'another one' }
    server.oauth.revokeAll()
    expect(await rejection(asked())).toMatchObject({ code: 'AKENEO_UNAUTHORIZED' })
  })
})

describe('the token of an App', () => {
  const ask = (token: string) =>
    bench
      .fresh({ ...plain, AKENEO_TOKEN: token, AKENEO_PASSWORD: '' })
      .getProducts([sku('LAMP-7')], startCall())

  test('is used as it is', async () => {
    expect(await ask(server.appToken)).toHaveLength(1)
    expect(tokenRequests()).toEqual([])
  })

  test('that is refused is a matter for the operator, who is told where to look', async () => {
    expect(await rejection(ask('revoked'))).toMatchObject({
      code: 'AKENEO_UNAUTHORIZED',
      failureClass: 'systemic',
      message: expect.stringContaining('AKENEO_TOKEN'),
    })
    expect(server.requests).toHaveLength(1)
  })
})

test('the end of the call that began to ask for a token does not take it from the others', async () => {
  server.faults.add({ path: '/api/oauth/', times: 1, fault: { kind: 'latency', delayMs: 50 } })
  const pim = bench.fresh()
  const [first, second] = [startCall(), startCall()]
  const refs = [sku('LAMP-7')]
  const lost = rejection(pim.getProducts(refs, first))
  const kept = pim.getProducts(refs, second)
  await until(() => tokenRequests().length > 0, 'a request for a token')
  first.abort(new Error('the time is up'))
  expect(await lost).toMatchObject({ message: 'the time is up' })
  expect(await kept).toHaveLength(1)
  expect(server.oauth.grants).toEqual(['password'])
})

test('what Akeneo gives out is masked from then on, as are the inputs', async () => {
  const context = { ...pimContext({ ...server.inputs(), ...plain }), redactor: createRedactor() }
  // A container has one redactor, and keeps what it knows in its modules: this one has modules of its own.
  await jest.isolateModulesAsync(async () => {
    const { akeneoPim } = await import('../../../src/connectors/akeneo/pim')
    await akeneoPim()(context).getProducts([sku('LAMP-7')], startCall())
  })
  const sent = server.requests.map(({ headers }) => String(headers.authorization).split(' ')[1] ?? '')
  const { clientSecret, password } = server.oauth.credentials
  for (const secret of [...sent, clientSecret, password]) {
    expect(secret.length).toBeGreaterThan(8)
    expect(context.redactor.text(`it was ${secret}, there`)).not.toContain(secret)
  }
})

test('no token goes anywhere but to AKENEO_URL, redirects included', async () => {
  const other = await startBench()
  try {
    const location = `${other.server.url}/api/rest/v1/products-uuid`
    server.faults.add({ fault: { kind: 'status', status: 302, headers: { location } } })
    expect(await rejection(asked())).toMatchObject({ code: 'AKENEO_NOT_FOUND', failureClass: 'systemic' })
    server.faults.clear()
    server.faults.add({
      path: '/api/rest/',
      fault: { kind: 'status', status: 307, headers: { location } },
    })
    expect(await rejection(asked())).toMatchObject({ code: 'PIM_REDIRECTS', failureClass: 'systemic' })
    expect(other.server.requests).toEqual([])
  } finally {
    await other.close()
  }
})
