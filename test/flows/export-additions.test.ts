import { createHash } from 'node:crypto'
import { Unfinished } from '../../src/flows/event-flow'
import { type ExportBench, startExportBench } from './export-bench'

let bench: ExportBench | undefined
afterEach(() => bench?.close())

const keys = (one: ExportBench): string[] => [...one.destinations.one.held.keys()].sort()

describe('renditions', () => {
  test('go with the original, by name or by pattern, as far as there are any', async () => {
    bench = await startExportBench({ renditions: ['web.jpeg', /^thumb\./, 'missing.png'] })
    const { aem } = bench.author
    const asset = aem.addAsset({
      path: '/content/dam/shop/lamp.png',
      assetMetadata: { exportDestination: 'one', exportImmediately: 'yes' },
      renditions: {
        'web.jpeg': { size: 3_000, seed: 'web' },
        'thumb.48.png': { size: 900, seed: 'thumb' },
        'zoom.png': { size: 9_000, seed: 'zoom' },
      },
    })
    expect(await bench.run(aem.publicationEvent('published', asset))).toMatchObject({ outcome: 'done' })
    expect(keys(bench)).toEqual(['shop/lamp.png', 'shop/lamp.png.thumb.48.png', 'shop/lamp.png.web.jpeg'])
    expect(bench.destinations.one.held.get('shop/lamp.png.web.jpeg')?.size).toBe(3_000)
    expect(await bench.run(aem.publicationEvent('published', asset))).toMatchObject({ outcome: 'unchanged' })
  })
})

describe('a sidecar', () => {
  test('holds the metadata, and is written again when only that has changed', async () => {
    bench = await startExportBench({ sidecar: true })
    const asset = bench.addAsset('/content/dam/shop/lamp.png', { 'dc:title': 'Lamp' })
    const { aem } = bench.author
    await bench.run(aem.publicationEvent('published', asset))
    const read = (): unknown =>
      JSON.parse(bench?.destinations.one.held.get('shop/lamp.png.json')?.bytes.toString() ?? '{}')
    expect(read()).toMatchObject({
      path: asset.path,
      id: asset.id,
      metadata: { 'dc:title': 'Lamp', exportDestination: 'one' },
    })
    aem.edit(asset.id, ({ assetMetadata }) => {
      assetMetadata['dc:title'] = 'Floor lamp'
    })
    bench.destinations.one.puts.length = 0
    await bench.run(aem.publicationEvent('published', asset))
    expect(read()).toMatchObject({ metadata: { 'dc:title': 'Floor lamp' } })
    expect(bench.destinations.one.puts).toEqual(['shop/lamp.png.json'])
  })

  test('never meets an asset that is named like it', async () => {
    bench = await startExportBench({ sidecar: true, renditions: [/^web\./] })
    const names = ['lamp', 'lamp.json', 'lamp.png', 'lamp.png.json', 'lamp.png.web.1.jpeg']
    const { aem } = bench.author
    const hashes = new Map<string, string>()
    for (const name of names) {
      const asset = aem.addAsset({
        path: `/content/dam/shop/${name}`,
        assetMetadata: { exportDestination: 'one', exportImmediately: 'yes' },
        renditions: { 'web.1.jpeg': { size: 500, seed: `web of ${name}` } },
      })
      hashes.set(String(asset.repositoryMetadata['dam:sha1']), name)
      await bench.run(aem.publicationEvent('published', asset))
    }
    // Each has its original, its sidecar and its rendition.
    expect(keys(bench)).toHaveLength(names.length * 3)
    const stored = [...bench.destinations.one.held.values()].map(({ bytes }) =>
      hashes.get(createHash('sha1').update(bytes).digest('hex')),
    )
    expect(stored.filter((name) => name !== undefined).sort()).toEqual([...names].sort())
  })
})

describe('what is taken back', () => {
  test('is removed everywhere, with what stands beside it', async () => {
    bench = await startExportBench({
      onUnpublish: 'remove',
      onDelete: 'remove',
      sidecar: true,
      renditions: ['web.jpeg'],
    })
    const { aem, clock } = bench.author
    for (const publication of ['unpublished', 'deleted'] as const) {
      const asset = bench.addAsset(`/content/dam/shop/${publication}.png`)
      await bench.run(aem.publicationEvent('published', asset))
      expect(keys(bench)).not.toEqual([])
      clock.advance(1_000)
      if (publication === 'deleted') aem.removeAsset(asset.id)
      const result = await bench.run(aem.xdmEvent(publication, asset))
      expect(result).toMatchObject({ destinations: [{ destination: 'one' }, { destination: 'two' }] })
      expect(keys(bench)).toEqual([])
    }
  })

  test('stays when the asset was published again after that', async () => {
    bench = await startExportBench({ onUnpublish: 'remove' })
    const { aem, clock } = bench.author
    const asset = bench.addAsset('/content/dam/shop/back.png')
    const late = aem.publicationEvent('unpublished', asset)
    clock.advance(60_000)
    aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['aem:published'] = new Date(clock.now()).toISOString()
    })
    await bench.run(aem.publicationEvent('published', asset))
    expect(await bench.run(late)).toMatchObject({
      outcome: 'skipped',
      reason: 'the asset is published again',
    })
    expect(keys(bench)).toEqual(['shop/back.png'])
  })

  test('is asked for again while AEM does not say how things stand', async () => {
    bench = await startExportBench({ onUnpublish: 'remove' })
    const asset = bench.addAsset('/content/dam/shop/unknown.png')
    bench.author.aem.faults.add({ fault: { kind: 'status', status: 503 } })
    const { aem } = bench.author
    await expect(bench.run(aem.publicationEvent('unpublished', asset))).rejects.toMatchObject({
      code: 'AEM_UNAVAILABLE',
    })
  })

  test('that a destination cannot remove is a letter', async () => {
    bench = await startExportBench({ onDelete: 'remove' })
    const { aem } = bench.author
    const asset = bench.addAsset('/content/dam/shop/stuck.png')
    delete bench.destinations.two.remove
    aem.removeAsset(asset.id)
    const result = await bench.run(aem.publicationEvent('deleted', asset))
    expect(result).not.toBeInstanceOf(Unfinished)
    expect([...bench.letters.values()]).toEqual([{ destination: 'two', code: 'DESTINATION_CANNOT_REMOVE' }])
  })
})
