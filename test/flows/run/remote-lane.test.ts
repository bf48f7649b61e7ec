import { parse } from 'valibot'
import type { Activations } from '../../../src/delivery/activations'
import { decodeEvent } from '../../../src/events/decode'
import { createRemoteLane, performAll, Works } from '../../../src/flows/run/remote-lane'
import type { Work } from '../../../src/flows/work'
import { type BatchBench, startBatchBench } from './batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

/** The lane with the worker's side behind it, and what went over the wire between them. */
function lane() {
  const sent: string[] = []
  const { flows } = bench.exports.workParts
  const activations: Activations = {
    start: () => Promise.reject(new Error('nothing is started')),
    async ask(_, params) {
      sent.push(JSON.stringify(params))
      const { works } = parse(Works, JSON.parse(sent.at(-1) ?? ''))
      const context = bench.exports.context({ trigger: 'batch' })
      return { outcomes: await performAll(works, { flows, concurrency: 2 }, context) }
    },
  }
  return { sent, ...createRemoteLane(activations, bench.exports.context(), () => 0) }
}

function published(): Work {
  const asset = bench.exports.addAsset(`/content/dam/shop/lane-${++count}.png`)
  return { action: 'export-asset', event: bench.exports.author.aem.publicationEvent('published', asset) }
}
let count = 0

describe('what is handed over to a worker', () => {
  test('names the asset and nobody who published it', async () => {
    const works = [published(), { ...published(), destination: 'one' }]
    const { run, sent } = lane()

    expect(JSON.stringify(works)).toContain('ada@example.com')
    expect(await run(works)).toMatchObject([{ kind: 'exported' }, { kind: 'exported' }])
    expect(sent).toHaveLength(1)
    expect(sent[0]).not.toMatch(/ada@|"Ada"|assetMetadata/)
    const { works: received } = parse(Works, JSON.parse(sent[0] ?? ''))
    expect(received.map(({ event }) => decodeEvent(event))).toEqual(
      works.map(({ event }) => decodeEvent(event)),
    )
  })

  test('leaves the rest of its record behind', async () => {
    const record = { ...published(), id: 'f'.repeat(32), history: [{ message: 'of before' }] }
    const { run, sent } = lane()
    await run([record])

    expect(sent[0]).not.toContain('of before')
  })

  test('is no event that cannot be read: the run makes a dead letter of it itself', async () => {
    const { run, sent } = lane()
    const poison = { action: 'export-asset', event: { id: 'x', user: 'ada@example.com' } }

    const [first, second, third] = await run([published(), poison, published()])
    expect([first, second, third]).toMatchObject([{ kind: 'exported' }, undefined, { kind: 'exported' }])
    expect(sent[0]).not.toContain('ada@example.com')
    expect(await run([poison])).toEqual([])
    expect(sent).toHaveLength(1)
  })
})
