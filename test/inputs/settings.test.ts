import fc from 'fast-check'
import { authorOriginIn } from '../../src/aem/author-origin'
import { readBatchSettings } from '../../src/app/run-settings'
import { readSettings } from '../../src/app/settings'
import { BridgeError } from '../../src/core/errors'
import { type RawInputs, readInputs } from '../../src/inputs/raw-inputs'
import { inputError, readBoth, sourceOf, valuesOf } from '../../src/inputs/values'
import { storeInputs } from '../../src/store/inputs'
import { webUrl } from '../core/any-text'

const enough = {
  ADC_CECREDENTIALS_CLIENTID: 'id',
  ADC_CECREDENTIALS_CLIENTSECRET: 'secret',
  ADC_CECREDENTIALS_METASCOPES: 'openid,AdobeID',
  AEM_AUTHOR_URLS: 'https://author-p1-e2.adobeaemcloud.com',
}

function problemWith(inputs: RawInputs): string {
  try {
    readSettings(inputs)
  } catch (thrown) {
    if (!(thrown instanceof BridgeError)) throw thrown
    expect(thrown).toMatchObject({ failureClass: 'systemic', code: 'INPUT_INVALID' })
    return thrown.message
  }
  throw new Error('expected it to be refused')
}

describe('the inputs', () => {
  test('need no more than the credentials and an author', () => {
    expect(readSettings(enough)).toEqual({
      LOG_LEVEL: 'info',
      ADC_CECREDENTIALS_CLIENTID: 'id',
      ADC_CECREDENTIALS_CLIENTSECRET: 'secret',
      ADC_CECREDENTIALS_METASCOPES: ['openid', 'AdobeID'],
      IMS_URL: 'https://ims-na1.adobelogin.com',
      AEM_AUTHOR_URLS: ['https://author-p1-e2.adobeaemcloud.com'],
      AEM_PATCH_PATHS: 'auto',
      AEM_EXPERIMENTAL: true,
      AEM_CONCURRENCY: 40,
      PIM_COMMUNICATOR: 'mock',
    })
  })

  test('that are missing are all named at once, each with what to set', () => {
    const problem = problemWith({})
    for (const name of Object.keys(enough))
      expect(problem).toMatch(new RegExp(`${name} is not set: set it to \\w`))
  })

  test.each<[string, string, string]>([
    ['LOG_LEVEL', 'loud', 'must be one of error, warn, info, debug'],
    ['AEM_PATCH_PATHS', 'long', 'must be one of auto, short, full, bare'],
    ['AEM_EXPERIMENTAL', 'maybe', 'must be true or false'],
    ['AEM_CONCURRENCY', '0', 'must be at least 1'],
    ['AEM_CONCURRENCY', '101', 'must be at most 100'],
    ['AEM_CONCURRENCY', '1.5', 'must be a whole number from 1 to 100'],
    ['AEM_CONCURRENCY', '-1', 'must be a whole number from 1 to 100'],
    ['ADC_CECREDENTIALS_METASCOPES', ', ,', 'must name at least one scope'],
    ['IMS_URL', 'ims', '"ims" must begin with https://'],
    ['IMS_URL', 'https://', '"https://" is not a URL'],
    ['IMS_URL', 'http://ims.example.com', 'must begin with https://'],
    ['IMS_URL', 'https://ims.example.com', 'must be a host of Adobe'],
    ['IMS_URL', 'https://adobelogin.com.example.com', 'must be a host of Adobe'],
    ['IMS_URL', 'https://ims-na1adobelogin.com', 'must be a host of Adobe'],
    ['IMS_URL', 'https://ims-na1.adobelogin.com:8443', 'must be a host of Adobe'],
    ['IMS_URL', 'https://[::ffff:127.0.0.1]', 'must be a host of Adobe'],
    [
      'AEM_AUTHOR_URLS',
      'https://dam.example.com',
      "add 'dam.example.com' to authorHosts in config/deployment.ts",
    ],
    ['AEM_AUTHOR_URLS', 'https://dam.example.com:8443', "add 'dam.example.com:8443' to authorHosts"],
    ...[
      'https://publish-p1-e2.adobeaemcloud.com',
      'https://author-p1-e2.adobeaemcloud.com.example.com',
      'https://author-p1-e2.example.com',
      'https://author-p1-e2.adobeaemcloud.com:8443',
      'https://evil.author-p1-e2.adobeaemcloud.com',
      'https://author-p1-e2-cmstgx.adobeaemcloud.com',
      'https://author-p1.adobeaemcloud.com',
      'https://adobeaemcloud.com',
    ].map((url): [string, string, string] => ['AEM_AUTHOR_URLS', url, 'no author of AEM as a Cloud Service']),
    [
      'AEM_AUTHOR_URLS',
      'https://author-p1-e2.adobeaemcloud.com,https://dam.example.com',
      '"https://dam.example.com" is no author',
    ],
    ['AEM_AUTHOR_URLS', ',', 'must name at least one origin'],
    ['AEM_AUTHOR_URLS', 'author-p1-e2.adobeaemcloud.com', 'must begin with https://'],
    [
      'AEM_AUTHOR_URLS',
      'http://author.example.com',
      'must begin with https:// (http:// is for loopback only)',
    ],
    ['AEM_AUTHOR_URLS', 'http://localhost.example.com', 'must begin with https://'],
    ['AEM_AUTHOR_URLS', 'http://127.0.0.1.example.com', 'must begin with https://'],
    ['AEM_AUTHOR_URLS', 'ftp://localhost', 'must begin with https://'],
    ['AEM_AUTHOR_URLS', 'https://a.example.com/assets.html', 'must end after the host name'],
    ['AEM_AUTHOR_URLS', 'https://a.example.com?x=1', 'must end after the host name'],
    ['AEM_AUTHOR_URLS', 'https://a.example.com#x', 'must not carry a fragment'],
    [
      'AEM_AUTHOR_URLS',
      'https://author-p1-e2.adobeaemcloud.com,https://b.example.com/x',
      '"https://b.example.com/x" must end',
    ],
  ])('that are wrong are named: %s=%s', (name, value, problem) => {
    const message = problemWith({ ...enough, [name]: value })
    expect(message).toContain(`${name} `)
    expect(message).toContain(problem)
    for (const other of Object.keys(enough)) if (other !== name) expect(message).not.toContain(other)
  })

  test('that carry a password are refused without telling it', () => {
    for (const name of ['AEM_AUTHOR_URLS', 'IMS_URL']) {
      const problem = problemWith({ ...enough, [name]: 'https://jane:hush-hush@a.example.com' })
      expect(problem).toContain(`${name} "...@a.example.com" must not carry a user name or password`)
      expect(problem).not.toContain('hush-hush')
    }
  })

  test.each(['AEM_AUTHOR_URLS', 'IMS_URL', 'LOG_LEVEL'])(
    'that are wrong and very long make no long message: %s',
    (name) => {
      for (const text of [`https://${'a.'.repeat(100_000)}example.com`, 'x'.repeat(1_000_000)]) {
        expect(problemWith({ ...enough, [name]: text }).length).toBeLessThan(1_000)
      }
    },
  )

  test('that are wrong never tell the client secret', () => {
    expect(
      problemWith({ ...enough, ADC_CECREDENTIALS_CLIENTSECRET: 'hush-hush', LOG_LEVEL: 'x' }),
    ).not.toContain('hush-hush')
  })

  test('of any text are taken or refused with a name', () => {
    const names = [...Object.keys(enough), 'IMS_URL', 'LOG_LEVEL', 'AEM_CONCURRENCY', 'AEM_EXPERIMENTAL']
    const text = fc.oneof(
      fc.string(),
      webUrl,
      fc.constantFrom('http://[::1]:4502', enough.AEM_AUTHOR_URLS, 'https://', '[', '[]', '1e3'),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), text), (changes) => {
        let settings: ReturnType<typeof readSettings>
        try {
          settings = readSettings({ ...enough, ...changes })
        } catch (thrown) {
          return thrown instanceof BridgeError && /^BridgeError: [A-Z]+_[A-Z_]+ /.test(String(thrown))
        }
        return [...settings.AEM_AUTHOR_URLS, settings.IMS_URL].every(
          (origin) =>
            origin === new URL(origin).origin &&
            /^https:|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(origin),
        )
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the origins of the authors', () => {
  const origins = (text: string) => readSettings({ ...enough, AEM_AUTHOR_URLS: text }).AEM_AUTHOR_URLS

  test.each<[string, string[]]>([
    [
      'https://author-p1-e2.adobeaemcloud.com,https://author-p1-e3-cmstg.adobeaemcloud.com',
      ['https://author-p1-e2.adobeaemcloud.com', 'https://author-p1-e3-cmstg.adobeaemcloud.com'],
    ],
    [
      ' https://author-p1-e2.adobeaemcloud.com/ , https://author-p1-e3-cmstg.adobeaemcloud.com/\n',
      ['https://author-p1-e2.adobeaemcloud.com', 'https://author-p1-e3-cmstg.adobeaemcloud.com'],
    ],
    [
      '["https://author-p1-e2.adobeaemcloud.com","https://author-p1-e3-cmstg.adobeaemcloud.com"]',
      ['https://author-p1-e2.adobeaemcloud.com', 'https://author-p1-e3-cmstg.adobeaemcloud.com'],
    ],
    ['https://AUTHOR-P1-E2.AdobeAEMCloud.com:443', ['https://author-p1-e2.adobeaemcloud.com']],
    ['https://localhost:8443', ['https://localhost:8443']],
    ['https://author-p1-e2-rde.adobeaemcloud.com', ['https://author-p1-e2-rde.adobeaemcloud.com']],
    ['https://author-p1-e2-rde-a1.adobeaemcloud.com', ['https://author-p1-e2-rde-a1.adobeaemcloud.com']],
    ['http://localhost:4502', ['http://localhost:4502']],
    ['http://127.0.0.1:4502', ['http://127.0.0.1:4502']],
    ['http://[::1]:4502', ['http://[::1]:4502']],
    [
      'http://[::1]:4502,https://author-p1-e2.adobeaemcloud.com',
      ['http://[::1]:4502', 'https://author-p1-e2.adobeaemcloud.com'],
    ],
    [
      '[http://[::1]:4502, https://author-p1-e2.adobeaemcloud.com]',
      ['http://[::1]:4502', 'https://author-p1-e2.adobeaemcloud.com'],
    ],
  ])('%j are %j, the first one first', (text, expected) => {
    expect(origins(text)).toEqual(expected)
  })
})

describe('a host that config/deployment.ts lists', () => {
  const shape = authorOriginIn(['dam.example.com', 'old.example.com:8443'])

  test.each(['https://dam.example.com', 'https://DAM.example.com:443/', 'https://old.example.com:8443'])(
    '%s may be an author',
    (text) => {
      expect(shape(text)).toEqual({ value: new URL(text).origin })
    },
  )

  test.each(['https://old.example.com', 'https://dam.example.com:8443', 'https://evil.dam.example.com'])(
    '%s is another one',
    (text) => {
      expect(shape(text)).toEqual({ problem: expect.stringContaining('authorHosts') })
    },
  )
})

test.each(['https://ims-na1.adobelogin.com', 'https://ims-na1-stg1.adobelogin.com', 'http://127.0.0.1:9001'])(
  'IMS may be at %s',
  (text) => {
    expect(readSettings({ ...enough, IMS_URL: text }).IMS_URL).toBe(text)
  },
)
test('what aio app use has written is enough for the credentials, with the scopes as a list of JSON', () => {
  const inputs = readInputs({
    IMS_OAUTH_S2S_CLIENT_ID: 'id',
    IMS_OAUTH_S2S_CLIENT_SECRET: 'secret',
    IMS_OAUTH_S2S_SCOPES: '["openid","AdobeID"]',
    AEM_AUTHOR_URLS: enough.AEM_AUTHOR_URLS,
  })
  expect(readSettings(inputs)).toMatchObject({
    ADC_CECREDENTIALS_CLIENTID: 'id',
    ADC_CECREDENTIALS_CLIENTSECRET: 'secret',
    ADC_CECREDENTIALS_METASCOPES: ['openid', 'AdobeID'],
  })
})

test('a credential that is missing is told with both of its names', () => {
  expect(problemWith({})).toContain(', or set IMS_OAUTH_S2S_CLIENT_ID')
})

test.each([
  'openid,AdobeID',
  'openid AdobeID',
  '["openid","AdobeID"]',
  '[ openid, AdobeID ]',
  "['openid', 'AdobeID']",
])('the scopes may be written %j', (text) => {
  const settings = readSettings({ ...enough, ADC_CECREDENTIALS_METASCOPES: text })
  expect(settings.ADC_CECREDENTIALS_METASCOPES).toEqual(['openid', 'AdobeID'])
})

test.each([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
])('a flag may be written %j', (text, expected) => {
  expect(readSettings({ ...enough, AEM_EXPERIMENTAL: text }).AEM_EXPERIMENTAL).toBe(expected)
})

const stateRegion = (inputs: RawInputs) => valuesOf(storeInputs, sourceOf(inputs)).STATE_REGION

describe('the region of State', () => {
  test('is checked by itself: a dead letter must not need the other inputs', () => {
    expect(stateRegion({})).toBe('amer')
    expect(stateRegion({ STATE_REGION: 'emea' })).toBe('emea')
    expect(() => stateRegion({ STATE_REGION: 'mars' })).toThrow(/STATE_REGION must be one of amer, /)
  })
})

describe('what is wrong', () => {
  test('with a run over the journals is told at once: the credential, AEM, the journal and the limits', () => {
    const read = () =>
      readBatchSettings({
        IMS_URL: 'ims',
        JOURNAL_START: 'newest',
        EXPORT_WORKERS: '0',
        AEM_AUTHOR_URLS: enough.AEM_AUTHOR_URLS,
      })
    const names = [
      ...['ADC_CECREDENTIALS_CLIENTID', 'ADC_CECREDENTIALS_CLIENTSECRET', 'ADC_CECREDENTIALS_METASCOPES'],
      ...['ADC_CECREDENTIALS_ORGID', 'IMS_URL', 'JOURNAL_URL', 'JOURNAL_START', 'EXPORT_WORKERS'],
    ]
    for (const name of names) expect(read).toThrow(new RegExp(`(^|; )${name} \\S`))
    expect(read).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
    expect(read).not.toThrow(/AEM_AUTHOR_URLS|EXPORT_CONCURRENCY/)
  })

  test('with the inputs of two things is told in one error; anything else as it is', () => {
    const refuse = (problem: string) => () => {
      throw inputError(problem)
    }
    expect(() => readBoth(refuse('A is wrong'), refuse('B is wrong'))).toThrow(/^A is wrong; B is wrong\. /)
    expect(() => readBoth(() => 1, refuse('B is wrong'))).toThrow(/^B is wrong\. /)
    expect(
      readBoth(
        () => 1,
        () => 'two',
      ),
    ).toEqual([1, 'two'])
    const broken = () => {
      throw new Error('broken')
    }
    expect(() => readBoth(refuse('A is wrong'), broken)).toThrow('broken')
  })
})
