import { type MarketoStandIn, startMarketo } from '../../../sandbox/targets/marketo'
import { marketo } from '../../../src/connectors/marketo/destination'
import { startCall } from '../../support/call'
import { createTestClock } from '../../support/test-clock'
import { expectFailed } from '../kit/check-report'
import { contextOf } from '../kit/destination-context'

describe('the check of marketo', () => {
  let instance: MarketoStandIn
  beforeEach(async () => {
    instance = await startMarketo()
  })
  afterEach(() => instance.close())

  const check = (more: Record<string, string> = {}) =>
    marketo()
      .create(contextOf({ ...instance.inputs, ...more }, { clock: createTestClock() }))
      .check(startCall())

  it('only reads, and says why', async () => {
    const report = await check()
    expect(report.map(({ ok, skipped = false }) => [ok, skipped])).toEqual([
      [true, false],
      [true, false],
      [true, true],
    ])
    expect(report.at(-1)?.message).toMatch(/deletes no file.*Read-Write Assets/)
    expect(instance.requests.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('names a folder that is not there, or is a program', async () => {
    for (const folder of ['4711', '1001']) {
      const failed = expectFailed(await check({ MARKETO_FOLDER_ID: folder }), instance.secrets)
      expect(failed).toMatchObject({ code: 'MARKETO_FOLDER_UNUSABLE', failureClass: 'systemic' })
      expect(failed.message).toContain('MARKETO_FOLDER_ID')
    }
  })

  it('names a missing right, and tells it from a disturbance', async () => {
    instance.fault = ({ path }) => (path.startsWith('/rest/') ? { code: '603' } : undefined)
    expect(expectFailed(await check())).toMatchObject({ code: 'MARKETO_FORBIDDEN', right: 'read' })
    instance.fault = ({ path }) => (path.startsWith('/rest/') ? { code: '611' } : undefined)
    expect(expectFailed(await check())).toMatchObject({ failureClass: 'transient' })
  })
})
