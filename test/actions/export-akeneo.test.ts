import { assetCode } from '../../src/connectors/akeneo/media/assets'
import { type AkeneoTarget, startAkeneoTarget } from '../connectors/akeneo/destination-bench'
import { type Exporter, startExporter } from '../support/exporter'
import { bodyOf, errorOf } from '../support/receiver'

let exporter: Exporter
let akeneo: AkeneoTarget
let inputs: Record<string, string>

beforeAll(async () => {
  exporter = await startExporter()
})
beforeEach(async () => {
  akeneo = await startAkeneoTarget()
  akeneo.server.catalogue.setAttribute({
    code: 'packshots',
    type: 'pim_catalog_asset_collection',
    referenceData: 'packshots',
  })
  inputs = {
    ...akeneo.server.inputs(),
    AKENEO_ASSET_FAMILY: 'packshots',
    AKENEO_PRODUCT_ASSETS: 'packshots',
  }
})
afterEach(() => akeneo.server.close())
afterAll(() => exporter.close())

let count = 0
const addAsset = (metadata = {}) =>
  exporter.addAsset(`/content/dam/shop/lamp ${++count}.png`, {
    metadata: { exportDestination: 'akeneo', 'wknd-skuid': 'LAMP-8', ...metadata },
  })
const keyOf = ({ path }: { path: string }): string => path.slice('/content/dam/'.length)
const collection = () => akeneo.server.catalogue.bySku('LAMP-8')?.values.packshots?.[0]?.data

describe('an asset that is published to Akeneo', () => {
  test('is there once, and on its product once, however many events bring it at the same time', async () => {
    akeneo.server.catalogue.setProduct('LAMP-8')
    const asset = addAsset()
    const answers = await Promise.all(Array.from({ length: 6 }, () => exporter.publish(asset, inputs)))
    for (const answer of answers) expect(['done', 'unchanged']).toContain(bodyOf(answer).outcome)
    expect([...akeneo.family.assets.keys()]).toEqual([assetCode(keyOf(asset))])
    expect(collection()).toEqual([assetCode(keyOf(asset))])
    expect((await akeneo.read(keyOf(asset)))?.length).toBe(50_000)
    expect(akeneo.server.throttle.refusals()).toBe(0)
    expect(bodyOf(await exporter.publish(asset, inputs))).toMatchObject({ outcome: 'unchanged' })
  })

  test('is changed, not added, when a new version follows', async () => {
    const asset = addAsset()
    await exporter.publish(asset, inputs)
    const next = exporter.sandbox.aem.replaceContent(asset.id, { size: 70_000, seed: 'next' })
    expect(bodyOf(await exporter.publish(next, inputs))).toMatchObject({ outcome: 'done' })
    expect(akeneo.family.assets.size).toBe(1)
    expect((await akeneo.read(keyOf(asset)))?.length).toBe(70_000)
  })

  test('waits while the family is not there, and nothing is lost', async () => {
    const asset = addAsset()
    const error = errorOf(await exporter.publish(asset, { ...inputs, AKENEO_ASSET_FAMILY: 'Packshots' }))
    expect(error.statusCode).toBe(503)
    expect(JSON.stringify(error.body)).toContain('AKENEO_FAMILY_UNKNOWN')
    expect(bodyOf(await exporter.publish(asset, inputs))).toMatchObject({ outcome: 'done' })
  })
})
