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

  it('whose upload hangs holds up no other one, however large their assets are', async () => {
    const publish = (name: string, destination: string, size: number) => {
      const asset = bench.addAsset(`/content/dam/shop/${name}.png`, {
        exportDestination: [destination],
        exportImmediately: 'yes',
        'dc:description': 'x'.repeat(size),
      })
      // An event has its limits, too; this one names the asset only.
      return bench.outcomeOf({
        type: 'aem.assets.asset.published',
        id: name,
        source: 'urn:test',
        data: { repositoryMetadata: { 'repo:path': asset.path } },
      })
    }
    let release: () => void = () => undefined
    const hangs = new Promise<void>((resolve) => {
      release = resolve
    })
    let began: () => void = () => undefined
    const uploading = new Promise<void>((resolve) => {
      began = resolve
    })
    bench.destinations.one.beforePublish = () => {
      began()
      return hangs
    }
    const hanging = publish('hanging', 'one', 7_000_000)
    await uploading

    for (const outcome of [await publish('large', 'two', 7_000_000), await publish('small', 'two', 10)])
      expect(outcome).toMatchObject({ kind: 'exported', destinations: [{ kind: 'done' }] })
    release()
    expect(await hanging).toMatchObject({ kind: 'exported', destinations: [{ kind: 'done' }] })
  })
})
