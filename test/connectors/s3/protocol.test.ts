import { type StrictS3, startStrictS3 } from '../../../sandbox/targets/strict-s3'
import { type S3Options, s3 } from '../../../src/connectors/s3/destination'
import { createRedactor } from '../../../src/core/redaction'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { failureOf } from '../kit/failure-of'
import { type FakeBinaryOptions, fakeBinary } from '../kit/fake-binary'

const mebibyte = 1024 * 1024
const never = startCall()
const aws = { checksums: 'when-supported', conditional: true } as const
const page = '<html><body>Sign in</body></html>'

describe('s3', () => {
  let server: StrictS3
  beforeEach(async () => {
    server = await startStrictS3()
  })
  afterEach(() => server.close())

  const make = (more: Record<string, string | undefined> = {}, options: S3Options = aws) =>
    s3(options).create(contextOf({ ...server.inputs, ...more }))
  const file = (size = 1_000, more: Partial<FakeBinaryOptions> = {}) => fakeBinary({ size, ...more })
  const put = (source = file(), destination = make(), key = 'a.png') =>
    destination.put(key, source, {}, never)
  const secrets = ['strict-secret-access-key', 'leaked', 'the-session-token']
  const failure = (work: Promise<unknown>) => failureOf(work, secrets)

  describe('checksums', () => {
    it('go with a small file, and with every part of a large one and its completion', async () => {
      await put()
      const large = file(20 * mebibyte)
      await put(large, make(), 'b.psd')
      const [small] = server.calls
      expect(small?.headers['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/)
      const parts = server.calls.filter(({ operation }) => operation === 'UploadPart')
      expect(parts).toHaveLength(3)
      for (const { headers } of parts) expect(headers['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/)
      const complete = server.calls.at(-1)
      expect(complete?.body.toString().match(/<ChecksumCRC32>/g)).toHaveLength(3)
      expect(complete?.headers['x-amz-mp-object-size']).toBe(String(20 * mebibyte))
      expect(server.objects.get('b.psd')?.bytes.equals(large.bytes())).toBe(true)
    })

    it('stay away where they are not required', async () => {
      const destination = make({}, { checksums: 'when-required', conditional: true })
      await put(file(), destination)
      await put(file(20 * mebibyte), destination, 'b.psd')
      const names = server.calls.flatMap(({ headers }) => Object.keys(headers))
      expect(names.filter((name) => /checksum|x-amz-trailer/.test(name))).toEqual([])
      expect(server.objects.size).toBe(2)
    })

    it.each(['PutObject', 'UploadPart'])('that do not fit are sent again: %s', async (operation) => {
      const source = file(operation === 'PutObject' ? 1_000 : 20 * mebibyte)
      server.failNext(operation, { status: 400, code: 'BadDigest' })
      await put(source)
      expect(server.objects.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    })
  })

  describe('conditions', () => {
    it('go with what publishes, and with nothing else', async () => {
      const destination = make()
      const previous = await put(file(), destination)
      await destination.put('a.png', file(20 * mebibyte), { previous }, never)
      const conditions = server.calls.map(({ operation, headers }) => [
        operation,
        headers['if-none-match'] ?? headers['if-match'],
      ])
      expect(conditions.filter(([, condition]) => condition !== undefined)).toEqual([
        ['PutObject', '*'],
        ['CompleteMultipartUpload', previous.etag],
      ])
    })

    it.each([
      ['PutObject', 412, 'PreconditionFailed'],
      ['PutObject', 409, 'ConditionalRequestConflict'],
      ['CompleteMultipartUpload', 412, 'PreconditionFailed'],
      ['CompleteMultipartUpload', 409, 'ConditionalRequestConflict'],
    ])('%s that answers %i %s is a change by somebody else', async (operation, status, code) => {
      server.failNext(operation, { status, code })
      const source = file(operation === 'PutObject' ? 1_000 : 9 * mebibyte)
      expect(await failure(put(source))).toMatchObject({
        failureClass: 'transient',
        code: 'DESTINATION_CHANGED',
      })
      expect(server.count(operation)).toBe(1)
      expect([server.objects.size, server.uploads.size]).toEqual([0, 0])
    })

    it('that fail because the same version came from elsewhere are a success', async () => {
      await put(file())
      expect(await put(file())).toMatchObject({ version: 'v-1-1000', size: 1_000 })
    })

    it('an object that was removed meanwhile is a change, too', async () => {
      const destination = make()
      const previous = await put(file(), destination)
      await destination.remove?.('a.png', never)
      const work = destination.put('a.png', file(2_000), { previous }, never)
      expect(await failure(work)).toMatchObject({ code: 'DESTINATION_CHANGED' })
    })
  })

  describe('a lost answer', () => {
    it.each([
      ['PutObject', { lost: true }, 1_000],
      ['PutObject', { status: 500 }, 1_000],
      ['CompleteMultipartUpload', { lost: true }, 9 * mebibyte],
      ['CompleteMultipartUpload', { status: 503, code: 'SlowDown' }, 9 * mebibyte],
    ])(
      'to a %s that took effect is found out by a look, not by sending again (%o)',
      async (operation, fault, size) => {
        const source = file(size)
        server.failNext(operation, { ...fault, takesEffect: true })
        const stored = await put(source)
        expect(stored).toMatchObject({
          version: source.version,
          size,
          etag: server.objects.get('a.png')?.etag,
        })
        expect([server.count(operation), server.count('HeadObject')]).toEqual([1, 1])
        expect(server.uploads.size).toBe(0)
      },
    )

    it('to a request that took no effect is sent again', async () => {
      server.failNext('PutObject', { lost: true })
      await put()
      expect(server.count('PutObject')).toBe(2)
    })

    it('is not mistaken for a success when the same version was there before', async () => {
      const destination = make()
      const previous = await put(file(), destination)
      server.failNext('PutObject', { lost: true })
      await destination.put('a.png', file(), { previous }, never)
      expect(server.count('PutObject')).toBe(3)
      expect(server.objects.get('a.png')?.etag).not.toBe(previous.etag)
    })

    it('is asked for without conditions, too', async () => {
      const destination = make({}, { conditional: false })
      server.failNext('PutObject', { lost: true, takesEffect: true })
      await put(file(), destination)
      expect(server.count('PutObject')).toBe(1)
    })
  })

  describe('parts', () => {
    it.each([
      ['CompleteMultipartUpload', 400, 'InvalidPart', 'transient', 'S3_INTERRUPTED'],
      ['CompleteMultipartUpload', 404, 'NoSuchUpload', 'transient', 'S3_INTERRUPTED'],
      ['CompleteMultipartUpload', 400, 'EntityTooSmall', 'systemic', 'S3_UNEXPECTED_ANSWER'],
      ['UploadPart', 404, 'NoSuchUpload', 'transient', 'S3_INTERRUPTED'],
      ['UploadPart', 403, 'AccessDenied', 'systemic', 'S3_UNAUTHORIZED'],
    ])('are removed when %s answers %i %s', async (operation, status, code, failureClass, ours) => {
      server.failNext(operation, { status, code })
      expect(await failure(put(file(20 * mebibyte)))).toMatchObject({ failureClass, code: ours })
      expect(server.count('AbortMultipartUpload')).toBe(1)
      expect([server.objects.size, server.uploads.size]).toEqual([0, 0])
    })

    it('are removed when the work is aborted', async () => {
      const call = startCall()
      const source = file(40 * mebibyte, {
        ranges: false,
        onChunk: (sent) => {
          // More than the memory holds: some parts have arrived.
          if (sent === 36 * mebibyte) call.abort(new Error('time is up'))
        },
      })
      await expect(make().put('a.psd', source, {}, call)).rejects.toThrow('time is up')
      expect(server.count('UploadPart')).toBeGreaterThan(0)
      expect([server.objects.size, server.uploads.size]).toEqual([0, 0])
    })

    it('are read while the upload is still being begun', async () => {
      const begunAt: number[] = []
      const source = file(20 * mebibyte, { ranges: false, onChunk: () => begunAt.push(server.uploads.size) })
      server.failNext('CreateMultipartUpload', { status: 503, code: 'SlowDown' })
      await put(source)
      expect(begunAt[0]).toBe(0)
      expect(server.objects.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    })

    it('are removed when the source fails before the upload is begun', async () => {
      server.failNext('CreateMultipartUpload', { status: 503, code: 'SlowDown' })
      const source = file(20 * mebibyte, { failAt: 0 })
      expect(await failure(put(source))).toMatchObject({ code: 'SOURCE_FAILED' })
      expect([server.count('CreateMultipartUpload'), server.count('AbortMultipartUpload')]).toEqual([2, 1])
      expect(server.uploads.size).toBe(0)
    })

    it('are not sent when no upload can be begun', async () => {
      server.failNext('CreateMultipartUpload', { status: 403, code: 'AccessDenied' })
      expect(await failure(put(file(20 * mebibyte)))).toMatchObject({ code: 'S3_UNAUTHORIZED' })
      expect([server.count('UploadPart'), server.count('AbortMultipartUpload')]).toEqual([0, 0])
    })

    it('are sent again one by one', async () => {
      const source = file(20 * mebibyte)
      server.failNext('UploadPart', { status: 503, code: 'SlowDown' })
      server.failNext('UploadPart', { lost: true })
      await put(source)
      expect(server.count('UploadPart')).toBe(5)
      expect(source.opened()).toBeLessThan(2)
      expect(server.objects.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    })

    it('a completion that fails in an answer of 200 is repeated', async () => {
      const body = '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>later</Message></Error>'
      server.failNext('CompleteMultipartUpload', {
        status: 200,
        page: body,
        headers: { 'content-type': 'application/xml' },
      })
      const source = file(9 * mebibyte)
      await put(source)
      expect(server.count('CompleteMultipartUpload')).toBe(2)
      expect(server.objects.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    })
  })

  describe('a refusal', () => {
    it.each([
      [403, 'AccessDenied', 'systemic', 'S3_UNAUTHORIZED', 's3:PutObject'],
      [403, 'InvalidAccessKeyId', 'systemic', 'S3_UNAUTHORIZED', 'S3_ACCESS_KEY_ID'],
      [403, 'SignatureDoesNotMatch', 'systemic', 'S3_UNAUTHORIZED', 'S3_SECRET_ACCESS_KEY'],
      [403, 'RequestTimeTooSkewed', 'systemic', 'S3_UNAUTHORIZED', 'clock'],
      [400, 'ExpiredToken', 'systemic', 'S3_UNAUTHORIZED', 'S3_SESSION_TOKEN'],
      [400, 'InvalidToken', 'systemic', 'S3_UNAUTHORIZED', 'S3_SESSION_TOKEN'],
      [400, 'AuthorizationHeaderMalformed', 'systemic', 'S3_WRONG_REGION', 'S3_REGION'],
      [404, 'NoSuchBucket', 'systemic', 'S3_BUCKET_MISSING', 'S3_BUCKET'],
      [501, 'NotImplemented', 'systemic', 'S3_NOT_SUPPORTED', 'checksums'],
      [400, 'KeyTooLongError', 'permanent', 'S3_REFUSED', 'KeyTooLongError'],
      [400, 'EntityTooLarge', 'permanent', 'S3_REFUSED', 'EntityTooLarge'],
      [400, 'MetadataTooLarge', 'permanent', 'S3_REFUSED', 'MetadataTooLarge'],
      [400, 'InvalidArgument', 'permanent', 'S3_REFUSED', 'InvalidArgument'],
      [413, 'MaxMessageLengthExceeded', 'permanent', 'S3_REFUSED', '413'],
      [400, 'InvalidRequest', 'systemic', 'S3_UNEXPECTED_ANSWER', 'InvalidRequest'],
    ])('%i %s is %s, and says what to do', async (status, word, failureClass, code, says) => {
      server.failNext('PutObject', { status, code: word })
      const error = await failure(put(file(), make({ S3_SESSION_TOKEN: 'the-session-token' })))
      expect(error).toMatchObject({ failureClass, code, status, upstream: 'S3' })
      expect(error.message).toContain(says)
      expect(server.count('PutObject')).toBe(1)
    })

    it('names both options when a header is not known', async () => {
      server.failNext('PutObject', { status: 501, code: 'NotImplemented' })
      expect((await failure(put())).message).toMatch(/checksums.*conditional/)
    })

    it.each([
      ['S3_ACCESS_KEY_ID', 'nobody', 'S3_UNAUTHORIZED'],
      ['S3_REGION', 'us-east-1', 'S3_WRONG_REGION'],
      ['S3_BUCKET', 'nowhere', 'S3_BUCKET_MISSING'],
    ])('of a wrong %s comes from the server itself', async (input, value, code) => {
      expect(await failure(put(file(), make({ [input]: value })))).toMatchObject({
        failureClass: 'systemic',
        code,
      })
    })

    it('of a key that is too long comes from the server itself', async () => {
      const work = put(file(), make(), `${'a'.repeat(1_030)}.png`)
      expect(await failure(work)).toMatchObject({ failureClass: 'permanent', code: 'S3_REFUSED' })
    })

    it('tells the region that the bucket is in', async () => {
      const headers = { 'x-amz-bucket-region': 'ap-south-1' }
      for (const operation of ['HeadObject', 'PutObject']) {
        server.failNext(operation, { status: 301, code: 'PermanentRedirect', headers })
      }
      for (const begin of [() => make().head?.('a.png', never), () => put()]) {
        const error = await failure(Promise.resolve(begin()))
        expect(error).toMatchObject({ failureClass: 'systemic', code: 'S3_WRONG_REGION' })
        expect(error.message).toContain('ap-south-1')
      }
    })
  })

  describe('a look', () => {
    it('that is refused without s3:ListBucket says to grant it', async () => {
      const closed = await startStrictS3({ mayList: false })
      const destination = s3(aws).create(contextOf(closed.inputs))
      try {
        const error = await failure(Promise.resolve(destination.head?.('a.png', never)))
        expect(error).toMatchObject({ failureClass: 'systemic', code: 'S3_UNAUTHORIZED', status: 403 })
        expect(error.message).toContain('s3:ListBucket')
      } finally {
        await closed.close()
      }
    })

    it('that answers 400 without a word does not condemn the file', async () => {
      server.failNext('HeadObject', { status: 400, code: 'ExpiredToken' })
      const error = await failure(Promise.resolve(make().head?.('a.png', never)))
      expect(error).toMatchObject({ failureClass: 'systemic', code: 'S3_UNAUTHORIZED' })
      expect(error.message).toMatch(/S3_SESSION_TOKEN.*S3_REGION/)
    })
  })

  describe('a service that is busy', () => {
    it.each([
      [503, 'SlowDown'],
      [500, 'InternalError'],
      [429, 'TooManyRequests'],
      [400, 'RequestTimeout'],
    ])('is asked again after %i %s', async (status, code) => {
      server.failNext('PutObject', { status, code, times: 2 })
      const source = file()
      await put(source)
      expect(server.count('PutObject')).toBe(3)
      expect(source.opened()).toBe(1)
    })

    it('is left alone for a while after four times', async () => {
      server.failNext('PutObject', { status: 503, code: 'SlowDown', times: 9 })
      expect(await failure(put())).toMatchObject({ failureClass: 'transient', code: 'S3_UNAVAILABLE' })
      expect(server.count('PutObject')).toBe(4)
    })
  })

  describe('a page of a proxy', () => {
    it.each([
      [200, 'systemic', 'S3_UNEXPECTED_ANSWER'],
      [302, 'systemic', 'S3_UNEXPECTED_ANSWER'],
      [400, 'systemic', 'S3_UNEXPECTED_ANSWER'],
      [403, 'systemic', 'S3_UNAUTHORIZED'],
      [404, 'systemic', 'S3_UNEXPECTED_ANSWER'],
      [407, 'systemic', 'S3_UNEXPECTED_ANSWER'],
      [502, 'transient', 'S3_UNAVAILABLE'],
    ])(
      'with status %i in place of a PutObject is no success, and blames no file',
      async (status, failureClass, code) => {
        server.failNext('PutObject', { status, page, times: 4 })
        expect(await failure(put())).toMatchObject({ failureClass, code })
      },
    )

    it.each(['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'])(
      'with status 200 in place of a %s is no success',
      async (operation) => {
        server.failNext(operation, { status: 200, page, times: 20 })
        expect((await failure(put(file(20 * mebibyte)))).failureClass).not.toBe('permanent')
        expect(server.objects.size).toBe(0)
      },
    )

    it('with status 200 in place of a look is nothing that is held', async () => {
      server.failNext('HeadObject', { status: 200, page })
      expect(await failure(Promise.resolve(make().head?.('a.png', never)))).toMatchObject({
        failureClass: 'systemic',
        code: 'S3_UNEXPECTED_ANSWER',
      })
    })
  })

  describe('the inputs', () => {
    it.each([
      ['S3_REGION', undefined, { S3_ENDPOINT: undefined }],
      ['S3_REGION', 'eu west', {}],
      ['S3_BUCKET', 'https://bucket.s3.amazonaws.com', {}],
      ['S3_ACCESS_KEY_ID', undefined, {}],
      ['S3_SECRET_ACCESS_KEY', undefined, {}],
      ['S3_ENDPOINT', 'http://minio.example.com', {}],
      ['S3_ENDPOINT', 'https://minio.example.com/?x=1', {}],
      ['S3_PREFIX', 'exports/../../other', {}],
    ])('are named when they are wrong: %s=%s', (input, value, more) => {
      const create = () => make({ ...more, [input]: value })
      expect(create).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
      expect(create).toThrow(input)
    })

    it('make their secrets known', () => {
      const redactor = createRedactor()
      s3().create(contextOf({ ...server.inputs, S3_SESSION_TOKEN: 'the-session-token' }, { redactor }))
      expect(redactor.text('strict-secret-access-key the-session-token')).toBe('[redacted] [redacted]')
    })

    it('put everything below a prefix', async () => {
      await put(file(), make({ S3_PREFIX: '/exports/aem/' }))
      expect([...server.objects.keys()]).toEqual(['exports/aem/a.png'])
    })
  })
})
