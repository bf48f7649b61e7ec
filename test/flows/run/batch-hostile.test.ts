import { perform } from '../../../src/flows/perform'
import { performAll } from '../../../src/flows/run/remote-lane'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** As JSON, for JSON is read to any depth and written to a few thousand levels only. */
const hostile: [string, string][] = [
  ['5,000 levels deep', deep(5_000)],
  ['200,000 levels deep', deep(200_000)],
  ['of more text than one activation takes', `"${'x'.repeat(1_200_000)}"`],
  ['of very many values', `[${'0,'.repeat(150_000)}0]`],
]

/** An event as it should be, but for one member more. */
function eventWith(more: string): { json: string; good: unknown } {
  const asset = bench.exports.addAsset(`/content/dam/shop/hostile-${++count}.png`)
  const event = bench.exports.author.aem.publicationEvent('published', asset)
  return { json: `${JSON.stringify(event).slice(0, -1)},"more":${more}}`, good: event }
}
let count = 0

describe.each(hostile)('an event that is %s', (_, more) => {
  test('in the journal is a dead letter, and the batch goes on behind it', async () => {
    bench.journal.appendJson(eventWith(more).json)
    const [after] = bench.publish(1)
    const { answer, error } = await bench.run()

    expect(error).toBeUndefined()
    expect(answer).toMatchObject({ outcome: 'done', done: 1, deadLettered: 1, failed: 0, parked: 0 })
    expect(bench.letters()).toEqual([
      expect.objectContaining({ error: expect.objectContaining({ code: 'EVENT_MALFORMED' }) }),
    ])
    expect([...bench.exports.destinations.one.held.keys()]).toContain(after?.key)
    expect(bench.cursor()).toBe(bench.journal.positions().at(-1))
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', events: 0 })
  })

  test('by push is a dead letter as well', async () => {
    const event: unknown = JSON.parse(eventWith(more).json)
    const outcome = await perform(
      { action: 'export-asset', event },
      bench.exports.workParts.flows,
      bench.exports.context(),
    )

    expect(outcome).toMatchObject({ kind: 'dead-letter', failure: { code: 'EVENT_MALFORMED' } })
  })

  test('at a worker does not cost the others their outcome', async () => {
    const works = [JSON.parse(eventWith(more).json), eventWith('0').good].map((one) => ({
      action: 'export-asset',
      event: one,
    }))
    const outcomes = await performAll(
      works,
      { flows: bench.exports.workParts.flows, concurrency: 2 },
      bench.exports.context({ trigger: 'batch' }),
    )

    expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['dead-letter', 'exported'])
  })
})
