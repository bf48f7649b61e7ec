import { type StrictS3, startStrictS3 } from '../../../sandbox/targets/strict-s3'
import { s3 } from '../../../src/connectors/s3/destination'
import { startCall } from '../../support/call'
import { expectFailed } from '../kit/check-report'
import { contextOf } from '../kit/destination-context'

const aws = { checksums: 'when-supported', conditional: true } as const
const secrets = ['strict-secret-access-key', 'leaked']

describe('the check of s3', () => {
  let server: StrictS3
  beforeEach(async () => {
    server = await startStrictS3()
  })
  afterEach(() => server.close())

  const check = (more: Record<string, string | undefined> = {}, at = server) =>
    s3(aws)
      .create(contextOf({ ...at.inputs, ...more }))
      .check(startCall())
  const deny = (operation: string) =>
    server.failNext(operation, { status: 403, code: 'AccessDenied', times: 20 })

  it.each([
    ['PutObject', 'write', 's3:PutObject'],
    ['DeleteObject', 'delete', 's3:DeleteObject'],
  ] as const)('names the right that a refused %s is about', async (operation, right, permission) => {
    deny(operation)
    const report = await check()
    expect(report.filter(({ ok }) => !ok)).toHaveLength(1)
    expect(expectFailed(report, secrets)).toMatchObject({
      code: 'S3_UNAUTHORIZED',
      right,
      message: expect.stringContaining(permission),
    })
    expect([server.objects.size, server.uploads.size]).toEqual([0, 0])
  })

  it('tries to write, though nothing may be deleted, by an upload that is never completed', async () => {
    deny('DeleteObject')
    deny('CreateMultipartUpload')
    const report = await check()
    expect(report.filter(({ ok }) => !ok).map(({ right }) => right)).toEqual(['delete', 'write'])
    expect([server.objects.size, server.count('PutObject')]).toEqual([0, 0])
  })

  it('names the right to list where S3 does not say that nothing is there', async () => {
    const closed = await startStrictS3({ mayList: false })
    try {
      const report = await check({}, closed)
      expect(report.filter(({ ok }) => !ok).map(({ right }) => right)).toEqual(['list'])
      expect(expectFailed(report, secrets).message).toContain('s3:ListBucket')
      expect(closed.objects.size).toBe(0)
    } finally {
      await closed.close()
    }
  })

  it('tells a wrong bucket and another region from a missing right', async () => {
    for (const more of [{ S3_BUCKET: 'other' }, { S3_REGION: 'us-east-1' }]) {
      const failed = expectFailed(await check(more), secrets)
      expect(failed).toMatchObject({ failureClass: 'systemic' })
      expect(failed.right).toBeUndefined()
    }
  })
})
