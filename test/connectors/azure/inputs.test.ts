import { type Azurite, startAzurite } from '../../../sandbox/targets/azurite'
import { azure } from '../../../src/connectors/azure/destination'
import type { ByteRange } from '../../../src/core/binary'
import type { CallContext } from '../../../src/core/call-context'
import { createRedactor } from '../../../src/core/redaction'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { failureOf } from '../kit/failure-of'
import { type FakeBinary, fakeBinary } from '../kit/fake-binary'

const mebibyte = 1024 * 1024
const never = startCall()
const sas = 'https://account.blob.core.windows.net/assets?sv=2024-11-04&sp=rcw&sig=aHVudGVyMjI%3D'
const make = (inputs: Record<string, string | undefined>) => azure().create(contextOf(inputs))

describe('the inputs of azure', () => {
  it.each([
    ['AZURE_BLOB_SAS_URL', { AZURE_BLOB_SAS_URL: 'hunter22' }],
    ['AZURE_BLOB_SAS_URL', { AZURE_BLOB_SAS_URL: sas.replace('https', 'http') }],
    ['AZURE_BLOB_SAS_URL', { AZURE_BLOB_SAS_URL: 'https://account.blob.core.windows.net/assets' }],
    ['AZURE_BLOB_SAS_URL', { AZURE_BLOB_SAS_URL: sas.replace('/assets', '/') }],
    ['AZURE_BLOB_CONTAINER', { AZURE_BLOB_CONNECTION_STRING: 'AccountKey=hunter22' }],
    ['AZURE_BLOB_KEY', { AZURE_BLOB_ACCOUNT: 'account', AZURE_BLOB_CONTAINER: 'assets' }],
    [
      'AZURE_BLOB_KEY',
      { AZURE_BLOB_ACCOUNT: 'account', AZURE_BLOB_KEY: 'hunter22!', AZURE_BLOB_CONTAINER: 'a' },
    ],
    ['AZURE_BLOB_ACCOUNT', { AZURE_BLOB_ACCOUNT: 'a.b/c', AZURE_BLOB_KEY: 'aHVudGVyMjI=' }],
    [
      'AZURE_BLOB_CONTAINER',
      { AZURE_BLOB_ACCOUNT: 'account', AZURE_BLOB_KEY: 'aHVudGVyMjI=', AZURE_BLOB_CONTAINER: 'A/b' },
    ],
    ['AZURE_BLOB_PREFIX', { AZURE_BLOB_SAS_URL: sas, AZURE_BLOB_PREFIX: '../other' }],
  ])('are named when they are wrong: %s in %o', (input, inputs) => {
    const create = () => make(inputs)
    expect(create).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
    expect(create).toThrow(input)
    expect(create).not.toThrow(/hunter22|aHVudGVyMjI/)
  })

  const account = 'sv=2024-11-04&se=2031-01-01&sp=rwc&sig=aHVudGVyMjI%3D'
  it.each([
    [`${sas}&sr=b`, 'is the signature of one blob (sr=b); create one for the container'],
    [`${sas.replace('/assets', '/assets/lamp.png')}&sr=b`, 'one blob (sr=b)'],
    [`${sas}&sr=bs`, 'one snapshot of a blob (sr=bs)'],
    [`${sas}&sr=bv`, 'one version of a blob (sr=bv)'],
    [`${sas}&sr=f`, 'one file of Azure Files (sr=f)'],
    [`${sas}&sr=s`, 'a share of Azure Files (sr=s)'],
    [`${sas}&tn=orders`, 'a table (tn=...)'],
    [`${sas}&ss=qt&srt=sco`, 'not for its blobs (ss=qt)'],
    [`${sas}&ss=b&srt=sc`, 'not for objects in it (srt=sc)'],
  ])('say what to create in place of a signature that opens no container: %s', (url, says) => {
    expect(() => make({ AZURE_BLOB_SAS_URL: url })).toThrow(
      expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }),
    )
    expect(() => make({ AZURE_BLOB_SAS_URL: url })).toThrow(`AZURE_BLOB_SAS_URL is the signature of`)
    expect(() => make({ AZURE_BLOB_SAS_URL: url })).toThrow(says)
    expect(() => make({ AZURE_BLOB_SAS_URL: url })).toThrow('az storage container generate-sas')
    expect(() => make({ AZURE_BLOB_SAS_URL: url })).not.toThrow('aHVudGVyMjI')
    const text = `BlobEndpoint=https://account.blob.core.windows.net;SharedAccessSignature=${new URL(url).search.slice(1)}`
    const inString = () => make({ AZURE_BLOB_CONNECTION_STRING: text, AZURE_BLOB_CONTAINER: 'assets' })
    expect(inString).toThrow(says)
    expect(inString).not.toThrow('aHVudGVyMjI')
  })

  it.each([
    `${sas}&sr=c`,
    `${sas}&sr=d&sdd=0`,
    `https://account.blob.core.windows.net/assets?${account}&ss=bfqt&srt=sco`,
  ])('take a signature that opens the container: %s', (url) => {
    expect(() => make({ AZURE_BLOB_SAS_URL: url })).not.toThrow()
  })

  it.each([
    'hunter22',
    'AccountName=account;AccountKey=hunter22',
    'DefaultEndpointsProtocol=https;AccountName=account;AccountKey=;EndpointSuffix=core.windows.net',
    'BlobEndpoint=http://files.example.com/account;AccountName=account;AccountKey=aHVudGVyMjI=',
  ])('say that a connection string cannot be used, and repeat nothing of it: %s', async (text) => {
    const destination = make({ AZURE_BLOB_CONNECTION_STRING: text, AZURE_BLOB_CONTAINER: 'assets' })
    const error = await failureOf(Promise.resolve(destination.head?.('a.png', never)), [
      'hunter22',
      'aHVudGVyMjI=',
    ])
    expect(error).toMatchObject({ failureClass: 'systemic', code: 'INPUT_INVALID' })
    expect(error.message).toContain('AZURE_BLOB_CONNECTION_STRING')
  })

  it.each([
    [{ AZURE_BLOB_SAS_URL: sas }, 'aHVudGVyMjI%3D aHVudGVyMjI='],
    [
      {
        AZURE_BLOB_CONNECTION_STRING: 'AccountName=a;AccountKey=aHVudGVyMjI=',
        AZURE_BLOB_CONTAINER: 'assets',
      },
      'aHVudGVyMjI=',
    ],
    [
      {
        AZURE_BLOB_CONNECTION_STRING: 'SharedAccessSignature=sig=aHVudGVyMjI%3D&sp=rcw',
        AZURE_BLOB_CONTAINER: 'assets',
      },
      'aHVudGVyMjI%3D',
    ],
    [
      { AZURE_BLOB_ACCOUNT: 'account', AZURE_BLOB_KEY: 'aHVudGVyMjI=', AZURE_BLOB_CONTAINER: 'assets' },
      'aHVudGVyMjI=',
    ],
  ])('make their secrets known: %o', (inputs, text) => {
    const redactor = createRedactor()
    azure().create(contextOf(inputs, { redactor }))
    expect(redactor.text(text)).not.toContain('aHVudGVyMjI')
  })
})

describe('azure, at the emulator', () => {
  let azurite: Azurite
  beforeAll(async () => {
    azurite = await startAzurite()
  }, 60_000)
  afterAll(() => azurite.close())

  const put = (
    inputs: Record<string, string>,
    source: FakeBinary = fakeBinary({ size: 1_000 }),
    key = 'a.png',
  ) => make(inputs).put(key, source, {}, never)
  const held = (key: string) =>
    azurite.service.getContainerClient(azurite.container).getBlobClient(key).downloadToBuffer()

  it('takes a connection string with a key, and one with a SAS', async () => {
    const AZURE_BLOB_CONTAINER = azurite.container
    await put({ AZURE_BLOB_CONNECTION_STRING: azurite.connectionString, AZURE_BLOB_CONTAINER })
    const text = `BlobEndpoint=${azurite.url};SharedAccessSignature=${azurite.accountSas()}`
    await put({ AZURE_BLOB_CONNECTION_STRING: text, AZURE_BLOB_CONTAINER }, undefined, 'b.png')
    expect([(await held('a.png')).length, (await held('b.png')).length]).toEqual([1_000, 1_000])
  })

  it('refuses a wrong key', async () => {
    const key = Buffer.from('another key').toString('base64')
    const text = azurite.connectionString.replace(azurite.key, key)
    const work = put({ AZURE_BLOB_CONNECTION_STRING: text, AZURE_BLOB_CONTAINER: azurite.container })
    expect(await failureOf(work, [key])).toMatchObject({
      failureClass: 'systemic',
      code: 'AZURE_UNAUTHORIZED',
    })
  })

  it.each([
    [
      'has expired',
      () => azurite.sasUrl({ expiresOn: new Date(Date.now() - 60_000) }),
      'AZURE_UNAUTHORIZED',
      'expired on',
    ],
    ['may not write', () => azurite.sasUrl({ permissions: 'r' }), 'AZURE_UNAUTHORIZED', 'permission'],
    [
      'is of a missing container',
      () => azurite.sasUrl({ container: 'nowhere' }),
      'AZURE_CONTAINER_MISSING',
      'not there',
    ],
  ])('refuses a SAS that %s', async (_what, url, code, says) => {
    const signature = new URL(url()).searchParams.get('sig') ?? ''
    const error = await failureOf(put({ AZURE_BLOB_SAS_URL: url() }), [signature])
    expect(error).toMatchObject({ failureClass: 'systemic', code })
    expect(error.message).toContain(says)
  })

  it('needs no more than read, create and write to export and to export again', async () => {
    const destination = make({ AZURE_BLOB_SAS_URL: azurite.sasUrl({ permissions: 'rcw' }) })
    const previous = await destination.put('c.png', fakeBinary({ size: 1_000 }), {}, never)
    const next = fakeBinary({ size: 20 * mebibyte, seed: 2 })
    await destination.put('c.png', next, { previous }, never)
    expect((await held('c.png')).equals(next.bytes())).toBe(true)
    expect(await destination.head?.('c.png', never)).toMatchObject({ version: next.version })
  })

  it('copies a large file by itself, and only its last byte is read by the app', async () => {
    const source = fakeBinary({ size: 70 * mebibyte + 3 })
    const container = azurite.service.getContainerClient(azurite.container)
    await container.getBlockBlobClient('source.psd').uploadData(source.bytes())
    const presigned = azurite.sasUrl({ permissions: 'r' }).replace('?', '/source.psd?')
    const read: ByteRange[] = []
    const unread = {
      ...source,
      open: () => Promise.reject(new Error('was opened')),
      readRange: async (range: ByteRange, call: CallContext) => {
        read.push(range)
        return (await source.readRange?.(range, call)) ?? Buffer.alloc(0)
      },
      presignedUrl: async () => presigned,
    }
    const stored = await make({ AZURE_BLOB_SAS_URL: azurite.sasUrl() }).put('copy.psd', unread, {}, never)
    expect(stored).toMatchObject({ version: source.version, size: source.size })
    expect([read, source.opened()]).toEqual([[{ start: 70 * mebibyte + 2, end: 70 * mebibyte + 3 }], 0])
    expect((await held('copy.psd')).equals(source.bytes())).toBe(true)
    const { metadata, contentType } = await container.getBlobClient('copy.psd').getProperties()
    expect([metadata, contentType]).toEqual([{ sourceversion: source.version }, 'image/png'])
  })

  it('sends the bytes of a file that it cannot fetch', async () => {
    const source = fakeBinary({ size: 9 * mebibyte })
    const elsewhere = { ...source, presignedUrl: async () => 'http://127.0.0.1:9/asset?sig=x' }
    await make({ AZURE_BLOB_SAS_URL: azurite.sasUrl() }).put('d.psd', elsewhere, {}, never)
    expect((await held('d.psd')).equals(source.bytes())).toBe(true)
  })
})
