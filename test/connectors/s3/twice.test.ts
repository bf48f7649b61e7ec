import { type StrictS3, startStrictS3 } from '../../../sandbox/targets/strict-s3'
import { s3 } from '../../../src/connectors/s3/destination'
import { createRedactor } from '../../../src/core/redaction'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { failureOf } from '../kit/failure-of'
import { fakeBinary } from '../kit/fake-binary'

const call = startCall()

describe('a second s3 with inputs of its own', () => {
  let first: StrictS3
  let second: StrictS3
  beforeEach(async () => {
    ;[first, second] = await Promise.all([startStrictS3(), startStrictS3()])
  })
  afterEach(() => Promise.all([first.close(), second.close()]))

  const archive = s3({ inputs: 'ARCHIVE_S3', checksums: 'when-supported', conditional: true })
  const archived = ({ inputs }: StrictS3): Record<string, string> =>
    Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`ARCHIVE_${name}`, String(value)]))
  const both = () => ({ ...first.inputs, ...archived(second) })

  it('writes into its own bucket, and into no other one', async () => {
    const source = fakeBinary({ size: 1_000 })
    const destination = archive.create(contextOf(both(), { name: 'archive' }))
    expect(destination.name).toBe('archive')
    await destination.put('a.png', source, {}, call)
    expect(second.objects.get('a.png')?.bytes.equals(source.bytes())).toBe(true)
    expect([first.objects.size, first.calls.length]).toEqual([0, 0])
  })

  it('is on by its own inputs', () => {
    expect(archive.isOn(contextOf({ ...first.inputs }))).toBe(false)
    expect(archive.isOn(contextOf(archived(second)))).toBe(true)
    expect(s3().isOn(contextOf(archived(second)))).toBe(false)
  })

  it('names its own inputs in what goes wrong, all of them at once', async () => {
    const create = () => archive.create(contextOf({ ARCHIVE_S3_BUCKET: 'arn:aws:s3:::b', ...first.inputs }))
    expect(create).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(
          /^ARCHIVE_S3_BUCKET must be .*; ARCHIVE_S3_REGION is not set: set it to the region .*; ARCHIVE_S3_ACCESS_KEY_ID is not set.*; ARCHIVE_S3_SECRET_ACCESS_KEY is not set/,
        ),
      }),
    )
    second.failNext('PutObject', { status: 404, code: 'NoSuchBucket' })
    const work = archive.create(contextOf(both())).put('a.png', fakeBinary({ size: 10 }), {}, call)
    const error = await failureOf(work, [])
    expect(error.message).toContain('the bucket in ARCHIVE_S3_BUCKET is not there')
  })

  it('makes its secrets known', () => {
    const redactor = createRedactor()
    archive.create(contextOf({ ...both(), ARCHIVE_S3_SECRET_ACCESS_KEY: 'open-sesame' }, { redactor }))
    expect(redactor.text('it said open-sesame')).toBe('it said [redacted]')
  })
})
