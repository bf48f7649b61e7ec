import type { JsonObject } from '../../sandbox/json'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const life = () => receiver.sandbox.aem.life
const metadataOf = (id: string) => receiver.sandbox.aem.asset(id).assetMetadata
const invoke = (event: JsonObject | undefined, leftMs = 60_000) =>
  receiver.invoke({ ...event }, { leftMs }).then(bodyOf)

test('a folder that is moved has each asset below it enriched', async () => {
  const { aem } = receiver.sandbox
  const assets = ['a', 'b', 'c'].map((name) =>
    aem.addAsset({
      path: `/content/dam/moved/sub/${name}.png`,
      assetMetadata: { 'wknd-skuid': `SKU ${name}` },
    }),
  )
  const [event] = life().moveFolder('/content/dam/moved', '/content/dam/arrived')
  expect(await invoke(event)).toMatchObject({ outcome: 'done', assets: 3, changed: 3, failed: 0 })
  for (const { id } of assets) expect(metadataOf(id)['wknd-suppliername']).toBeDefined()
  expect(await invoke(event)).toMatchObject({ outcome: 'done', assets: 3, changed: 0 })
})

test('an edit of a folder, and a folder that was processed, are left alone', async () => {
  const [moved] = life().moveFolder('/content/dam/none', '/content/dam/nowhere')
  for (const type of ['aem.assets.asset.metadata_updated', 'aem.assets.asset.processing_completed'])
    expect(await invoke({ ...moved, type })).toMatchObject({
      outcome: 'skipped',
      reason: 'not a file but a directory',
    })
})

test('an edit that AEM tells with a user of ours is dropped without a read', async () => {
  const { aem } = receiver.sandbox
  const { id } = aem.addAsset({ path: '/content/dam/shop/own.png', assetMetadata: { 'wknd-skuid': 'SKU 1' } })
  await invoke(aem.processingCompletedEvent({ id }))
  const [own] = life().outbox.splice(-1)
  const before = aem.requests.length
  expect(await invoke(own)).toMatchObject({ outcome: 'skipped' })
  expect(aem.requests).toHaveLength(before)
  const [edit] = life().edit(id, { 'wknd-suppliername': 'by hand' })
  expect(await invoke(edit)).toMatchObject({ outcome: 'updated' })
})
