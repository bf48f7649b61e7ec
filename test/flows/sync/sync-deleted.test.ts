import type { JsonObject } from '../../../sandbox/json'
import { createAssetSearch } from '../../../src/aem/asset-search'
import { enrichAsset } from '../../../src/flows/enrich/enrich-asset'
import { syncDeleted } from '../../../src/flows/sync/sync-deleted'
import { createMemoryGate } from '../../../src/http/memory-gate'
import type { MappingRule } from '../../../src/metadata/mapping'
import { fromProperty } from '../../../src/metadata/matching'
import { startAuthor, type TestAuthor } from '../../support/author'
import { startCall } from '../../support/call'

let author: TestAuthor
beforeAll(async () => {
  author = await startAuthor()
})
afterAll(() => author.close())

const owners = ['pim', 'aem', 'once', 'edited'] as const
const mapping: readonly MappingRule[] = [
  ...owners.map((owner) => ({ attribute: owner, property: `x-${owner}`, owner })),
  { attribute: 'edited', property: 'x-changed', owner: 'edited' },
]

test('with the last product, only what the PIM owns is cleared; what is switched off stays whole', async () => {
  const { aem, clock } = author
  const products = [{ identifier: 'lamp', attributes: { pim: 'a', aem: 'b', once: 'c', edited: 'd' } }]
  const parts = {
    assets: author.client(),
    clock,
    random: () => 0,
    memory: createMemoryGate(),
    search: createAssetSearch(author.requests()),
    origins: [aem.url],
    deleted: 'clear' as const,
    pim: { name: 'lamps', getProducts: async () => products.slice(), check: async () => [] },
    enrichment: { linkProperty: 'sku', matching: [fromProperty('sku')], mapping },
  }
  const add = (name: string) =>
    aem.addAsset({ path: `/content/dam/${name}.png`, assetMetadata: { sku: 'lamp', 'x-aem': 'mine' } }).id
  const metadata = (id: string): JsonObject => aem.asset(id).assetMetadata
  const [cleared, off] = [add('cleared'), add('off')]
  for (const id of [cleared, off]) {
    await enrichAsset({ origin: aem.url, id }, parts, startCall())
    aem.edit(id, ({ assetMetadata }) => Object.assign(assetMetadata, { 'x-changed': 'by a person' }))
  }
  aem.edit(off, ({ assetMetadata }) => Object.assign(assetMetadata, { 'wknd-sync': 'off' }))
  const [before, { 'wknd-written': written }] = [metadata(off), metadata(cleared)]

  products.length = 0
  const refs = [{ kind: 'identifier', value: 'lamp' }] as const
  await expect(syncDeleted(refs, parts, startCall())).resolves.toMatchObject({ assets: 2, changed: 1 })
  const { 'wknd-written': now, ...left } = metadata(cleared)
  expect(left).toEqual({ 'x-aem': 'mine', 'x-once': 'c', 'x-changed': 'by a person' })
  // The edit is still one, and who fills the emptied field edits it, too.
  expect(now).toHaveLength(2)
  expect(now).not.toEqual(written)
  expect(metadata(off)).toEqual(before)
})
