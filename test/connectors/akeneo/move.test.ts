import { assetCode } from '../../../src/connectors/akeneo/media/assets'
import type { Destination } from '../../../src/plugin/destination'
import { type ExportBench, startExportBench } from '../../flows/export/export-bench'
import { startCall } from '../../support/call'
import { type AkeneoTarget, startAkeneoTarget } from './destination-bench'

let bench: ExportBench
let target: AkeneoTarget
beforeEach(async () => {
  bench = await startExportBench({ onMove: 'follow' })
  target = await startAkeneoTarget()
})
afterEach(async () => {
  await target.server.close()
  await bench.close()
})

const [from, to] = ['/content/dam/shop/old.png', '/content/dam/shop/new.png']
const codeOf = (path: string): string => assetCode(path.slice('/content/dam/'.length))

function exportTo(destination: Destination): void {
  bench.parts.destination = () => destination
  bench.parts.active = () => ['akeneo']
}

async function publishAndMove(call = startCall()): Promise<void> {
  const asset = bench.addAsset(from, { exportDestination: 'akeneo', 'wknd-skuid': 'LAMP-7' })
  const { life } = bench.author.aem
  for (const event of [...life.publish(asset.id), ...life.move(asset.id, to)])
    expect(['done', 'unchanged']).toContain((await bench.run(event, { call })).outcome)
}

test('a move that is followed brings the new path into the asset, and the new asset to its product', async () => {
  const { catalogue } = target.server
  catalogue.setAttribute({
    code: 'packshots',
    type: 'pim_catalog_asset_collection',
    referenceData: 'packshots',
  })
  catalogue.setProduct('LAMP-7')
  exportTo(
    target.make(
      {},
      { AKENEO_ASSET_LINK: 'https://dam.example.com{path}', AKENEO_PRODUCT_ASSETS: 'packshots' },
    ),
  )
  await publishAndMove()
  expect([...target.family.assets.keys()]).toEqual([codeOf(to)])
  expect(JSON.stringify(target.family.assets.get(codeOf(to))?.values)).toContain(
    `https://dam.example.com${to}`,
  )
  expect(JSON.stringify(catalogue.bySku('LAMP-7')?.values.packshots)).toContain(codeOf(to))
})

test('media of a product stay as they are, and the log says why', async () => {
  const { catalogue } = target.server
  catalogue.setAttribute({ code: 'packshot', type: 'pim_catalog_image' })
  catalogue.setAttribute({ code: 'bridge_version', type: 'pim_catalog_text' })
  catalogue.setProduct('LAMP-7')
  exportTo(target.make({}, { AKENEO_ASSET_FAMILY: undefined, AKENEO_PRODUCT_MEDIA: 'packshot' }))
  const call = startCall()
  await publishAndMove(call)
  expect(target.uploads()).toBe(1)
  expect(call.log.join('\n')).toContain('this destination cannot remove')
})
