import { systemicError } from '../../../src/core/errors'
import { exportEventWith } from '../../../src/flows/export/export-event'
import { type SweepParts, type SweepResult, sweepForLost } from '../../../src/flows/sweep/sweep'
import { createCursorKeeper } from '../../../src/journal/cursor'
import type { Exports } from '../../../src/plugin/destinations'
import { type LifeBench, startLifeBench } from '../life-bench'

let bench: LifeBench
const hour = 3_600_000
const minutes = (count: number): void => bench.author.clock.advance(count * 60_000)

beforeEach(async () => {
  bench = await startLifeBench()
  // Whatever happens, AEM tells nothing.
  bench.author.aem.life.isLost = () => true
  const { one } = bench.destinations
  one.list = async function* ({ after = '' }) {
    for (const key of [...one.held.keys()].toSorted()) {
      const found = one.held.get(key)
      if (key > after && found !== undefined) yield { key, ...found }
    }
  }
})
afterEach(() => bench.close())

const removing: Partial<Exports> = {
  onMove: 'follow',
  onUnpublish: 'remove',
  onDelete: 'remove',
  onExpire: 'remove',
  onNoLongerNamed: 'remove',
}

function sweep(more: Partial<SweepParts> = {}, endsAt = Number.POSITIVE_INFINITY): Promise<SweepResult> {
  const { parts, store, author } = bench
  const { clock, aem } = author
  return sweepForLost(
    {
      origins: [aem.url],
      library: parts.library,
      flows: {
        generic: bench.enrich,
        'export-asset': (event, context) => exportEventWith(event, () => parts, context),
      },
      destinations: { ...parts, origins: [aem.url] },
      isEnriching: () => true,
      cursorOf: (what) => createCursorKeeper(what, { store, clock, saveEveryMs: 0 }),
      fullEveryMs: undefined,
      mayPark: 100,
      ...more,
    },
    endsAt,
    bench.lifeContext({ trigger: 'batch' }),
  )
}

const keep = (exports: Partial<Exports>): void => {
  bench.parts.exports = { ...bench.parts.exports, ...exports }
}

function addDraft(name: string, metadata = {}) {
  return bench.addAsset(`/content/dam/${name}`, { exportDestination: 'one', ...metadata })
}

const publish = (asset: { id: string }) => bench.author.aem.life.publish(asset.id)
const held = () => [...bench.destinations.one.held.keys()].toSorted()
const puts = () => bench.destinations.one.puts.length
const metadata = ({ id }: { id: string }) => bench.author.aem.asset(id).assetMetadata

/** Both halves of a round: what has a date, and what is found from the side of the destinations. */
async function twice(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    minutes(10)
    const { error } = await sweep()
    expect(error).toBeUndefined()
  }
}

test('the first run only notes the time: what was there before is left to the backfill', async () => {
  const old = addDraft('old.png', { 'wknd-skuid': 'LAMP-1' })
  bench.products.set('LAMP-1', { name: 'Lamp' })
  publish(old)
  minutes(60)
  expect((await sweep()).details).toMatchObject({ assets: 0, lag: 0 })
  expect(metadata(old)).not.toHaveProperty('wknd-name')
  expect(held()).toEqual([])
})

test('an hour of which AEM tells nothing: after two sweeps nothing differs, and what was right is not touched', async () => {
  keep(removing)
  bench.products.set('LAMP-1', { name: 'Lamp' })
  bench.products.set('SOFA-2', { name: 'Sofa' })
  const [still, edited, replaced, moved, withdrawn, deleted, expired, unnamed] = [
    'still.png',
    'edited.png',
    'replaced.png',
    'moved.png',
    'withdrawn.png',
    'deleted.png',
    'expired.png',
    'unnamed.png',
  ].map((name) => addDraft(name))
  if (!still || !edited || !replaced || !moved || !withdrawn || !deleted || !expired || !unnamed)
    throw new Error()
  await sweep()
  const all = [still, edited, replaced, moved, withdrawn, deleted, expired, unnamed]
  minutes(1)
  for (const asset of all) publish(asset)
  await twice()
  expect(held()).toHaveLength(8)

  minutes(20)
  const { life } = bench.author.aem
  const created = addDraft('created.png', { 'wknd-skuid': 'SOFA-2' })
  publish(created)
  const draft = addDraft('draft.png')
  life.edit(edited.id, { 'wknd-skuid': 'LAMP-1' })
  life.replace(replaced.id, { seed: 'other', size: 2_000 })
  minutes(1)
  publish(replaced)
  life.move(moved.id, '/content/dam/elsewhere/moved.png')
  life.unpublish(withdrawn.id)
  life.remove(deleted.id)
  life.expire(expired.id, bench.author.clock.now() + 60_000)
  life.edit(unnamed.id, { exportDestination: null })
  minutes(39)
  const [putsBefore, patchesBefore] = [puts(), bench.patches()]
  await twice()

  expect(held()).toEqual(['created.png', 'edited.png', 'elsewhere/moved.png', 'replaced.png', 'still.png'])
  expect(metadata(edited)).toMatchObject({ 'wknd-name': 'Lamp' })
  expect(metadata(created)).toMatchObject({ 'wknd-name': 'Sofa' })
  expect(bench.destinations.one.held.get('replaced.png')?.size).toBe(2_000)
  expect(metadata(draft)).not.toHaveProperty('wknd-name')
  // The new one, the new binary, the new place; and the two whose product was found.
  expect(puts() - putsBefore).toBe(3)
  expect(bench.patches() - patchesBefore).toBe(2)

  await twice()
  expect(puts() - putsBefore).toBe(3)
  expect(bench.patches() - patchesBefore).toBe(2)
})

test('what is kept by default is kept, and a draft or an asset past its off time is never copied', async () => {
  const [draft, gone, off] = [addDraft('draft.png'), addDraft('gone.png'), addDraft('off.png')]
  await sweep()
  minutes(1)
  publish(gone)
  publish(off)
  bench.author.aem.life.expire(off.id, bench.author.clock.now() - 1)
  await twice()
  expect(held()).toEqual(['gone.png'])
  bench.author.aem.life.remove(gone.id)
  bench.author.aem.life.edit(draft.id, { 'dc:title': 'A draft' })
  await twice()
  expect(held()).toEqual(['gone.png'])
})

test('what fails for now is parked, and the sweep goes on; what AEM refuses to list stays with the next run', async () => {
  await sweep()
  const asset = addDraft('lamp.png')
  publish(asset)
  bench.destinations.one.beforePublish = () => {
    throw new Error('broken pipe')
  }
  minutes(10)
  expect((await sweep()).details).toMatchObject({ parked: 1, stored: 0 })
  const pending = [...bench.store.entries()].filter(([key]) => key.startsWith('pending.'))
  expect(pending.map(([, record]) => JSON.parse(record))).toMatchObject([
    { action: 'export-asset', destination: 'one' },
  ])

  bench.destinations.one.beforePublish = undefined
  const fault = bench.author.aem.faults.add({
    path: /querybuilder/,
    fault: { kind: 'status', status: 503 },
  })
  const other = addDraft('sofa.png')
  publish(other)
  minutes(10)
  expect((await sweep()).error).toMatchObject({ upstream: 'AEM' })
  fault.remove()
  minutes(10 * 60)
  expect((await sweep()).error).toBeUndefined()
  expect(held()).toContain('sofa.png')
})

test('a destination that cannot be listed keeps no other one from its turn', async () => {
  keep(removing)
  const { one, two } = bench.destinations
  await sweep()
  const asset = addDraft('lamp.png')
  publish(asset)
  await twice()
  two.list = () => {
    throw systemicError('TWO_DOWN', 'two is down')
  }
  bench.parts.active = () => ['two', 'one']
  bench.author.aem.life.remove(asset.id)
  minutes(10)
  expect((await sweep()).error).toMatchObject({ code: 'TWO_DOWN' })
  expect([...one.held.keys()]).toEqual([])
})

test.each([403, 500])(
  'a file whose asset AEM refuses to read (%i) keeps no other one from its turn',
  async (status) => {
    keep(removing)
    await sweep()
    const [locked, gone] = [addDraft('locked.png'), addDraft('withdrawn.png')]
    for (const asset of [locked, gone]) publish(asset)
    await twice()
    const { aem } = bench.author
    aem.life.unpublish(gone.id)
    aem.faults.add({ path: new RegExp(`/adobe/assets/${locked.id}`), fault: { kind: 'status', status } })
    minutes(60)

    const { error } = await sweep()

    expect(error).toBeUndefined()
    expect(held()).toEqual(['locked.png'])
  },
)

test('with an AEM that fails in the middle of a slice the page comes again', async () => {
  keep(removing)
  await sweep()
  const assets = Array.from({ length: 120 }, (_, index) =>
    addDraft(`many/${String(index).padStart(3, '0')}.png`),
  )
  for (const asset of assets) publish(asset)
  await twice()
  const { aem } = bench.author
  for (const { id } of assets.slice(100)) aem.life.remove(id)
  minutes(60)
  const fault = aem.faults.add({ path: /^.adobe.assets/, fault: { kind: 'status', status: 500 } })

  expect(await sweep()).toMatchObject({ error: { upstream: 'AEM' }, details: { files: 0 } })
  fault.remove()
  await sweep()

  expect(held()).toHaveLength(100)
})

test('with a PIM that is down the page comes again, and nothing of it is parked', async () => {
  await sweep()
  bench.products.set('LAMP-1', { name: 'Lamp' })
  const assets = Array.from({ length: 20 }, (_, index) =>
    addDraft(`pim/${index}.png`, { 'wknd-skuid': 'LAMP-1' }),
  )
  for (const asset of assets) publish(asset)
  const { pim } = bench.enrichParts
  bench.enrichParts.pim = {
    ...pim,
    getProducts: async () => {
      throw systemicError('PIM_DOWN', 'the PIM is down', { upstream: 'memory' })
    },
  }
  minutes(10)
  const { error, details } = await sweep()
  expect(error).toMatchObject({ code: 'PIM_DOWN' })
  expect(details).toMatchObject({ parked: 0, stored: 20 })

  bench.enrichParts.pim = pim
  minutes(10)
  expect((await sweep()).details).toMatchObject({ enriched: 20, stored: 0 })
})

test('a run whose time is up goes on where it stopped, and the slice of a destination as well', async () => {
  await sweep()
  const assets = Array.from({ length: 250 }, (_, index) =>
    addDraft(`many/${String(index).padStart(3, '0')}.png`),
  )
  for (const asset of assets) publish(asset)
  minutes(20)
  const reached: number[] = []
  while (held().length < 250 && reached.length < 5) {
    await sweep({ library: slowLibrary() }, bench.author.clock.now() + 90_000)
    reached.push(held().length)
  }
  expect(reached.at(-1)).toBe(250)
  expect(reached[0]).toBeLessThan(250)
  // Each run begins behind the page that the one before has done.
  expect(puts()).toBe(250)
})

/** A minute goes by before each page. */
function slowLibrary(): SweepParts['library'] {
  const { library } = bench.parts
  return {
    async *pages(...given) {
      for await (const page of library.pages(...given)) {
        minutes(1)
        yield page
      }
    },
  }
}

test('the whole library is looked at where that is asked for, once in each period', async () => {
  await sweep()
  const old = addDraft('old.png', { 'wknd-skuid': 'LAMP-1' })
  publish(old)
  minutes(24 * 60)
  bench.products.set('LAMP-1', { name: 'Lamp' })
  await twice()
  expect(held()).toEqual(['old.png'])
  minutes(60)
  await twice()
  // It is in no window any more.
  bench.destinations.one.held.clear()
  await twice()
  expect(held()).toEqual([])
  await sweep({ fullEveryMs: 24 * hour })
  expect(held()).toEqual(['old.png'])
  bench.destinations.one.held.clear()
  await sweep({ fullEveryMs: 24 * hour })
  expect(held()).toEqual([])
  minutes(25 * 60)
  await sweep({ fullEveryMs: 24 * hour })
  expect(held()).toEqual(['old.png'])
})

test.each(['sweep', 'sweep all'])(
  'a place of "%s" that this version cannot read begins anew',
  async (what) => {
    const asset = addDraft('lamp.png')
    await sweep()
    minutes(20)
    publish(asset)
    const { clock, aem } = bench.author
    const cursor = createCursorKeeper(`${what} ${aem.url}`, { store: bench.store, clock, saveEveryMs: 0 })
    const at = clock.now() - hour
    await cursor.advance(
      { position: 'modified 2.another-form', at, began: clock.now() },
      bench.lifeContext().call,
    )

    const { error, details } = await sweep({ fullEveryMs: hour })

    expect(error).toBeUndefined()
    expect(details).toMatchObject({ stored: 1 })
    expect(details).not.toHaveProperty('full')
  },
)

/** How often AEM was asked for the metadata of an asset while the work was done. */
async function readsOf({ id }: { id: string }, work: () => Promise<unknown>): Promise<number> {
  const { requests } = bench.author.aem
  const before = requests.length
  await work()
  return requests.slice(before).filter(({ method, path }) => method === 'GET' && path.includes(id)).length
}

test('an asset in step is read once for both flows, one that is enriched once more', async () => {
  bench.destinations.one.list = undefined
  bench.products.set('LAMP-1', { name: 'Lamp' })
  const asset = addDraft('lamp.png', { 'wknd-skuid': 'LAMP-1' })
  await sweep()
  publish(asset)
  await twice()
  expect(held()).toEqual(['lamp.png'])
  minutes(60)
  bench.author.aem.life.edit(asset.id, { 'dc:title': 'A lamp' })
  minutes(10)
  expect(await readsOf(asset, sweep)).toBe(1)

  bench.products.set('LAMP-1', { name: 'Desk lamp' })
  bench.author.aem.life.edit(asset.id, { 'dc:title': 'A desk lamp' })
  minutes(10)
  expect(await readsOf(asset, sweep)).toBe(2)
  expect(metadata(asset)).toMatchObject({ 'wknd-name': 'Desk lamp' })
})

/** Something that happens to an asset after the sweep has read it, when its destination is looked at. */
async function sweepWhile(act: () => void): Promise<SweepResult> {
  const { one } = bench.destinations
  const head = one.head?.bind(one)
  let hasHappened = false
  one.list = undefined
  one.head = async (...asked) => {
    if (!hasHappened) act()
    hasHappened = true
    return head?.(...asked)
  }
  minutes(10)
  return sweep()
}

async function exported(name: string) {
  const asset = addDraft(name)
  await sweep()
  minutes(1)
  publish(asset)
  await twice()
  expect(held()).toEqual([name])
  return asset
}

test('what is named again after an asset was read is not removed', async () => {
  keep(removing)
  const asset = await exported('lamp.png')
  const { life } = bench.author.aem
  life.edit(asset.id, { exportDestination: null })
  const { error } = await sweepWhile(() => life.edit(asset.id, { exportDestination: 'one' }))
  expect(error).toBeUndefined()
  expect(held()).toEqual(['lamp.png'])
})

test('what is not named any more after an asset was read is not stored', async () => {
  const asset = await exported('lamp.png')
  const { life } = bench.author.aem
  life.edit(asset.id, { 'dc:title': 'A lamp' })
  bench.destinations.one.held.clear()
  const { error, details } = await sweepWhile(() => life.edit(asset.id, { exportDestination: null }))
  expect(error).toBeUndefined()
  expect(details).toMatchObject({ stored: 0, parked: 0, deadLettered: 0 })
  expect(held()).toEqual([])
})

test('what was moved after an asset was read is stored where it is, and is no dead letter', async () => {
  const asset = await exported('lamp.png')
  const { life } = bench.author.aem
  life.edit(asset.id, { 'dc:title': 'A lamp' })
  bench.destinations.one.held.clear()
  const { error, details } = await sweepWhile(() => life.move(asset.id, '/content/dam/elsewhere/lamp.png'))
  expect(error).toBeUndefined()
  expect(details).toMatchObject({ stored: 1, parked: 0, deadLettered: 0 })
  expect(held()).toEqual(['elsewhere/lamp.png'])
})

test('a destination that fails is told of once', async () => {
  const asset = await exported('lamp.png')
  bench.author.aem.life.edit(asset.id, { 'dc:title': 'A lamp' })
  const { one } = bench.destinations
  one.list = undefined
  one.head = () => Promise.reject(new Error('broken pipe'))
  minutes(10)
  expect((await sweep()).details).toMatchObject({ parked: 1, deadLettered: 0 })
  expect([...bench.store.entries()].filter(([key]) => key.startsWith('pending.'))).toHaveLength(1)
})
