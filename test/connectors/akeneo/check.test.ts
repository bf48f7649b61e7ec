import type { AkeneoOptions } from '../../../src/connectors/akeneo/destination'
import { startCall } from '../../support/call'
import { expectFailed } from '../kit/check-report'
import { type AkeneoTarget, startAkeneoTarget } from './destination-bench'
import { type AkeneoBench, startBench } from './pim-bench'

describe('the check of the akeneo destination', () => {
  let target: AkeneoTarget
  beforeEach(async () => {
    target = await startAkeneoTarget()
  })
  afterEach(() => target.server.close())

  const check = (inputs: Record<string, string | undefined> = {}, options: AkeneoOptions = {}) =>
    target.make(options, inputs).check(startCall())

  it('shows each right by a call that changes nothing', async () => {
    const report = await check()
    expect(report.map(({ right, ok }) => [right, ok])).toEqual([
      ['list', true],
      ['read', true],
      ['write', true],
      ['delete', true],
    ])
    expect([target.family.assets.size, target.server.assets.media.size]).toEqual([0, 0])
  })

  it.each([
    ['List asset families', 'list'],
    ['List assets', 'read'],
    ['Create and update assets', 'write'],
    ['Delete assets', 'delete'],
  ])('names the missing permission "%s"', async (permission, right) => {
    target.server.settings.permissions.delete(permission)
    const failed = expectFailed(await check())
    expect(failed).toMatchObject({ code: 'AKENEO_FORBIDDEN', right })
    expect(failed.message).toContain(`"${permission}"`)
  })

  it('names a family that is not there', async () => {
    const failed = expectFailed(await check({ AKENEO_ASSET_FAMILY: 'other' }))
    expect(failed).toMatchObject({ code: 'AKENEO_FAMILY_UNKNOWN', failureClass: 'systemic' })
    expect(failed.message).toContain('AKENEO_ASSET_FAMILY')
  })

  it('names an attribute of products that is not there, and writes no product', async () => {
    const inputs = { AKENEO_ASSET_FAMILY: undefined, AKENEO_PRODUCT_MEDIA: 'packshot' }
    expect(expectFailed(await check(inputs))).toMatchObject({ code: 'AKENEO_ATTRIBUTE_UNKNOWN' })
    target.server.catalogue.setAttribute({ code: 'packshot', type: 'pim_catalog_image' })
    target.server.catalogue.setAttribute({ code: 'bridge_version', type: 'pim_catalog_text' })
    const report = await check(inputs)
    expect(report.filter(({ ok }) => !ok)).toEqual([])
    expect(report.at(-1)).toMatchObject({ skipped: true })
    expect(target.calls().every((call) => call.startsWith('GET'))).toBe(true)
  })
})

describe('the check of the akeneo communicator', () => {
  let bench: AkeneoBench
  beforeEach(async () => {
    bench = await startBench()
  })
  afterEach(() => bench.close())

  it('reads one product, or says that there is none', async () => {
    expect(await bench.fresh().check(startCall())).toEqual([
      { what: expect.any(String), ok: true, message: expect.stringContaining('no product'), right: 'read' },
    ])
    for (const name of ['LAMP-1', 'LAMP-2']) bench.server.catalogue.setProduct(name)
    expect(await bench.fresh().check(startCall())).toEqual([
      { what: expect.any(String), ok: true, right: 'read' },
    ])
    const asked = bench.server.requests.filter(({ path }) => path.endsWith('/products-uuid'))
    expect(asked.map(({ query }) => query.limit)).toEqual(['1', '1'])
  })

  it('names a missing permission, and a channel that is not there', async () => {
    bench.server.settings.permissions.delete('List products')
    const failed = expectFailed(await bench.fresh().check(startCall()))
    expect(failed).toMatchObject({ code: 'AKENEO_FORBIDDEN', right: 'read' })
    const wrong = expectFailed(await bench.fresh({ AKENEO_CHANNEL: 'nowhere' }).check(startCall()))
    expect(wrong.code).toBe('AKENEO_SELECTION_UNKNOWN')
    expect(wrong.message).toContain('AKENEO_CHANNEL')
  })
})
