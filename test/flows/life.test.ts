import fc from 'fast-check'
import type { JsonObject } from '../../sandbox/json'
import { toBridgeError } from '../../src/core/errors'
import type { FlowContext } from '../../src/flows/event-flow'
import { type LifeBench, startLifeBench } from './life-bench'

let bench: LifeBench
let count = 0
beforeAll(async () => {
  bench = await startLifeBench()
  bench.products.set('1', { name: 'Lamp', colour: 'red' })
  bench.products.set('2', { name: 'Chair', colour: 'blue' })
  Object.assign(bench.parts.exports, { sidecar: true, onMove: 'follow', onUnpublish: 'remove' })
})
beforeEach(() => {
  Object.assign(bench.author.aem.life, { writesBack: false })
  bench.author.aem.life.outbox.length = 0
})
afterAll(() => bench.close())

const life = () => bench.author.aem.life
const wire = (event: JsonObject): JsonObject => JSON.parse(JSON.stringify(event))
const isEdit = ({ type }: JsonObject): boolean => type === 'aem.assets.asset.metadata_updated'

async function handle(event: JsonObject, more: Partial<FlowContext> = {}): Promise<void> {
  const context = bench.lifeContext({ trigger: 'batch', runtime: undefined, ...more })
  await bench.enrich(wire(event), { ...context, action: 'generic' })
  await bench.outcomeOf(wire(event), context)
}

/** Writes its own values over those of others whenever it hears of a change, as some systems do. */
function robot(id: string, held: JsonObject, removes: readonly string[]): void {
  const { assetMetadata } = bench.author.aem.asset(id)
  const wanted: JsonObject = { ...held, ...Object.fromEntries(removes.map((name) => [name, null])) }
  const changes = Object.entries(wanted).filter(([name, value]) =>
    value === null ? assetMetadata[name] !== undefined : assetMetadata[name] !== value,
  )
  if (changes.length > 0) life().edit(id, Object.fromEntries(changes), 'robot@example.com')
}

/** Delivers what AEM tells, in any order, until it tells nothing more. @returns how many events there were */
async function untilQuiet(
  id: string,
  choose: () => number,
  onEdit: () => void,
  most: number,
): Promise<number> {
  const { outbox } = life()
  let events = 0
  while (outbox.length > 0) {
    events += 1
    if (events > most) throw new Error(`there is no end of it: ${events} events`)
    const [event] = outbox.splice(choose() % outbox.length, 1)
    if (event === undefined) continue
    try {
      // Some events come twice.
      if (choose() % 5 === 0) await handle(event)
      await handle(event)
      bench.author.clock.advance(1_000)
    } catch (thrown) {
      if (toBridgeError(thrown).failureClass !== 'transient') throw thrown
      // Its sender delivers it again.
      outbox.push(event)
      bench.author.clock.advance(11 * 60_000)
    }
    if (isEdit(event)) onEdit()
  }
  expect(bench.author.aem.asset(id).id).toBe(id)
  return events
}

test('with write-back on, an enrichment makes a new binary, and ends after one turn', async () => {
  life().writesBack = true
  const asset = bench.addAsset(`/content/dam/w/${++count}.png`, { 'wknd-skuid': '1' })
  const before = bench.patches()
  life().outbox.push(bench.author.aem.processingCompletedEvent(asset))
  const events = await untilQuiet(
    asset.id,
    () => 0,
    () => undefined,
    20,
  )
  expect(bench.patches() - before).toBe(1)
  // Processed, then its own edit, then the new binary processed.
  expect(events).toBe(3)
  expect(bench.author.aem.asset(asset.id).repositoryMetadata['dam:sha1']).not.toBe(
    asset.repositoryMetadata['dam:sha1'],
  )
})

const act = fc.constantFrom('link-1', 'link-2', 'title', 'move', 'publish', 'unpublish', 'replace')

test('two systems that disagree, write-back and own events in any order: the traffic dies out', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 4 }),
      fc.infiniteStream(fc.nat(997)),
      fc.boolean(),
      fc.subarray(['wknd-name', 'wknd-colour']),
      fc.subarray(['wknd-colour']),
      async (acts, order, writesBack, disputed, removed) => {
        life().writesBack = writesBack
        life().outbox.length = 0
        const place = `/content/dam/p/${++count}`
        const { id } = bench.addAsset(`${place}/a.png`, { 'wknd-skuid': '1' })
        const held = Object.fromEntries(disputed.map((name) => [name, 'Robot']))
        life().outbox.push(bench.author.aem.processingCompletedEvent({ id }))
        let moves = 0
        for (const one of acts) {
          if (one === 'link-1') life().edit(id, { 'wknd-skuid': '1' })
          if (one === 'link-2') life().edit(id, { 'wknd-skuid': '2' })
          if (one === 'title') life().edit(id, { 'dc:title': `t${order.next().value}` })
          if (one === 'move') life().move(id, `${place}/m-${++moves}.png`)
          if (one === 'publish') life().publish(id)
          if (one === 'unpublish') life().unpublish(id)
          if (one === 'replace') life().replace(id, { size: 30_000, seed: `${count} ${moves}` })
        }
        const choose = () => Number(order.next().value ?? 0)
        await untilQuiet(id, choose, () => robot(id, held, removed), 250)
        // What is quiet stays quiet: whatever AEM tells once more changes nothing.
        const before = bench.patches()
        bench.author.clock.advance(1_000)
        await handle(bench.author.aem.metadataUpdatedEvent({ id }, { data: { user: null } }))
        expect(bench.patches() - before).toBeLessThanOrEqual(disputed.length + removed.length > 0 ? 1 : 0)
      },
    ),
    { numRuns: 40 },
  )
})
