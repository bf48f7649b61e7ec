import { type HttpsEndpoint, startHttpsEndpoint } from '../../../sandbox/targets/https-endpoint'
import { type HttpsOptions, https } from '../../../src/connectors/https/destination'
import { startCall } from '../../support/call'
import { expectFailed } from '../kit/check-report'
import { contextOf } from '../kit/destination-context'

describe('the check of https', () => {
  let endpoint: HttpsEndpoint
  beforeEach(async () => {
    endpoint = await startHttpsEndpoint()
  })
  afterEach(() => endpoint.close())

  const check = (options: HttpsOptions = {}, more: Record<string, string> = {}) =>
    https(options)
      .create(contextOf({ HTTPS_URL: `${endpoint.url}/files/{key}`, ...more }))
      .check(startCall())
  const methods = () => endpoint.requests.map(({ method }) => method)
  const withHead = { HTTPS_HEAD: 'x-held-version' }

  it('sends nothing that it could not take back, and says what it did not try', async () => {
    const report = await check()
    expect(report.map(({ what, skipped }) => [what, skipped])).toEqual([
      ['Remove a file.', true],
      ['Look for a file.', true],
      ['Write a file.', true],
    ])
    expect(methods()).toEqual([])
    await check({}, withHead)
    expect(methods()).toEqual(['HEAD'])
  })

  it('writes a file where the endpoint takes DELETE', async () => {
    await check({ remove: true }, withHead)
    expect(methods()).toEqual(['DELETE', 'HEAD', 'PUT', 'HEAD', 'PUT', 'DELETE'])
    expect(endpoint.list()).toEqual([])
  })

  it.each([
    ['DELETE', 'delete', 405],
    ['HEAD', 'read', 405],
    ['PUT', 'write', 403],
  ] as const)('names the right behind a refused %s', async (method, right, status) => {
    endpoint.fault = (request) => (request.method === method ? { status } : undefined)
    const failed = expectFailed(await check({ remove: true }, withHead))
    expect(failed).toMatchObject({ code: 'HTTPS_UNUSABLE', right })
    expect(endpoint.list()).toEqual([])
  })
})
