import { createHash } from 'node:crypto'
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

describe('what stands beside a file', () => {
  test('stands in the same folder, whatever that had to be called', async () => {
    bench = await startExportBench({ sidecar: true })
    const asset = bench.addAsset('/content/dam/Summer: 2025/a.png')
    await bench.run(bench.author.aem.publicationEvent('published', asset))
    const [file = '', sidecar] = keys(bench)
    expect(file).toMatch(/^Summer_ 2025-[0-9a-f]{12}\/a\.png$/)
    expect(sidecar).toBe(`${file}.json`)
  })

  test('is exported again when it was made anew', async () => {
    bench = await startExportBench({ renditions: ['web.jpeg'] })
    const { aem } = bench.author
    const content = { size: 5_000, seed: 'original' }
    const asset = aem.addAsset({
      path: '/content/dam/shop/late.png',
      content,
      assetMetadata: { exportDestination: 'one', exportImmediately: 'yes' },
      renditions: { 'web.jpeg': { size: 900, seed: 'old' } },
    })
    await bench.run(aem.publicationEvent('published', asset))
    aem.replaceContent(asset.id, content, { 'web.jpeg': { size: 950, seed: 'new' } })
    await bench.run(aem.publicationEvent('published', asset))
    expect(bench.destinations.one.held.get('shop/late.png.web.jpeg')?.size).toBe(950)
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

  test.each([
    ['lamp.png', '/content/dam/shop/lamp/inside.png'],
    ['lamp.infinity', '/content/dam/shop/lamp/inside.png'],
    ['lamp.2', '/content/dam/shop/lamp'],
  ])('is removed though Sling gives another node for its path: %s beside %s', async (name, other) => {
    bench = await startExportBench({ onDelete: 'remove' })
    const { aem, clock } = bench.author
    const asset = bench.addAsset(`/content/dam/shop/${name}`)
    await bench.run(aem.publicationEvent('published', asset))
    clock.advance(1_000)
    aem.removeAsset(asset.id)
    // Published later than the other one was deleted.
    clock.advance(60_000)
    aem.addAsset({ path: other })
    const event = aem.publicationEvent('deleted', asset, {
      time: new Date(clock.now() - 60_000).toISOString(),
    })
    expect(await bench.run(event)).toMatchObject({ outcome: 'done' })
    expect(keys(bench)).toEqual([])
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
      reason: 'a published asset stands at this path again',
    })
    expect(keys(bench)).toEqual(['shop/back.png'])
  })

  test.each(['AEM Eventing', 'the event proxy'])(
    'does not come back with an event that is repeated late: %s',
    async (sender) => {
      bench = await startExportBench({ onUnpublish: 'remove' })
      const { aem, clock } = bench.author
      const asset = bench.addAsset('/content/dam/shop/gone.png')
      const isNative = sender === 'AEM Eventing'
      const event = isNative ? aem.publicationEvent('published', asset) : aem.xdmEvent('published', asset)
      aem.edit(asset.id, ({ repositoryMetadata }) => {
        repositoryMetadata.isPublishedToAemPublish = false
      })
      // At first the author may not know yet.
      await expect(bench.run(event)).rejects.toMatchObject({ code: 'ASSET_NOT_PUBLISHED_YET' })
      clock.advance(11 * 60_000)
      expect(await bench.run(event)).toMatchObject({ destinations: [{ destination: 'one' }, {}] })
      expect(keys(bench)).toEqual([])
    },
  )

  test('while it is exported does not stay', async () => {
    bench = await startExportBench({ onUnpublish: 'remove', onDelete: 'remove' })
    const { aem } = bench.author
    const { one } = bench.destinations
    const hidden = bench.addAsset('/content/dam/shop/hidden.png')
    one.beforePublish = () => {
      aem.edit(hidden.id, ({ repositoryMetadata }) => {
        repositoryMetadata.isPublishedToAemPublish = false
      })
    }
    expect(await bench.run(aem.publicationEvent('published', hidden))).toMatchObject({
      destinations: [{ files: [{ outcome: 'removed' }] }],
    })
    const deleted = bench.addAsset('/content/dam/shop/deleted.png')
    one.beforePublish = () => aem.removeAsset(deleted.id)
    await bench.run(aem.publicationEvent('published', deleted))
    expect(keys(bench)).toEqual([])
  })

  test('stays when another asset was published at its path', async () => {
    bench = await startExportBench({ onDelete: 'remove' })
    const { aem, clock } = bench.author
    const old = bench.addAsset('/content/dam/shop/same.png')
    const late = aem.publicationEvent('deleted', old)
    aem.removeAsset(old.id)
    clock.advance(60_000)
    const next = bench.addAsset('/content/dam/shop/same.png')
    await bench.run(aem.publicationEvent('published', next))
    expect(await bench.run(late)).toMatchObject({ outcome: 'skipped' })
    expect(keys(bench)).toEqual(['shop/same.png'])
  })

  test('and published again in the same moment is there in the end', async () => {
    bench = await startExportBench({ onUnpublish: 'remove' })
    const { aem, clock } = bench.author
    const asset = bench.addAsset('/content/dam/shop/flicker.png', { exportImmediately: 'no' })
    const event = aem.publicationEvent('unpublished', asset)
    const { one } = bench.destinations
    const remove = one.remove?.bind(one)
    one.remove = async (key, signal) => {
      await remove?.(key, signal)
      clock.advance(1_000)
      aem.edit(asset.id, ({ repositoryMetadata }) => {
        repositoryMetadata['aem:published'] = new Date(clock.now()).toISOString()
      })
    }
    await bench.run(event)
    expect(keys(bench)).toEqual(['shop/flicker.png'])
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

  test('is not asked of a destination that cannot remove, unless it alone is meant', async () => {
    bench = await startExportBench({ onDelete: 'remove' })
    const { aem } = bench.author
    const asset = bench.addAsset('/content/dam/shop/stuck.png')
    const { two } = bench.destinations
    delete two.remove
    aem.removeAsset(asset.id)
    const event = aem.publicationEvent('deleted', asset)
    const result = await bench.run(event)
    expect(JSON.stringify(result)).not.toContain('"retry"')
    expect(result).toMatchObject({ destinations: [{ destination: 'one' }] })
    expect(JSON.stringify(result)).not.toContain('"two"')
    expect(bench.letters().size).toBe(0)
    await bench.run(event, { onlyDestination: 'two' })
    expect([...bench.letters().values()]).toEqual([{ destination: 'two', code: 'DESTINATION_CANNOT_REMOVE' }])
  })
})
