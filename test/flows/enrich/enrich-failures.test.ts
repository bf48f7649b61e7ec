import { permanentError } from '../../../src/core/errors'
import type { PimCommunicator, Product } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { type Enricher, linkProperty, startEnricher } from './enricher'

let enricher: Enricher

beforeEach(async () => {
  enricher = await startEnricher()
})
afterEach(() => enricher.close())

const lamp = () => enricher.upload({ path: '/content/dam/shop/lamp.png' })
const own = (getProducts: PimCommunicator['getProducts']): PimCommunicator => ({
  name: 'own',
  getProducts,
  check: async () => [],
})

describe('a communicator of the user', () => {
  test.each<[string, PimCommunicator['getProducts']]>([
    ['rejects with a plain error', () => Promise.reject(new TypeError('bug'))],
    [
      'throws at once',
      () => {
        throw new TypeError('bug')
      },
    ],
    ['rejects with a text', () => Promise.reject('bug')],
  ])('that %s is a transient failure that tells why', async (_name, getProducts) => {
    const asset = lamp()
    expect(await rejection(enricher.run(asset, { pim: own(getProducts) }))).toMatchObject({
      name: 'BridgeError',
      failureClass: 'transient',
      message: expect.stringContaining('bug'),
    })
    expect(enricher.steps()).toEqual(['GET'])
  })

  test('that knows its failure decides what it means', async () => {
    const error = permanentError('PIM_GONE', 'switched off for good')
    expect(await rejection(enricher.run(lamp(), { pim: own(() => Promise.reject(error)) }))).toBe(error)
  })

  test('that hangs and overlooks the signal ends with it', async () => {
    const [call, reason] = [startCall(), new Error('the time is up')]
    let called = false
    const pim = own(() => {
      called = true
      return new Promise(() => undefined)
    })
    const running = rejection(enricher.run(lamp(), { pim }, call))
    await until(() => called, 'a question to the PIM')
    call.abort(reason)
    expect(await running).toBe(reason)
  })

  test('that answers after the time was up changes nothing any more', async () => {
    const [call, reason] = [startCall(), new Error('the time is up')]
    let answer: ((products: readonly Product[]) => void) | undefined
    const pim = own(
      () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    )
    const asset = lamp()
    const running = rejection(enricher.run(asset, { pim }, call))
    await until(() => answer !== undefined, 'a question to the PIM')
    call.abort(reason)
    await running
    answer?.([{ identifier: 'late', attributes: {} }])
    await new Promise((resolve) => setImmediate(resolve))
    expect(enricher.steps()).toEqual(['GET'])
    expect(enricher.metadata(asset)).toEqual({})
  })
})

describe('a failure on the way', () => {
  test('of the PIM leaves AEM as it was', async () => {
    const asset = lamp()
    enricher.sandbox.pim.faults.add({ fault: { kind: 'status', status: 503 } })
    expect(await rejection(enricher.run(asset))).toMatchObject({ failureClass: 'transient', upstream: 'PIM' })
    expect(enricher.sandbox.aem.asset(asset.id)).toEqual(asset)
  })

  test('of one of several products is not taken for "unknown"', async () => {
    for (const name of ['lamp', 'shade']) enricher.sandbox.pim.setProduct(name)
    const asset = enricher.upload({ assetMetadata: { [linkProperty]: ['lamp', 'shade'] } })
    enricher.sandbox.pim.faults.add({ path: '/products/shade', fault: { kind: 'reset' } })
    expect(await rejection(enricher.run(asset))).toMatchObject({ failureClass: 'transient' })
    expect(enricher.sandbox.aem.asset(asset.id)).toEqual(asset)
  })

  test('of the mapping is permanent, names the property and writes nothing', async () => {
    enricher.sandbox.pim.setProduct('lamp', { weight: 'heavy' })
    const mapping = [{ property: 'wknd-weight', attribute: 'weight', type: 'number' } as const]
    const enrichment = {
      linkProperty,
      matching: [{ name: 'all', refs: () => [{ kind: 'identifier', value: 'lamp' } as const] }],
      mapping,
    }
    const asset = lamp()
    expect(await rejection(enricher.run(asset, { enrichment }))).toMatchObject({
      failureClass: 'permanent',
      message: expect.stringContaining('wknd-weight'),
    })
    expect(enricher.sandbox.aem.asset(asset.id)).toEqual(asset)
  })

  test('of a matching rule is permanent, names the rule and asks nobody', async () => {
    const refs = () => {
      throw new Error('odd')
    }
    const enrichment = { linkProperty, matching: [{ name: 'mine', refs }], mapping: [] }
    expect(await rejection(enricher.run(lamp(), { enrichment }))).toMatchObject({
      failureClass: 'permanent',
      message: expect.stringContaining('"mine"'),
    })
    expect(enricher.steps()).toEqual(['GET'])
  })

  test('of an asset that vanishes before the write is permanent', async () => {
    enricher.sandbox.pim.setProduct('lamp')
    const asset = lamp()
    enricher.sandbox.aem.onBeforePatch = () => enricher.sandbox.aem.removeAsset(asset.id)
    expect(await rejection(enricher.run(asset))).toMatchObject({
      failureClass: 'permanent',
      code: 'ASSET_NOT_FOUND',
    })
  })

  test('of the answer to a write that took effect is mended by reading again', async () => {
    enricher.sandbox.pim.setProduct('lamp', { name: 'Lamp' })
    const asset = lamp()
    enricher.sandbox.aem.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'resetAfter' } })
    expect(await enricher.run(asset)).toMatchObject({ kind: 'unchanged' })
    expect(enricher.metadata(asset)).toMatchObject({ 'wknd-name': 'Lamp' })
  })
})
