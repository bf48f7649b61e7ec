import { type StrictAzure, startStrictAzure } from '../../../sandbox/targets/strict-azure'
import { type AzureOptions, azure } from '../../../src/connectors/azure/destination'
import { startCall } from '../../support/call'
import { createInstantClock } from '../../support/instant-clock'
import { type ContextParts, contextOf } from '../kit/destination-context'
import { failureOf } from '../kit/failure-of'
import { type FakeBinary, type FakeBinaryOptions, fakeBinary } from '../kit/fake-binary'

const mebibyte = 1024 * 1024
const never = startCall()
const page = '<html><body>Sign in</body></html>'

describe('azure', () => {
  let server: StrictAzure
  beforeEach(async () => {
    server = await startStrictAzure()
  })
  afterEach(() => server.close())

  const make = (url = server.sasUrl(), options: AzureOptions = {}, parts: ContextParts = {}) =>
    azure(options).create(contextOf({ AZURE_BLOB_SAS_URL: url }, parts))
  const file = (size = 1_000, more: Partial<FakeBinaryOptions> = {}) => fakeBinary({ size, ...more })
  const put = (source: FakeBinary = file(), destination = make(), key = 'a.png') =>
    destination.put(key, source, {}, never)
  const look = (destination = make()) => Promise.resolve(destination.head?.('a.png', never))
  const failure = (work: Promise<unknown>) =>
    failureOf(work, ['c3RyaWN0LXNpZ25hdHVyZQ==', 'leaked', 'd3Jvbmc='])

  describe('a SAS', () => {
    it.each(['rcw', 'rw'])('that may %s is enough to export, and to export again', async (permissions) => {
      const destination = make(server.sasUrl({ permissions }))
      const previous = await put(file(), destination)
      await destination.put('a.png', file(20 * mebibyte), { previous }, never)
      expect(await look(destination)).toMatchObject({ size: 20 * mebibyte })
    })

    it.each([
      ['r', 'put'],
      ['cw', 'head'],
      ['rcw', 'remove'],
    ])('that may only %s cannot %s, and the message says what it lacks', async (permissions, method) => {
      const destination = make(server.sasUrl({ permissions }))
      const works = {
        put: () => put(file(), destination),
        head: () => look(destination),
        remove: () => Promise.resolve(destination.remove?.('a.png', never)),
      }
      const error = await failure(works[method as keyof typeof works]())
      expect(error).toMatchObject({ failureClass: 'systemic', code: 'AZURE_UNAUTHORIZED', status: 403 })
      expect(error.message).toContain('permission')
    })

    it('that has expired is said to have, and when', async () => {
      const destination = make(server.sasUrl({ expiresOn: new Date('2025-03-01T12:00:00Z') }))
      for (const begin of [() => put(file(), destination), () => look(destination)]) {
        const error = await failure(begin())
        expect(error).toMatchObject({ failureClass: 'systemic', code: 'AZURE_UNAUTHORIZED' })
        expect(error.message).toContain('expired on 2025-03-01T12:00:00.000Z')
      }
    })

    it('with a wrong signature is refused', async () => {
      const error = await failure(put(file(), make(server.sasUrl({ signature: 'd3Jvbmc=' }))))
      expect(error).toMatchObject({ failureClass: 'systemic', code: 'AZURE_UNAUTHORIZED' })
      expect(error.message).toContain('signature')
    })

    it('of another container finds none', async () => {
      const destination = make(server.sasUrl({ container: 'nowhere' }))
      for (const begin of [() => put(file(), destination), () => look(destination)]) {
        expect(await failure(begin())).toMatchObject({
          failureClass: 'systemic',
          code: 'AZURE_CONTAINER_MISSING',
        })
      }
    })
  })

  describe('conditions', () => {
    it('go with what publishes', async () => {
      const destination = make()
      const previous = await put(file(), destination)
      await destination.put('a.png', file(20 * mebibyte), { previous }, never)
      const conditions = server.calls.map(({ operation, headers }) => [
        operation,
        headers['if-none-match'] ?? headers['if-match'],
      ])
      expect(conditions.filter(([, condition]) => condition !== undefined)).toEqual([
        ['PutBlob', '*'],
        ['PutBlockList', previous.etag],
      ])
    })

    it.each([
      ['PutBlob', 409, 'BlobAlreadyExists'],
      ['PutBlob', 412, 'ConditionNotMet'],
      ['PutBlockList', 409, 'BlobAlreadyExists'],
      ['PutBlockList', 412, 'ConditionNotMet'],
    ])('%s that answers %i %s is a change by somebody else', async (operation, status, code) => {
      server.failNext(operation, { status, code })
      const error = await failure(put(file(operation === 'PutBlob' ? 1_000 : 9 * mebibyte)))
      expect(error).toMatchObject({ failureClass: 'transient', code: 'DESTINATION_CHANGED' })
      expect(server.count(operation)).toBe(1)
      expect(server.blobs.size).toBe(0)
    })

    it('that fail because the same version came from elsewhere are a success', async () => {
      await put()
      expect(await put()).toMatchObject({ version: 'v-1-1000', size: 1_000 })
    })
  })

  describe('a lost answer', () => {
    it.each([
      ['PutBlob', { lost: true }, 1_000],
      ['PutBlob', { status: 500, code: 'OperationTimedOut' }, 1_000],
      ['PutBlockList', { lost: true }, 9 * mebibyte],
      ['PutBlockList', { status: 503, code: 'ServerBusy' }, 9 * mebibyte],
    ])(
      'to a %s that took effect is found out by a look, not by sending again (%o)',
      async (operation, fault, size) => {
        const source = file(size)
        server.failNext(operation, { ...fault, takesEffect: true })
        expect(await put(source)).toMatchObject({
          version: source.version,
          size,
          etag: server.blobs.get('a.png')?.etag,
        })
        expect([server.count(operation), server.count('GetProperties')]).toEqual([1, 1])
      },
    )

    it('is not mistaken for a success when the same version was there before', async () => {
      const destination = make()
      const previous = await put(file(), destination)
      server.failNext('PutBlob', { lost: true })
      await destination.put('a.png', file(), { previous }, never)
      expect(server.blobs.get('a.png')?.etag).not.toBe(previous.etag)
    })
  })

  describe('blocks', () => {
    it('carry a hash, and one that does not fit is sent again', async () => {
      const source = file(20 * mebibyte)
      server.failNext('PutBlock', { status: 400, code: 'Md5Mismatch' })
      await put(source)
      const blocks = server.calls.filter(({ operation }) => operation === 'PutBlock')
      expect(blocks).toHaveLength(4)
      for (const { headers } of blocks) expect(headers['content-md5']).toMatch(/==$/)
      expect(server.blobs.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    })

    it('that another upload has thrown away are transient, and nothing is published', async () => {
      server.failNext('PutBlockList', { status: 400, code: 'InvalidBlockList' })
      const error = await failure(put(file(9 * mebibyte)))
      expect(error).toMatchObject({ failureClass: 'transient', code: 'AZURE_BLOCKS_LOST' })
      expect(server.blobs.size).toBe(0)
    })

    it('that another upload has thrown away do not matter when it was of the same version', async () => {
      const source = file(9 * mebibyte)
      await put(source)
      server.failNext('PutBlockList', { status: 400, code: 'InvalidBlockList' })
      expect(await put(source)).toMatchObject({ version: source.version })
    })

    it('of an aborted upload are never published', async () => {
      const call = startCall()
      const source = file(40 * mebibyte, {
        ranges: false,
        onChunk: (sent) => {
          // More than the memory holds: some blocks have arrived.
          if (sent === 36 * mebibyte) call.abort(new Error('time is up'))
        },
      })
      await expect(make().put('a.png', source, {}, call)).rejects.toThrow('time is up')
      expect(server.count('PutBlock')).toBeGreaterThan(0)
      expect([server.count('PutBlockList'), server.blobs.size]).toEqual([0, 0])
    })
  })

  describe('a refusal', () => {
    it.each([
      [400, 'InvalidMetadata', 'permanent', 'AZURE_REFUSED'],
      [400, 'InvalidHeaderValue', 'permanent', 'AZURE_REFUSED'],
      [400, 'OutOfRangeInput', 'permanent', 'AZURE_REFUSED'],
      [409, 'InvalidBlobType', 'permanent', 'AZURE_REFUSED'],
      [409, 'BlobImmutableDueToPolicy', 'permanent', 'AZURE_REFUSED'],
      [413, 'RequestBodyTooLarge', 'permanent', 'AZURE_REFUSED'],
      [401, 'InvalidAuthenticationInfo', 'systemic', 'AZURE_UNAUTHORIZED'],
      [403, 'AccountIsDisabled', 'systemic', 'AZURE_UNAUTHORIZED'],
      [403, 'AuthorizationFailure', 'systemic', 'AZURE_UNAUTHORIZED'],
      [404, 'ContainerNotFound', 'systemic', 'AZURE_CONTAINER_MISSING'],
      [501, 'NotImplemented', 'systemic', 'AZURE_UNEXPECTED_ANSWER'],
    ])('%i %s is %s', async (status, word, failureClass, code) => {
      server.failNext('PutBlob', { status, code: word })
      const error = await failure(put())
      expect(error).toMatchObject({ failureClass, code, status, upstream: 'AZURE' })
      expect(error.message).toContain(word)
      expect(server.count('PutBlob')).toBe(1)
    })

    it('of the version of the protocol blames no file', async () => {
      const body = '<Error><Code>InvalidHeaderValue</Code><HeaderName>x-ms-version</HeaderName></Error>'
      const headers = { 'x-ms-error-code': 'InvalidHeaderValue', 'content-type': 'application/xml' }
      server.failNext('PutBlob', { status: 400, page: body, headers })
      expect(await failure(put())).toMatchObject({
        failureClass: 'systemic',
        code: 'AZURE_UNEXPECTED_ANSWER',
      })
    })

    it('of a name that is too long comes from the server itself', async () => {
      const work = put(file(), make(), `${'a'.repeat(1_030)}.png`)
      expect(await failure(work)).toMatchObject({ failureClass: 'permanent', code: 'AZURE_REFUSED' })
    })
  })

  describe('a service that is busy', () => {
    it.each([
      [503, 'ServerBusy'],
      [500, 'InternalError'],
      [429, 'TooManyRequests'],
    ])('is asked again after %i %s', async (status, code) => {
      server.failNext('PutBlob', { status, code, times: 2 })
      const source = file()
      await put(source)
      expect([server.count('PutBlob'), source.opened()]).toEqual([3, 1])
    })

    it('is not asked before the time that it names', async () => {
      server.failNext('PutBlob', { status: 503, code: 'ServerBusy', headers: { 'retry-after': '2' } })
      const clock = createInstantClock()
      await put(file(), make(undefined, {}, { clock }))
      expect(clock.sleeps).toEqual([2_000])
    })

    it('is left alone for a while after four times', async () => {
      server.failNext('PutBlob', { status: 503, code: 'ServerBusy', times: 9 })
      const clock = createInstantClock()
      const work = put(file(), make(undefined, {}, { clock }))
      expect(await failure(work)).toMatchObject({ failureClass: 'transient', code: 'AZURE_UNAVAILABLE' })
      expect(server.count('PutBlob')).toBe(4)
      // Half of 300 ms, and twice as much each time.
      expect(clock.sleeps).toEqual([150, 300, 600])
    })
  })

  describe('a blob that somebody else works with', () => {
    it.each([
      ['PutBlob', 412, 'LeaseIdMissing', 1_000],
      ['PutBlockList', 412, 'LeaseIdMissing', 9 * mebibyte],
      ['PutBlob', 409, 'LeaseLost', 1_000],
    ])('is busy, not at fault: %s that answers %i %s', async (operation, status, code, size) => {
      server.failNext(operation, { status, code })
      const error = await failure(put(file(size)))
      expect(error).toMatchObject({ failureClass: 'transient', code: 'AZURE_LEASED', status })
      expect(error.message).toContain('lease')
      // A lease lasts longer than the waits between attempts.
      expect(server.count(operation)).toBe(1)
    })

    it('is busy while it comes back from the archive', async () => {
      server.failNext('PutBlob', { status: 409, code: 'BlobBeingRehydrated', times: 9 })
      expect(await failure(put())).toMatchObject({ failureClass: 'transient', code: 'AZURE_UNAVAILABLE' })
    })

    it('is said to be archived, and what to do', async () => {
      server.failNext('PutBlob', { status: 409, code: 'BlobArchived' })
      const error = await failure(put())
      expect(error).toMatchObject({ failureClass: 'permanent', code: 'AZURE_REFUSED' })
      expect(error.message).toContain('rehydrate')
    })
  })

  describe('a page of a proxy', () => {
    it.each([
      [200, 'systemic', 'AZURE_UNEXPECTED_ANSWER'],
      [400, 'systemic', 'AZURE_UNEXPECTED_ANSWER'],
      [403, 'systemic', 'AZURE_UNAUTHORIZED'],
      [404, 'systemic', 'AZURE_UNEXPECTED_ANSWER'],
      [407, 'systemic', 'AZURE_UNEXPECTED_ANSWER'],
      [502, 'transient', 'AZURE_UNAVAILABLE'],
    ])(
      'with status %i in place of a Put Blob is no success, and blames no file',
      async (status, failureClass, code) => {
        server.failNext('PutBlob', { status, page, times: 4 })
        expect(await failure(put())).toMatchObject({ failureClass, code })
      },
    )

    it.each([
      ['PutBlock', 200],
      ['PutBlockList', 200],
      ['PutBlockList', 201],
    ])('in place of a %s is no success (%i)', async (operation, status) => {
      server.failNext(operation, { status, page, times: 20 })
      expect((await failure(put(file(20 * mebibyte)))).failureClass).not.toBe('permanent')
      expect(server.blobs.size).toBe(0)
    })

    it.each([200, 404])(
      'with status %i in place of a look is neither "held" nor "absent"',
      async (status) => {
        server.failNext('GetProperties', { status, page })
        expect(await failure(look())).toMatchObject({
          failureClass: 'systemic',
          code: 'AZURE_UNEXPECTED_ANSWER',
        })
      },
    )
  })

  describe('a copy by Azure itself', () => {
    const large = (presigned: () => string | undefined): FakeBinary => ({
      ...file(9 * mebibyte),
      presignedUrl: async () => presigned(),
    })
    const url = () => 'http://127.0.0.1:9/asset?sig=hunter22'

    it.each([
      [404, 'CannotVerifyCopySource'],
      [403, 'CannotVerifyCopySource'],
      [501, 'NotImplemented'],
      [409, 'PublicAccessNotPermitted'],
    ])(
      'that is refused (%i %s) is replaced by sending, and not tried again for a while',
      async (status, code) => {
        server.failNext('PutBlockFromUrl', { status, code, times: 9 })
        const destination = make()
        const source = large(url)
        await put(source, destination)
        expect(server.blobs.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
        const tried = server.count('PutBlockFromUrl')
        await put(large(url), destination, 'b.png')
        expect([tried, server.count('PutBlockFromUrl')]).toEqual([1, 1])
        expect(server.blobs.size).toBe(2)
      },
    )

    it('whose bytes Azure does not have in the end is replaced by sending', async () => {
      server.failNext('PutBlockFromUrl', { status: 201, page: '' })
      const body = '<?xml version="1.0"?><BlockList><UncommittedBlocks/></BlockList>'
      const headers = { 'content-type': 'application/xml' }
      server.failNext('GetBlockList', { status: 200, page: body, headers })
      const source = large(url)
      await put(source)
      expect([server.count('GetBlockList'), server.count('PutBlockList')]).toEqual([1, 1])
      expect(server.blobs.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    })

    it('is not asked for when the file is longer than it was, or shorter', async () => {
      const changed = { ...large(url), readRange: () => Promise.reject(new Error('has another size')) }
      await put(changed).catch(() => undefined)
      expect(server.count('PutBlockFromUrl')).toBe(0)
    })

    it.each([
      ['the option says no', url, { copyFromUrl: false }],
      ['there is no such URL', () => undefined, {}],
      ['the URL is none of a blob store', () => 'https://files.example.com/a?sig=hunter22', {}],
      ['the URL only looks like one', () => 'https://a.blob.core.windows.net.example.com/a?sig=hunter22', {}],
    ])('is not asked for when %s', async (_why, presigned, options) => {
      const source = large(presigned)
      await put(source, make(server.sasUrl(), options))
      expect(server.count('PutBlockFromUrl')).toBe(0)
      expect(server.blobs.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    })
  })
})
