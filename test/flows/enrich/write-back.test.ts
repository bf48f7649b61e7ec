import { systemClock } from '../../../src/core/clock'
import { createRedactor } from '../../../src/core/redaction'
import { enrichPage } from '../../../src/flows/backfill/enrich-page'
import { explainEnrichment } from '../../../src/flows/enrich/explain-enrichment'
import { createRecentWrites } from '../../../src/flows/enrich/fights'
import { createSpeakers } from '../../../src/flows/enrich/speaker'
import { syncAssets } from '../../../src/flows/sync/sync-assets'
import {
  type Enrichment,
  everyAttribute,
  type MappingRule,
  roleByFileName,
  roleByProperty,
} from '../../../src/plugin/enrichment'
import { rejection, startCall } from '../../support/call'
import { createMemoryStore } from '../../support/memory-store'
import { startWriteBackBench, type WriteBackBench } from './write-back-bench'

let bench: WriteBackBench
let sku: string
let count = 0
beforeAll(async () => {
  bench = await startWriteBackBench(['color', 'photographer', 'asset_link', 'gallery', 'rights'])
  bench.akeneo.server.catalogue.setAttribute({ code: 'expires', type: 'pim_catalog_date' })
})
beforeEach(() => {
  count += 1
  sku = `lamp${count}`
  bench.product(sku, { color: 'red', photographer: 'Ann' })
})
afterAll(() => bench.close())

const own: MappingRule = { attribute: 'photographer', property: 'wknd-photographer', owner: 'aem' }
const rules = (more: Partial<Enrichment> = {}) =>
  bench.parts({ mapping: [everyAttribute('wknd-'), own], ...more })
/** Batches wait for others for real: on the clock of the bench no time passes between them. */
const inTime = () => ({ ...rules(), clock: systemClock })
const calls = async (work: () => Promise<unknown>) => {
  const [pim, aem] = [bench.akeneo.calls().length, bench.aemRequests().length]
  const result = await work()
  return { result, pim: bench.akeneo.calls().slice(pim), aem: bench.aemRequests().slice(aem) }
}

test('what AEM owns is told to the PIM, and what the PIM owns to AEM; then both are left in peace', async () => {
  const asset = bench.upload(`${sku}.png`, { 'wknd-photographer': 'Bea' })
  const first = await bench.run(asset, rules())
  expect(first).toMatchObject({ kind: 'updated', told: [{ product: sku, attributes: ['photographer'] }] })
  expect(bench.held(sku, 'photographer')).toBe('Bea')
  expect(bench.metadata(asset)).toMatchObject({ 'wknd-color': 'red', 'wknd-photographer': 'Bea' })

  // In step, nothing is asked or sent but what is without these rules.
  const second = await calls(() => bench.run(asset, rules()))
  expect(second.result).toMatchObject({ kind: 'unchanged' })
  expect(second.result).not.toHaveProperty('told')
  const without = await calls(() => bench.run(asset, bench.parts({ mapping: [everyAttribute('wknd-')] })))
  expect(second.aem).toEqual(['GET metadata'])
  expect(second.pim).toEqual(without.pim)
})

test('rules of the version before cost no request more, and nothing is written to the PIM', async () => {
  const asset = bench.upload(`${sku}.png`, { 'wknd-photographer': 'Bea' })
  await bench.run(asset, bench.parts({ mapping: [everyAttribute('wknd-')] }))
  bench.akeneo.server.catalogue.setProduct(sku, {})
  const { result, pim, aem } = await calls(() =>
    bench.run(asset, bench.parts({ mapping: [everyAttribute('wknd-')] })),
  )
  expect(result).toMatchObject({ kind: 'unchanged' })
  expect(aem).toEqual(['GET metadata'])
  expect(pim).toHaveLength(1)
  expect(bench.metadata(asset)['wknd-photographer']).toBe('Ann')
})

test('an asset out of step costs a search, a read, and what Akeneo asks and takes', async () => {
  const asset = bench.upload(`${sku}.png`)
  await bench.run(asset, rules())
  bench.author.aem.life.edit(asset.id, { 'wknd-photographer': 'Cyd' })
  const { pim, aem } = await calls(() => bench.run(asset, rules()))
  expect(aem).toEqual(['GET metadata', 'GET search', 'GET metadata'])
  expect(pim.filter((one) => one.startsWith('PATCH'))).toEqual(['PATCH products-uuid'])
})

test.each([
  [own, 'Ann'],
  [{ ...own, whenEmpty: 'clear' } satisfies MappingRule, undefined],
])('an empty property tells the PIM nothing, unless the rule says so', async (rule, end) => {
  const asset = bench.upload(`${sku}.png`)
  await bench.run(asset, bench.parts({ mapping: [rule] }))
  expect(bench.held(sku, 'photographer')).toBe(end)
})

test('the link of an asset, its expiry and a property that no rule maps are told', async () => {
  const asset = bench.upload(`${sku} ä.png`, {
    'wknd-skuid': sku,
    'prism:expirationDate': '2031-02-03T04:05:06Z',
    'dc:rights': 'Print only',
  })
  const tellPim = [
    { attribute: 'asset_link', fact: 'link' },
    { attribute: 'gallery', url: 'https://cdn.example.com{path}?id={id}' },
    { attribute: 'expires', fact: 'expires' },
    { attribute: 'rights', property: 'dc:rights' },
  ] as const
  await bench.run(asset, bench.parts({ tellPim }))
  const path = `/content/dam/shop/${sku}%20%C3%A4.png`
  const heldNow = ['asset_link', 'gallery', 'expires', 'rights'].map((code) => bench.held(sku, code))
  expect(heldNow).toEqual([
    `${bench.author.aem.url}/assetdetails.html${path}`,
    `https://cdn.example.com${path}?id=${encodeURIComponent(asset.id)}`,
    '2031-02-03',
    'Print only',
  ])
  const again = await calls(() => bench.run(asset, bench.parts({ tellPim })))
  expect(again.aem).toEqual(['GET metadata'])
  expect(again.pim).toHaveLength(1)
})

test('one asset speaks for a product, whichever comes last: the main one, else the one with the lowest id', async () => {
  const tellPim = [
    { attribute: 'asset_link', fact: 'path' },
    { attribute: 'gallery', fact: 'path', as: { role: 'gallery', position: 3 } },
  ] as const
  const assets = [2, 1, 3].map((n) => bench.upload(`${sku}_${n}.png`))
  const by = async (more: Partial<Enrichment>) => {
    for (const asset of [...assets, ...assets.toReversed()])
      await bench.run(asset, bench.parts({ tellPim, ...more }))
    return bench.held(sku, 'asset_link')
  }
  const [lowest] = assets.map(({ id }) => id).sort()
  expect(await by({})).toBe(assets.find(({ id }) => id === lowest)?.path)
  expect(bench.held(sku, 'gallery')).toBeUndefined()

  const roles = roleByFileName(/_(\d+)\.\w+$/)
  expect(await by({ roles })).toBe(`/content/dam/shop/${sku}_1.png`)
  expect(bench.held(sku, 'gallery')).toBe(`/content/dam/shop/${sku}_3.png`)

  const role = roleByProperty('wknd-role')
  bench.author.aem.life.edit(assets[0]?.id ?? '', { 'wknd-role': 'main' })
  expect(await by({ roles: role })).toBe(`/content/dam/shop/${sku}_2.png`)
  const explained = await explainEnrichment(
    await bench
      .parts()
      .assets.readAsset({ origin: bench.author.aem.url, id: assets[1]?.id ?? '' }, startCall()),
    bench.parts({ tellPim, roles: role }),
    startCall(),
    { isTelling: true },
  )
  expect(explained.told).toMatchObject([
    {
      product: sku,
      attribute: 'asset_link',
      action: 'keep',
      why: `/content/dam/shop/${sku}_2.png speaks for the product`,
    },
    { attribute: 'gallery', action: 'keep' },
  ])
  // One that is switched off says nothing.
  bench.author.aem.life.edit(assets[0]?.id ?? '', { 'wknd-sync': 'off' })
  expect(await by({ roles })).toBe(`/content/dam/shop/${sku}_1.png`)
})

test('a search that fails hides what the PIM would be told, and no change of the asset', async () => {
  bench.product(sku, { photographer: 'Lamp' })
  const { id } = bench.upload(`${sku}.png`)
  const parts = bench.parts({
    mapping: [{ attribute: 'photographer', property: 'wknd-name' }],
    tellPim: [{ attribute: 'asset_link', fact: 'path' }],
  })
  const asset = await parts.assets.readAsset({ origin: bench.author.aem.url, id }, startCall())
  const fault = { kind: 'status', status: 400 } as const
  bench.author.aem.faults.add({ path: '/bin/querybuilder.json', fault })

  const explained = await explainEnrichment(asset, parts, startCall(), { isTelling: true })

  bench.author.aem.faults.clear()
  expect(explained.changes).toContainEqual(
    expect.objectContaining({ property: 'wknd-name', new: 'Lamp', action: 'write' }),
  )
  expect(explained.problem).toBeUndefined()
  expect(explained.told).toBeUndefined()
  expect(explained.toldProblem?.upstream).toBe('AEM')
})

test('of two authors whose copies have the same id, one speaks', async () => {
  const { id } = bench.upload(`${sku}.png`, { 'wknd-skuid': sku })
  const parts = rules()
  const here = await parts.assets.readAsset({ origin: bench.author.aem.url, id }, startCall())
  const there = { ...here, origin: 'https://author-p2-e2.adobeaemcloud.com' }
  const copies = [here, there]
  const copyAt = (origin: string) => (origin === there.origin ? there : here)
  const speakers = copies.map((asset) =>
    createSpeakers(
      asset,
      {
        ...parts,
        assets: { ...parts.assets, readAsset: async (ref) => copyAt(ref.origin) },
        siblings: {
          origins: copies.map(({ origin }) => origin),
          search: {
            async *find(origin) {
              yield [{ origin, id, path: here.path }]
            },
            any: async () => undefined,
          },
        },
      },
      startCall(),
    ).of(sku, undefined),
  )
  expect((await Promise.all(speakers)).map(({ isThis }) => isThis).sort()).toEqual([false, true])
})

test('each product of an asset is told its own', async () => {
  const other = `${sku}b`
  bench.product(other, { photographer: 'Dan' })
  const asset = bench.upload('several.png', { 'wknd-skuid': [sku, other], 'wknd-photographer': 'Dan' })
  expect(await bench.run(asset, rules())).toMatchObject({ told: [{ product: sku }] })
  expect([bench.held(sku, 'photographer'), bench.held(other, 'photographer')]).toEqual(['Dan', 'Dan'])
})

test('what the PIM refuses fails for good, with the code of the communicator; what AEM got stays', async () => {
  const asset = bench.upload(`${sku}.png`)
  const tellPim = [{ attribute: 'no_such', fact: 'path' }] as const
  const thrown = await rejection(bench.run(asset, rules({ tellPim })))
  expect(thrown).toMatchObject({ failureClass: 'permanent', code: 'AKENEO_ATTRIBUTE_REFUSED' })
  expect(String(thrown)).toContain(`no_such of ${sku}`)
  expect(bench.metadata(asset)['wknd-color']).toBe('red')
})

test('a PIM that fails for now is told by the next try', async () => {
  const asset = bench.upload(`${sku}.png`, { 'wknd-photographer': 'Eve' })
  bench.akeneo.server.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 503 } })
  expect(await rejection(bench.run(asset, rules()))).toMatchObject({ failureClass: 'transient' })
  bench.akeneo.server.faults.clear()
  expect(bench.metadata(asset)['wknd-color']).toBe('red')
  await bench.run(asset, rules())
  expect(bench.held(sku, 'photographer')).toBe('Eve')
})

test('a communicator that forgets a change has not told it: the next try does', async () => {
  const asset = bench.upload(`${sku}.png`, { 'wknd-photographer': 'Eve' })
  const parts = rules()
  const pim: typeof parts.pim = { ...parts.pim, updateProducts: async () => [] }
  expect(await rejection(bench.run(asset, { ...parts, pim }))).toMatchObject({
    failureClass: 'transient',
    message: expect.stringContaining('answers 0 of 1 changes'),
  })
  await bench.run(asset, parts)
  expect(bench.held(sku, 'photographer')).toBe('Eve')
})

test('an edit while the PIM is told is told, too', async () => {
  const asset = bench.upload(`${sku}.png`, { 'wknd-photographer': 'Eve' })
  const parts = rules()
  let edits = 0
  const pim: typeof parts.pim = {
    ...parts.pim,
    async updateProducts(changes, call) {
      edits += 1
      if (edits === 1) bench.author.aem.life.edit(asset.id, { 'wknd-photographer': 'Fay' })
      return (await parts.pim.updateProducts?.(changes, call)) ?? []
    },
  }
  await bench.run(asset, { ...parts, pim })
  expect([edits, bench.held(sku, 'photographer')]).toEqual([2, 'Fay'])
})

test.each([
  ['switched off', { 'wknd-sync': 'off' }],
  ['linked to another product', { 'wknd-skuid': 'another' }],
])('an asset that is %s while the PIM is told says no more', async (_, edit) => {
  const asset = bench.upload(`${sku}.png`, { 'wknd-photographer': 'Eve' })
  const parts = rules()
  let calls = 0
  const pim: typeof parts.pim = {
    ...parts.pim,
    async updateProducts(changes, call) {
      calls += 1
      bench.author.aem.life.edit(asset.id, { 'wknd-photographer': 'Fay', ...edit })
      return (await parts.pim.updateProducts?.(changes, call)) ?? []
    },
  }
  await bench.run(asset, { ...parts, pim })
  expect([calls, bench.held(sku, 'photographer')]).toEqual([1, 'Eve'])
})

test('two properties never take turns at an attribute: a rule of its own goes before every attribute', async () => {
  const asset = bench.upload(`${sku}.png`, {
    'wknd-skuid': sku,
    'wknd-photographer': 'Eve',
    'dc:creator': 'Fay',
    'wknd-rights': 'Web',
    'dc:rights': 'Print',
  })
  bench.product(sku, { rights: 'none' })
  const parts = bench.parts({
    mapping: [
      { attribute: 'photographer', property: 'dc:creator', owner: 'aem' },
      everyAttribute('wknd-', { owner: 'aem' }),
    ],
    tellPim: [{ attribute: 'rights', property: 'dc:rights' }],
  })
  const told: unknown[] = []
  for (let turn = 0; turn < 3; turn++) told.push('told' in (await bench.run(asset, parts)))
  expect(told).toEqual([true, false, false])
  expect(['photographer', 'rights'].map((code) => bench.held(sku, code))).toEqual(['Fay', 'Print'])
})

test('a change in the PIM of what AEM owns is undone; several assets are one call', async () => {
  const skus = [1, 2, 3].map((n) => `${sku}x${n}`)
  const assets = skus.map((one) => {
    bench.product(one, { photographer: 'Ann' })
    return bench.upload(`${one}.png`, { 'wknd-photographer': 'Gil' })
  })
  const refs = assets.map(({ id, path }) => ({ origin: bench.author.aem.url, id, path }))
  const sync = () => syncAssets(refs, inTime(), startCall(), { waitsMs: [] })
  const first = await calls(sync)
  expect(first.pim.filter((one) => one.startsWith('PATCH'))).toHaveLength(1)
  for (const one of skus) bench.product(one, { photographer: 'Ann' })
  const second = await calls(sync)
  expect(second.pim.filter((one) => one.startsWith('PATCH'))).toHaveLength(1)
  expect(skus.map((one) => bench.held(one, 'photographer'))).toEqual(['Gil', 'Gil', 'Gil'])
  expect((await calls(sync)).pim).toHaveLength(1)
})

test('a value that another system puts back again and again is left alone', async () => {
  const asset = bench.upload(`${sku}.png`, { 'wknd-photographer': 'Ida' })
  const { clock } = bench.author
  const disputes = { recent: createRecentWrites(clock), store: createMemoryStore(clock), clock }
  const told: unknown[] = []
  for (let turn = 0; turn < 6; turn++) {
    bench.product(sku, { photographer: 'Ann' })
    const outcome = await bench.run(asset, { ...rules(), disputes })
    told.push('told' in outcome)
  }
  expect(told).toEqual([true, true, true, false, false, false])
  // Another value is told all the same.
  bench.author.aem.life.edit(asset.id, { 'wknd-photographer': 'Jon' })
  await bench.run(asset, { ...rules(), disputes })
  expect(bench.held(sku, 'photographer')).toBe('Jon')
})

test('a value that is put back is left alone, although another product refuses what it is told', async () => {
  const gone = `${sku}r`
  bench.product(gone, { photographer: 'Ann' })
  const asset = bench.upload('refused.png', { 'wknd-skuid': [sku, gone], 'wknd-photographer': 'Ida' })
  const { clock } = bench.author
  const disputes = { recent: createRecentWrites(clock), store: createMemoryStore(clock), clock }
  const parts = rules()
  let writes = 0
  const pim: typeof parts.pim = {
    ...parts.pim,
    updateProducts: async (changes) =>
      changes.map(({ ref }) => {
        if (ref.value === gone) return { kind: 'refused', code: 'NO', reason: 'it is locked' }
        writes += 1
        return { kind: 'updated' }
      }),
  }
  for (let turn = 0; turn < 6; turn++) await rejection(bench.run(asset, { ...parts, pim, disputes }))
  expect(writes).toBe(3)
})

test('a page of a backfill is one call, and a dry run is none', async () => {
  const skus = [1, 2, 3, 4, 5].map((n) => `${sku}p${n}`)
  const refs = skus.map((one) => {
    bench.product(one, { photographer: 'Ann' })
    const { id, path } = bench.upload(`${one}.png`, { 'wknd-photographer': 'Hal' })
    return { origin: bench.author.aem.url, id, path }
  })
  const page = (isDryRun: boolean) =>
    enrichPage(
      refs,
      { ...inTime(), redactor: createRedactor(), isDryRun, onChange: async () => undefined, rate: 100 },
      startCall(),
    )
  const dry = await calls(() => page(true))
  expect(dry.pim.filter((one) => one.startsWith('PATCH'))).toEqual([])
  const real = await calls(() => page(false))
  expect(real.pim.filter((one) => one.startsWith('PATCH'))).toHaveLength(1)
  expect(new Set(skus.map((one) => bench.held(one, 'photographer')))).toEqual(new Set(['Hal']))
})
