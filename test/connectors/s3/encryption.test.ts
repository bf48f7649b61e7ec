import { type StrictS3, type StrictS3Rules, startStrictS3 } from '../../../sandbox/targets/strict-s3'
import { type S3Options, s3 } from '../../../src/connectors/s3/destination'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

const never = startCall()
const mebibyte = 1024 * 1024
const keyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

describe('s3 with a policy about encryption', () => {
  let server: StrictS3 | undefined
  afterEach(() => server?.close())

  async function start(rules: StrictS3Rules, more: Record<string, string> = {}, options: S3Options = {}) {
    server = await startStrictS3(rules)
    return { server, destination: s3(options).create(contextOf({ ...server.inputs, ...more })) }
  }
  const sizes = [1_000, 9 * mebibyte]

  it('says which input is missing, and blames no file', async () => {
    const { destination } = await start({ encryption: 'AES256' })
    for (const size of sizes) {
      await expect(destination.put('a.png', fakeBinary({ size }), {}, never)).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'S3_UNAUTHORIZED',
        message: expect.stringContaining('S3_SSE'),
      })
    }
  })

  it.each([
    ['AES256', {}, { 'x-amz-server-side-encryption': 'AES256' }],
    ['aws:kms', {}, { 'x-amz-server-side-encryption': 'aws:kms' }],
    [
      'aws:kms',
      { S3_SSE_KMS_KEY_ID: keyId },
      { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': keyId },
    ],
  ] as const)('sends what the inputs say: %s %o', async (S3_SSE, more, headers) => {
    const { destination, server } = await start({ encryption: S3_SSE }, { S3_SSE, ...more })
    for (const size of sizes) {
      const source = fakeBinary({ size })
      await destination.put(`${size}.png`, source, {}, never)
      expect(server.objects.get(`${size}.png`)?.bytes.equals(source.bytes())).toBe(true)
    }
    const begins = server.calls.filter(({ operation }) => /PutObject|CreateMultipartUpload/.test(operation))
    expect(begins).toHaveLength(2)
    for (const call of begins) expect(call.headers).toMatchObject(headers)
    // Only these two take it: S3 refuses it with a part.
    for (const call of server.calls.filter((one) => !begins.includes(one)))
      expect(Object.keys(call.headers).join()).not.toContain('encryption')
    expect((await destination.check(never)).every(({ ok }) => ok)).toBe(true)
  })

  it('takes a key alone for aws:kms', async () => {
    const { destination } = await start({ encryption: 'aws:kms' }, { S3_SSE_KMS_KEY_ID: keyId })
    await destination.put('a.png', fakeBinary({ size: 10 }), {}, never)
  })

  it.each([
    [{ S3_SSE: 'yes' }, 'S3_SSE'],
    [{ S3_SSE: 'AES256', S3_SSE_KMS_KEY_ID: keyId }, 'S3_SSE_KMS_KEY_ID'],
    [{ S3_SSE: 'aws:kms', S3_SSE_KMS_KEY_ID: 'a key with spaces' }, 'S3_SSE_KMS_KEY_ID'],
  ])('names the input that is wrong: %o', async (more, named) => {
    await expect(start({}, more)).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'INPUT_INVALID',
      message: expect.stringContaining(named),
    })
  })

  it('blames the key of the inputs, not the file, when KMS refuses it', async () => {
    const { destination, server } = await start({}, { S3_SSE_KMS_KEY_ID: keyId })
    for (const code of ['KMS.NotFoundException', 'KMS.DisabledException']) {
      server.failNext('PutObject', { status: 400, code })
      await expect(destination.put('a.png', fakeBinary({ size: 10 }), {}, never)).rejects.toMatchObject({
        failureClass: 'systemic',
        message: expect.stringContaining('S3_SSE_KMS_KEY_ID'),
      })
    }
  })
})

describe('s3 with an empty ETag for a completion', () => {
  it('looks for the one that the object has', async () => {
    const server = await startStrictS3({ emptyTag: true })
    try {
      const destination = s3().create(contextOf(server.inputs))
      const first = await destination.put('a.png', fakeBinary({ size: 9 * mebibyte }), {}, never)
      expect(await destination.head?.('a.png', never)).toEqual(first)
      const second = fakeBinary({ size: 10 * mebibyte, seed: 2 })
      await destination.put('a.png', second, { previous: first }, never)
      expect(server.objects.get('a.png')?.bytes.equals(second.bytes())).toBe(true)
    } finally {
      await server.close()
    }
  })
})
