import { createAuthorRequests } from '../../src/aem/author-requests'
import { akeneo } from '../../src/connectors/akeneo/destination'
import { akeneoPim } from '../../src/connectors/akeneo/pim'
import { azure } from '../../src/connectors/azure/destination'
import { https } from '../../src/connectors/https/destination'
import { marketo } from '../../src/connectors/marketo/destination'
import { restPim } from '../../src/connectors/rest/pim'
import { toS3Error } from '../../src/connectors/s3/errors'
import { sftp } from '../../src/connectors/sftp/destination'
import { transientError } from '../../src/core/errors'
import { createRedactor } from '../../src/core/redaction'
import { createHttpClient } from '../../src/http/http-client'
import { networkError } from '../../src/http/network-error'
import { createTokens } from '../../src/http/tokens'
import { createTokenProvider } from '../../src/ims/token-provider'
import { createJournalReader } from '../../src/journal/reader'
import type { DestinationFactory } from '../../src/plugin/destination'
import type { PimFactory } from '../../src/plugin/pim'
import { contextOf } from '../connectors/kit/destination-context'
import { fakeBinary } from '../connectors/kit/fake-binary'
import { pimContext } from '../connectors/kit/pim-context'
import { rejection, startCall } from '../support/call'
import { startRawServer } from '../support/raw-server'
import { createTestClock } from '../support/test-clock'

/** No server listens there. */
const nowhere = 'http://127.0.0.1:9'
const clock = createTestClock()
const http = createHttpClient({ clock })
const tokens = createTokens({
  clock,
  grant: async () => ({ token: 'a-token', lifeMs: 3_600_000 }),
  limitMs: 1_000,
  late: () => transientError('LATE', 'late'),
})
const ofAkeneo = (prefix: string, url: string) => ({
  [`${prefix}_URL`]: url,
  [`${prefix}_TOKEN`]: 'hush-hush',
  [`${prefix}_ASSET_FAMILY`]: 'files',
  [`${prefix}_ASSET_MEDIA`]: 'media',
})
const get = (url: string) => ({ method: 'GET' as const, url: `${url}/x`, headers: {} })

const askPim = (pim: PimFactory, inputs: Record<string, string>) =>
  pim(pimContext(inputs)).getProducts([{ kind: 'identifier', value: 'LAMP-7' }], startCall())
const put = (destination: DestinationFactory, inputs: Record<string, string>) =>
  destination.create(contextOf(inputs)).put('lamp.png', fakeBinary({ size: 10 }), {}, startCall())

/** Each input that names a host, and what asks there first. */
const askers: [string, (url: string) => Promise<unknown>][] = [
  [
    'IMS_URL',
    (imsUrl) =>
      createTokenProvider(
        { imsUrl, clientId: 'id', clientSecret: 'hush-hush', scopes: ['openid'] },
        { http, clock, redactor: createRedactor() },
      ).token(startCall()),
  ],
  [
    'AEM_AUTHOR_URLS',
    (url) =>
      createAuthorRequests(
        { origins: [url], apiKey: 'id', experimental: false, concurrency: 1 },
        { http, tokens, clock },
      ).send(url, get(url), startCall()),
  ],
  [
    'JOURNAL_URL',
    (url) =>
      createJournalReader(
        { url: `${url}/events/organizations/1/integrations/2/3`, apiKey: 'id', orgId: 'x@AdobeOrg' },
        { http, tokens, clock },
      )
        .pages({ from: 'oldest' }, startCall())
        .next(),
  ],
  ['PIM_REST_URL', (url) => askPim(restPim(), { PIM_REST_URL: `${url}/{identifier}` })],
  ['ERP_URL', (url) => askPim(restPim({ inputs: 'ERP' }), { ERP_URL: `${url}/{identifier}` })],
  ['AKENEO_URL', (url) => askPim(akeneoPim(), ofAkeneo('AKENEO', url))],
  ['AKENEO_EU_URL', (url) => put(akeneo({ inputs: 'AKENEO_EU' }), ofAkeneo('AKENEO_EU', url))],
  // Its library does not know an error of another realm, as Jest makes them, and leaves out its code.
  [
    'S3_ENDPOINT',
    async (url) => {
      const refused = Object.assign(new Error(url), { code: 'ECONNREFUSED' })
      throw toS3Error(refused, 0, 'S3')
    },
  ],
  ['AZURE_BLOB_SAS_URL', (url) => put(azure(), { AZURE_BLOB_SAS_URL: `${url}/a/c?sv=1&sig=d3Jvbmc%3D` })],
  [
    'AZURE_BLOB_CONNECTION_STRING',
    (url) =>
      put(azure(), {
        AZURE_BLOB_CONNECTION_STRING: `DefaultEndpointsProtocol=http;BlobEndpoint=${url}/a;AccountName=a;AccountKey=d3Jvbmc=`,
        AZURE_BLOB_CONTAINER: 'assets',
      }),
  ],
  ['HTTPS_URL', (url) => put(https(), { HTTPS_URL: `${url}/{key}` })],
  [
    'MARKETO_URL',
    (url) =>
      put(marketo(), {
        MARKETO_URL: url,
        MARKETO_CLIENT_ID: 'an-id',
        MARKETO_CLIENT_SECRET: 'hush-hush',
        MARKETO_FOLDER_ID: '7',
      }),
  ],
  [
    'SFTP_URL',
    (url) =>
      put(sftp(), {
        SFTP_URL: `${url.replace('http:', 'sftp:').replace('//', '//user@')}/inbox`,
        SFTP_HOST_KEY_SHA256: '00'.repeat(32),
        SFTP_PASSWORD: 'hush-hush',
      }),
  ],
]

it.each(askers)('%s is named when no server listens there', async (input, ask) => {
  const error = await rejection(ask(nowhere))
  expect(error).toMatchObject({
    code: expect.stringMatching(/_UNREACHABLE$/),
  })
  expect(String(error)).toContain(input)
  expect(String(error)).toContain('ECONNREFUSED')
})

it('is named once no answer comes in time, too, and not when a connection that was there breaks', async () => {
  const silent = await startRawServer(() => undefined)
  try {
    const options = { name: 'AEM', origins: [silent.url], concurrency: 1, attemptTimeoutMs: 30 }
    const ask = (input?: string) =>
      rejection(
        http
          .upstream({ ...options, maxAttempts: 1, ...(input === undefined ? {} : { input }) })
          .request(get(silent.url), startCall()),
      )
    expect(await ask('AEM_AUTHOR_URLS')).toMatchObject({
      code: 'AEM_TIMEOUT',
      message: 'AEM did not answer within 30 ms; if it never does, check AEM_AUTHOR_URLS',
    })
    expect(await ask()).toMatchObject({ message: 'AEM did not answer within 30 ms' })
  } finally {
    await silent.close()
  }
  const broken = networkError('AEM', Object.assign(new Error(), { code: 'ECONNRESET' }), 'AEM_AUTHOR_URLS')
  expect(broken.message).toBe('AEM cannot be reached: ECONNRESET')
})
