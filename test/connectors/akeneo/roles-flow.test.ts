import { exportPage } from '../../../src/flows/backfill/export-page'
import { explainExport } from '../../../src/flows/export/explain-export'
import { dueAssetAt } from '../../../src/flows/export/owner'
import { verifyDestination } from '../../../src/flows/export/verify-destination'
import { planExports } from '../../../src/flows/plan/plan-exports'
import { roleByFileName } from '../../../src/plugin/destinations'
import { type ExportBench, startExportBench } from '../../flows/export/export-bench'
import { startCall } from '../../support/call'
import { type AkeneoTarget, startAkeneoTarget } from './destination-bench'

let bench: ExportBench
let target: AkeneoTarget
beforeEach(async () => {
  bench = await startExportBench()
  target = await startAkeneoTarget()
  const { catalogue } = target.server
  catalogue.setAttribute({ code: 'picture', type: 'pim_catalog_image' })
  catalogue.setAttribute({ code: 'bridge_version', type: 'pim_catalog_text' })
  catalogue.setProduct('LAMP-7')
  const origins = [bench.author.aem.url]
  const destination = target.make(
    { roles: roleByFileName(/_(\d+)\.\w+$/) },
    { AKENEO_ASSET_FAMILY: undefined, AKENEO_PRODUCT_MEDIA: 'picture' },
    { dueAsset: (id, call) => dueAssetAt('akeneo', id, { ...bench.parts, origins }, call) },
  )
  bench.parts.destination = () => destination
  bench.parts.active = () => ['akeneo']
})
afterEach(async () => {
  await target.server.close()
  await bench.close()
})

const run = async (events: readonly object[]) => {
  const answers = []
  for (const event of events) answers.push(await bench.run(event))
  return answers.at(-1)
}

/** The asset with the lowest id, and another one of its product and role. */
function addTwo() {
  const metadata = { exportDestination: 'akeneo', 'wknd-skuid': 'LAMP-7' }
  const [first, second] = ['a', 'b']
    .map((folder) => bench.addAsset(`/content/dam/${folder}/lamp_1.png`, metadata))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  if (first === undefined || second === undefined) throw new Error('two assets')
  return [first, second] as const
}

const shown = () => {
  const code = target.server.catalogue.bySku('LAMP-7')?.values.picture?.[0]?.data
  return target.server.assets.media.get(String(code))?.read()
}

test('an asset without a place is skipped with the reason, by all that copies, compares and explains', async () => {
  const { life } = bench.author.aem
  const [first, second] = addTwo()
  await run(life.publish(first.id))
  const file = await shown()
  const answer = await run(life.publish(second.id))
  const reason = expect.stringContaining(`is held by the asset ${first.id}`)
  expect(answer).toMatchObject({ outcome: 'skipped', destinations: [{ outcome: 'skipped', reason }] })
  expect(bench.letters().size + bench.pending().size).toBe(0)
  expect((await shown())?.equals(file ?? Buffer.alloc(0))).toBe(true)

  const call = startCall()
  const ref = { origin: bench.author.aem.url, id: second.id }
  const asset = await bench.parts.assets.readAsset(ref, call)
  const [explained] = await explainExport(asset, bench.parts, bench.author.clock.now(), call)
  expect(explained).toMatchObject({ due: false, state: 'skipped', why: reason })

  const origins = [bench.author.aem.url]
  const progress = () => undefined
  const verified = await verifyDestination(
    { name: 'akeneo', folder: '/content/dam', now: bench.author.clock.now() },
    { ...bench.parts, origins, call: startCall, progress },
  )
  expect(verified).toMatchObject({ checked: 1, inStep: 1, missing: [], stale: [], problems: [] })

  for (const isDryRun of [true, false]) {
    const parts = { ...bench.parts, redactor: bench.context().redactor, isDryRun, concurrency: 1 }
    const [worked] = await exportPage([ref], parts, call)
    expect(worked).toMatchObject({ skipped: 'declined', outcomes: [{ kind: 'skipped', reason }] })
  }
  const pages = bench.parts.library.pages(
    ref.origin,
    { folder: '/content/dam', by: 'modified', until: bench.author.clock.now() },
    call,
  )
  const plan = { write: async () => expect('a line').toBe('nothing is planned') }
  const summary = await planExports(pages, bench.parts, plan, { clock: bench.author.clock }, call)
  expect(summary).toMatchObject({ planned: 0, unchanged: 1, skipped: { declined: 1 } })
})

test('the other asset takes the place once the first one is unpublished, and gives it back', async () => {
  const { life } = bench.author.aem
  const [first, second] = addTwo()
  await run([...life.publish(first.id), ...life.publish(second.id)])
  const file = await shown()
  await run(life.unpublish(first.id))
  expect((await run(life.publish(second.id)))?.outcome).toBe('done')
  expect((await shown())?.equals(file ?? Buffer.alloc(0))).toBe(false)
  expect((await run(life.publish(first.id)))?.outcome).toBe('done')
  expect((await shown())?.equals(file ?? Buffer.alloc(0))).toBe(true)
  expect((await run(life.publish(second.id)))?.outcome).toBe('skipped')
})
