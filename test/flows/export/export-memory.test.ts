import { startCall } from '../../support/call'
import { type ExportBench, startExportBench } from './export-bench'

let bench: ExportBench
beforeEach(async () => {
  bench = await startExportBench()
})
afterEach(() => bench.close())

describe('an export', () => {
  it('reads its asset no sooner than there is memory for it', async () => {
    const asset = bench.addAsset('/content/dam/shop/lamp.png', {
      exportDestination: ['one'],
      exportImmediately: 'yes',
    })
    let free: () => void = () => undefined
    const holder = bench.parts.memory.run('elsewhere', startCall(), async (own) => {
      own.memory?.take(100_000_000)
      await new Promise<void>((resolve) => {
        free = resolve
      })
    })
    await new Promise(setImmediate)
    const sent = () => bench.author.aem.requests.length + bench.author.ims.requests.length
    const before = sent()

    const outcome = bench.outcomeOf(bench.author.aem.publicationEvent('published', asset))
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    expect(sent()).toBe(before)
    free()
    await holder

    expect(await outcome).toMatchObject({ kind: 'exported', destinations: [{ kind: 'done' }] })
  })
})
