import { systemClock } from '../../../src/core/clock'
import { createRedactor } from '../../../src/core/redaction'
import { enrichPage } from '../../../src/flows/backfill/enrich-page'
import type { EnrichParts } from '../../../src/flows/enrich/enrich-asset'
import { syncAssets } from '../../../src/flows/sync/sync-assets'
import {
  type Enrichment,
  everyAttribute,
  type MappingRule,
  roleByFileName,
  roleByProperty,
} from '../../../src/plugin/enrichment'
import { startCall } from '../../support/call'
import { startWriteBackBench, type WriteBackBench } from './write-back-bench'

let bench: WriteBackBench
let sku: string
let count = 0
beforeAll(async () => {
  bench = await startWriteBackBench(['photographer', 'role', 'second'])
  bench.akeneo.server.catalogue.setAttribute({ code: 'short', type: 'pim_catalog_text', maxCharacters: 5 })
})
beforeEach(() => {
  count += 1
  sku = `many${count}`
  bench.product(sku, { photographer: 'Ann' })
})
afterAll(() => bench.close())

const own: MappingRule = { attribute: 'photographer', property: 'wknd-photographer', owner: 'aem' }
const rules = (more: Partial<Enrichment> = {}): EnrichParts => bench.parts({ mapping: [own], ...more })
/** Batches wait for others for real: on the clock of the bench no time passes between them. */
const inTime = (parts: EnrichParts): EnrichParts => ({ ...parts, clock: systemClock })
const refOf = ({ id, path }: { id: string; path: string }) => ({ origin: bench.author.aem.url, id, path })
const upload = (name: string, photographer = name, metadata = {}) =>
  bench.upload(`${name}.png`, { 'wknd-skuid': sku, 'wknd-photographer': photographer, ...metadata })

async function countSearches(work: () => Promise<unknown>): Promise<number> {
  const before = bench.aemRequests().length
  await work()
  return bench
    .aemRequests()
    .slice(before)
    .filter((one) => one === 'GET search').length
}

const page = (assets: readonly { id: string; path: string }[], parts: EnrichParts, isDryRun = false) =>
  enrichPage(
    assets.map(refOf),
    { ...inTime(parts), redactor: createRedactor(), isDryRun, onChange: async () => undefined, rate: 5_000 },
    startCall(),
  )

test('a run searches the assets of a product once, however many there are, and the lowest id speaks', async () => {
  const assets = Array.from({ length: 90 }, (_, n) => upload(`${sku}_${n}`))
  const speaker = assets.toSorted((a, b) => (a.id < b.id ? -1 : 1))[0]
  const run = {}
  const pages = [assets.slice(0, 30), assets.slice(30, 60), assets.slice(60)]
  const searches = await countSearches(async () => {
    for (const some of pages) await page(some, { ...rules(), run })
  })
  expect(searches).toBe(1)
  expect(bench.held(sku, 'photographer')).toBe(speaker?.path.replace(/.*\/(.*)\.png/, '$1'))
  expect(
    await countSearches(() => syncAssets(assets.map(refOf), inTime(rules()), startCall(), { waitsMs: [] })),
  ).toBe(1)
  // Events come one by one: in a run, nobody looks again; without one, each does.
  const others = assets.filter((one) => one !== speaker).slice(0, 3)
  const events = (parts: EnrichParts) =>
    countSearches(async () => {
      for (const one of others) await bench.run(one, parts)
    })
  expect([await events({ ...rules(), run }), await events(rules())]).toEqual([0, 3])
})

test('assets that the run itself links, more than are looked at, cost a few searches in all', async () => {
  const assets = Array.from({ length: 230 }, (_, n) =>
    bench.upload(`${sku}_${n}.png`, { 'wknd-photographer': `Bea ${n}` }),
  )
  const run = {}
  const searches = await countSearches(async () => {
    for (const some of [assets.slice(0, 100), assets.slice(100, 200), assets.slice(200)])
      await page(some, { ...rules(), run })
  })
  // A request for a hundred hits each.
  expect(searches).toBeLessThanOrEqual(5)
})

test('what others change in AEM is seen after a minute', async () => {
  const [first, second] = [upload(`${sku}_1`), upload(`${sku}_2`)]
  const parts = { ...rules({ roles: roleByFileName(/_(\d+)\.\w+$/) }), run: {} }
  await bench.run(second, parts)
  expect(bench.held(sku, 'photographer')).toBe('Ann')
  bench.author.aem.life.edit(first.id, { 'wknd-sync': 'off' })
  await bench.run(second, parts)
  expect(bench.held(sku, 'photographer')).toBe('Ann')
  bench.author.clock.advance(61_000)
  await bench.run(second, parts)
  expect(bench.held(sku, 'photographer')).toBe(`${sku}_2`)
})

test('a link that the run writes counts at once: the asset speaks, although no search finds it yet', async () => {
  const gallery = upload(`${sku}_2`)
  const roles = roleByFileName(/_(\d+)\.\w+$/)
  const parts = { ...rules({ roles }), run: {} }
  await bench.run(gallery, parts)
  expect(bench.held(sku, 'photographer')).toBe(`${sku}_2`)
  // Linked by its name; in step with the PIM by then, so that it says nothing itself.
  const main = bench.upload(`${sku}_1.png`, { 'wknd-photographer': `${sku}_2` })
  expect(await countSearches(() => bench.run(main, parts))).toBe(0)
  bench.author.aem.life.edit(gallery.id, { 'wknd-photographer': 'Bea' })
  expect(await bench.run(gallery, parts)).not.toHaveProperty('told')
  expect(bench.held(sku, 'photographer')).toBe(`${sku}_2`)
})

test('a role that the run writes counts at once', async () => {
  const [one, other] = [upload(`${sku}_1`, 'Bea'), upload(`${sku}_2`, 'Cyd', { 'wknd-role': 'main' })]
  const roles = roleByProperty('wknd-role')
  const parts = { ...rules({ roles, mapping: [everyAttribute('wknd-'), own] }), run: {} }
  await bench.run(one, parts)
  // The other one is the main picture.
  expect(bench.held(sku, 'photographer')).toBe('Ann')
  bench.product(sku, { role: 'gallery' })
  await bench.run(other, parts)
  bench.product(sku, { role: null })
  bench.author.aem.life.edit(one.id, { 'wknd-role': 'main' })
  await bench.run(one, parts)
  expect(bench.held(sku, 'photographer')).toBe('Bea')
})

test('a value that the PIM refuses is refused to its own asset only, however many tell one product at once', async () => {
  const tellPim = [
    { attribute: 'short', property: 'dc:short', as: { role: 'gallery', position: 2 } },
    { attribute: 'second', property: 'dc:second', as: { role: 'gallery', position: 3 } },
  ] as const
  const parts = rules({ mapping: [], tellPim, roles: roleByFileName(/_(\d+)\.\w+$/) })
  const bad = bench.upload(`${sku}_2.png`, { 'wknd-skuid': sku, 'dc:short': 'much too long' })
  const good = bench.upload(`${sku}_3.png`, { 'wknd-skuid': sku, 'dc:second': 'Dan' })
  const writes = bench.writes().length
  const { failures, counts } = await syncAssets([bad, good].map(refOf), inTime(parts), startCall(), {
    waitsMs: [],
  })
  expect(failures).toMatchObject([
    {
      asset: { id: bad.id },
      error: { code: 'AKENEO_VALUE_REFUSED', message: expect.stringContaining(`short of ${sku}`) },
    },
  ])
  expect(counts).toMatchObject({ failed: 1, unchanged: 1 })
  expect([bench.held(sku, 'second'), bench.held(sku, 'short')]).toEqual(['Dan', undefined])
  expect(bench.writes().length - writes).toBe(3)
})

test('a dry run tells which asset of a page would speak, also where none is linked yet', async () => {
  const assets = [3, 1, 2].map((n) => bench.upload(`${sku}_${n}.png`, { 'wknd-photographer': `Bea ${n}` }))
  const parts = { ...rules({ roles: roleByFileName(/_(\d+)\.\w+$/) }), run: {} }
  const worked = await page(assets, parts, true)
  const main = assets[1]?.path
  expect(worked.map(({ facts }) => facts?.map(({ action, speaker }) => [action, speaker]))).toEqual([
    [['keep', main]],
    [['tell', undefined]],
    [['keep', main]],
  ])
  expect(bench.held(sku, 'photographer')).toBe('Ann')
})
