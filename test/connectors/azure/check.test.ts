import { type StrictAzure, startStrictAzure } from '../../../sandbox/targets/strict-azure'
import { azure } from '../../../src/connectors/azure/destination'
import { startCall } from '../../support/call'
import { expectFailed } from '../kit/check-report'
import { contextOf } from '../kit/destination-context'

const secrets = ['c3RyaWN0LXNpZ25hdHVyZQ==', 'leaked']

describe('the check of azure', () => {
  let server: StrictAzure
  beforeEach(async () => {
    server = await startStrictAzure()
  })
  afterEach(() => server.close())

  const check = (options: Parameters<StrictAzure['sasUrl']>[0] = {}) =>
    azure()
      .create(contextOf({ AZURE_BLOB_SAS_URL: server.sasUrl(options) }))
      .check(startCall())

  it('shows the rights to delete, read and write', async () => {
    const report = await check()
    expect(report.map(({ right, ok }) => [right, ok])).toEqual([
      ['delete', true],
      ['read', true],
      ['write', true],
      ['read', true],
      ['write', true],
      ['delete', true],
    ])
    expect(server.blobs.size).toBe(0)
  })

  it.each([
    ['cwd', ['read']],
    ['rd', ['write']],
    ['rcd', ['write']],
    ['rcw', ['delete']],
    ['r', ['delete', 'write']],
  ])(
    'with a SAS of %s names the missing rights %j, and leaves nothing behind',
    async (permissions, rights) => {
      const report = await check({ permissions })
      expectFailed(report, secrets)
      const failed = report.filter(({ ok }) => !ok)
      expect([...new Set(failed.map(({ right }) => right))]).toEqual(rights)
      for (const { code, message } of failed) {
        expect(code).toBe('AZURE_UNAUTHORIZED')
        expect(message).toContain('AZURE_BLOB_SAS_URL')
      }
      expect(server.blobs.size).toBe(0)
    },
  )

  it('tells an expired SAS, a missing container and a service that is down from a missing right', async () => {
    const expired = expectFailed(await check({ expiresOn: new Date(0) }), secrets)
    expect(expired).toMatchObject({ right: 'login', message: expect.stringContaining('expired') })
    const missing = expectFailed(await check({ container: 'other' }), secrets)
    expect(missing).toMatchObject({ code: 'AZURE_CONTAINER_MISSING', failureClass: 'systemic' })
    expect(missing.right).toBeUndefined()
    server.failNext('DeleteBlob', { status: 503, times: 20 })
    expect(expectFailed(await check(), secrets)).toMatchObject({ failureClass: 'transient' })
  })

  it('removes what a write that failed has left all the same', async () => {
    server.failNext('PutBlob', { takesEffect: true, status: 400, code: 'InvalidInput' })
    const report = await check()
    expect(expectFailed(report, secrets)).toMatchObject({ what: expect.stringMatching(/^Write/) })
    expect(server.blobs.size).toBe(0)
  })
})
