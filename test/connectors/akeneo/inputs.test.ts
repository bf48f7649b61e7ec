import { akeneoPim } from '../../../src/connectors/akeneo/pim'
import { secretsOf } from '../../../src/inputs/raw-inputs'
import { pimContext } from '../kit/pim-context'

const connection = {
  AKENEO_URL: 'https://demo.cloud.akeneo.com',
  AKENEO_CLIENT_ID: '1_abc',
  AKENEO_CLIENT_SECRET: 'hush-client',
  AKENEO_USERNAME: 'bridge_1234',
  AKENEO_PASSWORD: 'hush-password',
}
const build = (inputs: Record<string, string>) => akeneoPim()(pimContext(inputs))

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
  throw new Error('expected it to throw')
}

test.each(Object.keys(connection))('without %s the operator is told to set it', (name) => {
  const inputs = Object.fromEntries(Object.entries(connection).filter(([other]) => other !== name))
  expect(thrownBy(() => build(inputs))).toMatchObject({
    message: expect.stringMatching(new RegExp(`^${name} is not set: set it to`)),
  })
})

test('with the token of an App nothing but the URL is needed beside it', () => {
  expect(build({ AKENEO_URL: connection.AKENEO_URL, AKENEO_TOKEN: 'hush-app' }).name).toBe('akeneo')
})

test.each<[string, Record<string, string>, RegExp]>([
  [
    'no URL',
    { AKENEO_URL: 'demo.cloud.akeneo.com' },
    /^AKENEO_URL "demo\.cloud\.akeneo\.com" must begin with https/,
  ],
  ['http', { AKENEO_URL: 'http://demo.cloud.akeneo.com' }, /^AKENEO_URL "http:\S+" must begin with https/],
  [
    'a path',
    { AKENEO_URL: 'https://demo.cloud.akeneo.com/api' },
    /^AKENEO_URL "https:\S+" must end after the host/,
  ],
  [
    'a password',
    { AKENEO_URL: 'https://me:hush-me@demo.test' },
    /^AKENEO_URL "\.\.\.@demo\.test" must not carry a user name/,
  ],
  ['a blank identifier', { AKENEO_IDENTIFIER: 'the sku' }, /^AKENEO_IDENTIFIER must be the code/],
  [
    'attributes that are none',
    { AKENEO_ATTRIBUTES: 'name;color' },
    /^AKENEO_ATTRIBUTES must be .*"name;color"/,
  ],
  ['locales that are none', { AKENEO_LOCALES: 'English' }, /^AKENEO_LOCALES must be .*"English"/],
  ['a channel that is none', { AKENEO_CHANNEL: 'e-commerce' }, /^AKENEO_CHANNEL must be .*"e-commerce"/],
])('%s is refused by name', (_name, inputs, message) => {
  const thrown = thrownBy(() => build({ ...connection, ...inputs }))
  expect(thrown).toMatchObject({
    code: 'INPUT_INVALID',
    failureClass: 'systemic',
    message: expect.stringMatching(message),
  })
  expect(JSON.stringify(thrown)).not.toContain('hush')
})

test.each([
  'http://127.0.0.1:8080',
  'http://localhost',
  'https://pim.example.com:8443/',
  'https://pim.example.com',
])('%s is accepted as AKENEO_URL', (url) => {
  expect(build({ ...connection, AKENEO_URL: url }).name).toBe('akeneo')
})

test('building makes no call', () => {
  // Nothing listens there: a call would have to fail.
  expect(() => build({ ...connection, AKENEO_URL: 'http://127.0.0.1:9' })).not.toThrow()
})

test('the secrets among the inputs are those that are declared as such', () => {
  expect(secretsOf({ ...connection, AKENEO_TOKEN: 'hush-app' })).toEqual([
    'hush-client',
    'hush-password',
    'hush-app',
  ])
})

test('AKENEO_ATTRIBUTES says which attributes the PIM is known to have: its products leave out those without a value', () => {
  const inputs = { AKENEO_URL: 'https://demo.cloud.akeneo.com', AKENEO_TOKEN: 'a-token' }
  const named = { ...inputs, AKENEO_ATTRIBUTES: 'name,weight' }
  expect(build(named).knownAttributes?.()).toEqual(expect.arrayContaining(['name', 'weight']))
  expect(build(inputs).knownAttributes?.()).toEqual([])
  // Names with a locale behind them are not those of the input.
  expect(akeneoPim({ perLocale: true })(pimContext(named)).knownAttributes?.()).toEqual([])
})
