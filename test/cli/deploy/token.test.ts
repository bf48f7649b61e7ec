import { deployScopes, deployToken } from '../../../cli/deploy/token'
import { type ImsStandIn, startIms } from '../../../sandbox/ims'
import { createRedactor } from '../../../src/core/redaction'
import { rejection, startCall } from '../../support/call'
import { createTestClock, type TestClock } from '../../support/test-clock'

const secret = 'p8e-the-client-secret'
const granted = ['AdobeID', 'openid', 'aem.assets.author']

let clock: TestClock
let ims: ImsStandIn
afterEach(() => ims.close())

async function start(scopes: readonly string[]) {
  clock = createTestClock()
  ims = await startIms({ clock, clientId: 'client-1', clientSecret: secret, scopes })
  const inputs = {
    IMS_URL: ims.url,
    ADC_CECREDENTIALS_CLIENTID: 'client-1',
    ADC_CECREDENTIALS_CLIENTSECRET: secret,
    // What the app itself needs, and no more.
    ADC_CECREDENTIALS_METASCOPES: granted.join(','),
  }
  const told: string[] = []
  const redactor = createRedactor()
  const environment = { inputs, redactor, clock, runtimeKey: 'runtime-id:runtime-key' }
  const get = (settings: NodeJS.ProcessEnv) =>
    deployToken(environment, startCall(), { settings, write: (text) => told.push(text) })
  return { get, told, redactor, inputs }
}

test('is a token of IMS with the scopes of I/O Management API, until it ends, and is never seen', async () => {
  const { get, told, redactor } = await start([...granted, ...deployScopes])

  const { token, expiry } = await get({})

  expect(ims.isValid(token)).toBe(true)
  expect(expiry).toBe(clock.now() + 86_399_000)
  expect(new URLSearchParams(ims.requests[0]?.body).get('scope')).toBe(deployScopes.join(','))
  expect(redactor.text(`Bearer-less ${token}`)).not.toContain(token)
  expect(told).toEqual([])
})

test('GitHub Actions is told to mask it, and the half of the namespace key that opens it', async () => {
  const { get, told } = await start(deployScopes)

  const { token } = await get({ GITHUB_ACTIONS: 'true' })

  expect(told).toEqual([token, 'runtime-key'].map((value) => `::add-mask::${value}\n`))
})

test('a credential without these scopes is told what to add, and no secret', async () => {
  const { get } = await start(granted)

  const error = await rejection(get({}))

  expect(error).toMatchObject({
    name: 'CommandError',
    message: expect.stringMatching(/invalid scope.*I\/O Management API/),
  })
  expect(String(error)).not.toContain(secret)
})

test('a credential that is not set is named before anything is asked', async () => {
  const { inputs } = await start(deployScopes)
  const { ADC_CECREDENTIALS_CLIENTSECRET: _, ...rest } = inputs

  const asked = deployToken(
    { inputs: rest, redactor: createRedactor(), clock, runtimeKey: undefined },
    startCall(),
  )

  await expect(asked).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('ADC_CECREDENTIALS_CLIENTSECRET is not set'),
  })
  expect(ims.requests).toEqual([])
})
