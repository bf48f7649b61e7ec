import fc from 'fast-check'
import { logLevelOf } from '../../src/app/inputs'
import {
  perInputs,
  type RawInputs,
  readInputs,
  readOperatorInputs,
  secretsOf,
} from '../../src/inputs/raw-inputs'

const annotation = {
  client_id: 'annotated-id',
  client_secret: 'annotated-secret',
  org_id: 'annotated@AdobeOrg',
  scopes: ['openid', 'aem.folders'],
}

describe('the inputs among the params', () => {
  test('are the declared ones, as text without blanks around it', () => {
    const params = {
      ...{ AEM_AUTHOR_URLS: ' https://a.example.com\n', AEM_CONCURRENCY: 8, AEM_EXPERIMENTAL: false },
      ...{ type: 'aem.x', id: 'ev-1', data: { LOG_LEVEL: 'debug' }, Mixed_Case: 'x', __ow_headers: {} },
      ...{ NOBODYS_INPUT: 'x', AEM_AUTHOR_URLS_2: 'x' },
    }
    expect(readInputs(params)).toEqual({
      AEM_AUTHOR_URLS: 'https://a.example.com',
      AEM_CONCURRENCY: '8',
      AEM_EXPERIMENTAL: 'false',
    })
  })

  test('are those that are bound: what only the command line reads is none of an action', () => {
    const params = { LOG_LEVEL: 'info', AKENEO_EVENTS_URL: 'https://evil.example' }
    expect(readInputs(params)).toEqual({ LOG_LEVEL: 'info' })
    expect(readOperatorInputs(params)).toEqual(params)
  })

  test.each(['', '  ', '$LOG_LEVEL', ' $LOG_LEVEL '])('count as unset when the value is %j', (value) => {
    expect(readInputs({ LOG_LEVEL: value })).toEqual({})
  })

  test.each(['$', '$OTHER', '$LOG_LEVEL2', '\\$LOG_LEVEL', 'p$LOG_LEVEL'])(
    'count as set when the value is %j',
    (value) => {
      expect(readInputs({ LOG_LEVEL: value })).toEqual({ LOG_LEVEL: value })
    },
  )

  test.each([[null], [undefined], [{ a: 1 }], [['a']]])('are not what is no plain value: %j', (value) => {
    expect(readInputs({ LOG_LEVEL: value })).toEqual({})
  })

  test.each([[null], [undefined], [7], ['text'], [[{ LOG_LEVEL: 'debug' }]]])(
    'are none in the params %j',
    (params) => {
      expect(readInputs(params)).toEqual({})
    },
  )

  test('are found in params of any shape, and are never blank', () => {
    const value = fc.oneof(fc.anything({ maxDepth: 1 }), fc.constantFrom('', ' ', '$LOG_LEVEL', 'x'))
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('LOG_LEVEL', 'S3_BUCKET', 'A', 'a', '__proto__', '__ims_oauth_s2s'),
          value,
        ),
        (params) => {
          for (const [name, text] of Object.entries(readInputs(params))) {
            expect(name).toMatch(/^(LOG_LEVEL|S3_BUCKET|ADC_CECREDENTIALS_[A-Z]+)$/)
            expect(text).toMatch(/\S/)
            expect(text).not.toBe(`$${name}`)
          }
        },
      ),
    )
  })
})

describe('the credentials that aio app use writes', () => {
  const written = {
    IMS_OAUTH_S2S_CLIENT_ID: 'used-id',
    IMS_OAUTH_S2S_CLIENT_SECRET: 'used-secret',
    IMS_OAUTH_S2S_ORG_ID: 'used@AdobeOrg',
    IMS_OAUTH_S2S_SCOPES: '["openid","aem.folders"]',
  }

  test('stand in for those that are not set', () => {
    expect(readInputs(written)).toMatchObject({
      ADC_CECREDENTIALS_CLIENTID: 'used-id',
      ADC_CECREDENTIALS_CLIENTSECRET: 'used-secret',
      ADC_CECREDENTIALS_ORGID: 'used@AdobeOrg',
      ADC_CECREDENTIALS_METASCOPES: '["openid","aem.folders"]',
    })
  })

  test('give way to inputs that are set, one by one, and win over the annotation', () => {
    const params = {
      ...written,
      __ims_oauth_s2s: annotation,
      ADC_CECREDENTIALS_CLIENTID: 'explicit-id',
      ADC_CECREDENTIALS_CLIENTSECRET: '',
    }
    expect(readInputs(params)).toMatchObject({
      ADC_CECREDENTIALS_CLIENTID: 'explicit-id',
      ADC_CECREDENTIALS_CLIENTSECRET: 'used-secret',
      ADC_CECREDENTIALS_ORGID: 'used@AdobeOrg',
    })
  })

  test('are secret where they are', () => {
    expect(secretsOf(readInputs(written))).toContain('used-secret')
  })
})

describe('the annotation include-ims-credentials', () => {
  test('stands in for the credentials', () => {
    expect(readInputs({ __ims_oauth_s2s: annotation })).toEqual({
      ADC_CECREDENTIALS_CLIENTID: 'annotated-id',
      ADC_CECREDENTIALS_CLIENTSECRET: 'annotated-secret',
      ADC_CECREDENTIALS_ORGID: 'annotated@AdobeOrg',
      ADC_CECREDENTIALS_METASCOPES: 'openid,aem.folders',
    })
  })

  test('gives way to inputs that are set, one by one', () => {
    const params = {
      __ims_oauth_s2s: { ...annotation, scopes: 'openid, aem.folders' },
      ADC_CECREDENTIALS_CLIENTID: 'explicit-id',
      ADC_CECREDENTIALS_CLIENTSECRET: '$ADC_CECREDENTIALS_CLIENTSECRET',
      ADC_CECREDENTIALS_ORGID: '',
    }
    expect(readInputs(params)).toEqual({
      ADC_CECREDENTIALS_CLIENTID: 'explicit-id',
      ADC_CECREDENTIALS_CLIENTSECRET: 'annotated-secret',
      ADC_CECREDENTIALS_ORGID: 'annotated@AdobeOrg',
      ADC_CECREDENTIALS_METASCOPES: 'openid, aem.folders',
    })
  })

  test.each([[null], ['text'], [[]], [{}], [{ client_id: 7, client_secret: '', scopes: [] }]])(
    'gives nothing when it is %j',
    (credentials) => {
      expect(readInputs({ __ims_oauth_s2s: credentials })).toEqual({})
    },
  )
})

describe('the secrets among the inputs', () => {
  test('are those that are declared as secret, those of the annotation included', () => {
    const inputs = readInputs({
      __ims_oauth_s2s: annotation,
      AKENEO_PASSWORD: 'password-1',
      AKENEO_TOKEN: 'token-1',
      AZURE_BLOB_SAS_URL: 'https://x.blob.core.windows.net/c?sig=1',
      S3_SECRET_ACCESS_KEY: 'key-2',
      SFTP_PRIVATE_KEY: 'key-3',
      LOG_LEVEL: 'info',
      AEM_AUTHOR_URLS: 'https://a.example.com',
    })
    expect(new Set(secretsOf(inputs))).toEqual(
      new Set([
        ...['annotated-secret', 'password-1', 'token-1', 'key-2', 'key-3'],
        'https://x.blob.core.windows.net/c?sig=1',
      ]),
    )
  })
})

test('the same inputs are one object from one activation to the next, and others are not', () => {
  const [first, same, other, fewer] = [
    { LOG_LEVEL: 'info', IMS_URL: 'x' },
    { IMS_URL: ' x', LOG_LEVEL: 'info' },
    { LOG_LEVEL: 'info', IMS_URL: 'y' },
    { LOG_LEVEL: 'info' },
  ].map(readInputs)
  expect(same).toBe(first)
  expect(other).toEqual({ LOG_LEVEL: 'info', IMS_URL: 'y' })
  expect(fewer).toEqual({ LOG_LEVEL: 'info' })
})

test('a log level that is none is the usual one: it must not keep the app from saying so', () => {
  const inputs: RawInputs[] = [{}, { LOG_LEVEL: 'loud' }, { LOG_LEVEL: 'debug' }]
  expect(inputs.map(logLevelOf)).toEqual(['info', 'info', 'debug'])
})

describe('what a container keeps by its inputs', () => {
  const build = jest.fn((context: { inputs: RawInputs }) => ({ ...context.inputs }))
  beforeEach(() => build.mockClear())

  test('is built once for the same inputs, in whatever order they come', () => {
    const get = perInputs(build)
    const [first, second] = [get({ inputs: { A: '1', B: '2' } }), get({ inputs: { B: '2', A: '1' } })]
    expect(second).toBe(first)
    expect(build).toHaveBeenCalledTimes(1)
  })

  test('is another one for other inputs, also when they read alike', () => {
    const get = perInputs(build)
    const alike = [{ A: '1', B: '2' }, { A: '1,B,2' }, { A: '1' }, { AB: '1' }, {}]
    expect(new Set(alike.map((inputs) => get({ inputs: JSON.parse(JSON.stringify(inputs)) }))).size).toBe(5)
  })

  test('is the same one for other inputs, too, when they are none of those that it is built from', () => {
    const get = perInputs(build, ['A'])
    const [first, second, third] = ['1', '2', ''].map((B) => get({ inputs: { A: '1', B } }))
    expect([second, third]).toEqual([first, first])
    expect(build).toHaveBeenCalledTimes(1)
    get({ inputs: { A: '2', B: '1' } })
    expect(build).toHaveBeenCalledTimes(2)
  })

  test('is tried again after it could not be built', () => {
    const get = perInputs(build)
    build.mockImplementationOnce(() => {
      throw new Error('wrong input')
    })
    expect(() => get({ inputs: { A: '1' } })).toThrow('wrong input')
    expect(get({ inputs: { A: '1' } })).toEqual({ A: '1' })
  })

  test('does not grow without end', () => {
    const get = perInputs(build)
    const inputsOf = (index: number) => ({ inputs: { A: String(index) } })
    for (let index = 0; index < 10; index++) get(inputsOf(index))
    get(inputsOf(9))
    expect(build).toHaveBeenCalledTimes(10)
    get(inputsOf(0))
    expect(build).toHaveBeenCalledTimes(11)
  })
})
