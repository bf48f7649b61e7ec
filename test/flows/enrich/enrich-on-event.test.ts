import type { JsonObject } from '../../../sandbox/json'
import { fightPrefix } from '../../../src/flows/enrich/fights'
import { startCall } from '../../support/call'
import { type LifeBench, startLifeBench } from '../life-bench'

let bench: LifeBench
let count = 0
beforeAll(async () => {
  bench = await startLifeBench()
  bench.products.set('1', { name: 'Lamp', colour: 'red' })
  bench.products.set('2', { name: 'Chair', colour: 'blue' })
})
beforeEach(() => {
  bench.author.aem.life.outbox.length = 0
  for (const key of bench.store.entries().keys()) void bench.store.remove(key, startCall().signal)
})
afterAll(() => bench.close())

const life = () => bench.author.aem.life
const wire = (event: unknown): unknown => JSON.parse(JSON.stringify(event))
const metadataOf = (id: string) => bench.author.aem.asset(id).assetMetadata
const fights = () => [...bench.store.entries().keys()].filter((key) => key.startsWith(fightPrefix))

async function enriched(metadata: JsonObject = { 'wknd-skuid': '1' }) {
  const asset = bench.author.aem.addAsset({ path: `/content/dam/e/${++count}.png`, assetMetadata: metadata })
  await bench.enrich(wire(bench.author.aem.processingCompletedEvent(asset)), bench.lifeContext())
  life().outbox.length = 0
  return asset
}
const tell = async (events: readonly JsonObject[], call = startCall()) => {
  const outcomes = []
  for (const event of events) outcomes.push(await bench.enrich(wire(event), bench.lifeContext({ call })))
  return outcomes
}

test('a person who edits the link property gets the other product at once', async () => {
  const asset = await enriched()
  expect(await tell(life().edit(asset.id, { 'wknd-skuid': '2' }))).toMatchObject([{ kind: 'updated' }])
  expect(metadataOf(asset.id)).toMatchObject({
    'wknd-skuid': '2',
    'wknd-name': 'Chair',
    'wknd-colour': 'blue',
  })
  expect(fights()).toEqual([])
})

test('an edit of what no rule reads or writes costs no write', async () => {
  const asset = await enriched()
  const before = bench.patches()
  expect(await tell(life().edit(asset.id, { 'dc:title': 'x' }))).toMatchObject([{ kind: 'unchanged' }])
  expect(bench.patches()).toBe(before)
})

test('an own write is dropped before anything is read, where the token names the account', async () => {
  const asset = await enriched()
  life().edit(asset.id, { 'wknd-name': 'x' }, 'client-1@techacct.adobe.com')
  const reads = bench.author.aem.requests.length
  expect(await tell(life().outbox.splice(0))).toMatchObject([
    { kind: 'skipped', reason: 'this app made the change itself' },
  ])
  expect(bench.author.aem.requests).toHaveLength(reads)
})

test('an own write that names nobody is told by comparison', async () => {
  const asset = await enriched()
  life().edit(asset.id, { 'dc:title': 'y' }, 'client-1@techacct.adobe.com')
  const [event] = life().outbox.splice(0)
  const before = bench.patches()
  const unnamed = { ...event, data: { ...Object(event?.data), user: null } }
  expect(await tell([unnamed])).toMatchObject([{ kind: 'unchanged' }])
  expect(bench.patches()).toBe(before)
})

test('a prefix before the name of the account does not hide it', async () => {
  const asset = await enriched()
  const [event] = life().edit(asset.id, { 'wknd-name': 'x' }, 'ims-CLIENT-1@techacct.adobe.com')
  expect(await tell(event === undefined ? [] : [event])).toMatchObject([{ kind: 'skipped' }])
})

test('a move makes rules run again that read the path', async () => {
  const asset = await enriched()
  const outcomes = await tell(life().move(asset.id, `/content/dam/sku-2/${count}.png`))
  expect(outcomes).toMatchObject([{ kind: 'updated' }])
  expect(metadataOf(asset.id)).toMatchObject({ 'wknd-name': 'Chair' })
})

describe('another system that puts a value back', () => {
  const putBack = (id: string, changes: JsonObject) => tell(life().edit(id, changes, 'robot@example.com'))

  test('wins with the third time in an hour, and that is told; its asset is enriched otherwise', async () => {
    const asset = await enriched()
    for (let round = 1; round <= 2; round++) {
      expect(await putBack(asset.id, { 'wknd-name': 'Robot' })).toMatchObject([{ kind: 'updated' }])
      expect(metadataOf(asset.id)['wknd-name']).toBe('Lamp')
      bench.author.clock.advance(60_000)
    }
    const call = startCall()
    const third = await tell(life().edit(asset.id, { 'wknd-name': 'Robot' }, 'robot@example.com'), call)
    expect(third).toMatchObject([
      {
        kind: 'unchanged',
        leftOut: [{ property: 'wknd-name', reason: expect.stringMatching(/three times/) }],
      },
    ])
    expect(metadataOf(asset.id)['wknd-name']).toBe('Robot')
    expect(call.log.join('\n')).toMatch(/warn another system puts back .*wknd-name/)

    expect(await tell(life().edit(asset.id, { 'wknd-colour': 'x' }))).toMatchObject([{ kind: 'updated' }])
    expect(metadataOf(asset.id)).toMatchObject({ 'wknd-colour': 'red' })
  })

  test('is tried again after a day', async () => {
    const asset = await enriched()
    for (let round = 1; round <= 3; round++) await putBack(asset.id, { 'wknd-name': 'Robot' })
    bench.author.clock.advance(25 * 3_600_000)
    await putBack(asset.id, { 'dc:title': 'z' })
    expect(metadataOf(asset.id)['wknd-name']).toBe('Lamp')
  })

  test('three times in more than an hour does not count', async () => {
    const asset = await enriched()
    for (let round = 1; round <= 5; round++) {
      await putBack(asset.id, { 'wknd-name': 'Robot' })
      bench.author.clock.advance(31 * 60_000)
    }
    expect(metadataOf(asset.id)['wknd-name']).toBe('Lamp')
  })

  test('by removing it is found, too, though AEM tells of no removal', async () => {
    const asset = await enriched()
    const kinds = []
    for (let round = 1; round <= 3; round++) {
      life().edit(asset.id, { 'wknd-name': null, stamp: round }, 'robot@example.com')
      kinds.push(...(await tell(life().outbox.splice(0))).map(({ kind }) => kind))
    }
    expect(kinds.at(-1)).toBe('unchanged')
    expect(metadataOf(asset.id)['wknd-name']).toBeUndefined()
  })

  test('costs State a few keys for many assets, and none where nobody fights', async () => {
    const assets = []
    for (let n = 0; n < 100; n++) assets.push(await enriched())
    for (const { id } of assets) await tell(life().edit(id, { 'dc:title': 'x' }))
    expect(fights()).toEqual([])
    for (const { id } of assets) await putBack(id, { 'wknd-name': 'Robot' })
    expect(fights().length).toBeGreaterThan(0)
    expect(fights().length).toBeLessThanOrEqual(32)
  })
})
