import { rejection, startCall } from '../../support/call'
import { type Enricher, linkProperty, startEnricher } from './enricher'

let enricher: Enricher

beforeEach(async () => {
  enricher = await startEnricher()
})
afterEach(() => enricher.close())

/** Somebody edits the asset just before each of the next writes. */
function raceFor(id: string, times: number, alsoThen: () => void = () => undefined): void {
  const { aem } = enricher.sandbox
  let left = times
  aem.onBeforePatch = () => {
    if (left <= 0) return
    left -= 1
    aem.edit(id, ({ assetMetadata }) => {
      assetMetadata['dc:title'] = `edit ${times - left}`
    })
    alsoThen()
  }
}

describe('an asset that changes while it is being updated', () => {
  test('is read again and the PIM asked again, so that the newest product and the edit both stay', async () => {
    const { pim } = enricher.sandbox
    pim.setProduct('lamp', { name: 'old' })
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    raceFor(asset.id, 1, () => pim.setProduct('lamp', { name: 'new' }))
    expect(await enricher.run(asset)).toMatchObject({ kind: 'updated' })
    expect(enricher.metadata(asset)).toMatchObject({ 'wknd-name': 'new', 'dc:title': 'edit 1' })
    expect(enricher.steps()).toEqual(['GET', 'ask lamp', 'PATCH', 'GET', 'ask lamp', 'PATCH'])
  })

  test('follows the link that the edit brought', async () => {
    const { aem, pim } = enricher.sandbox
    for (const name of ['lamp', 'shade']) pim.setProduct(name)
    const asset = enricher.upload({ assetMetadata: { [linkProperty]: 'lamp' } })
    raceFor(asset.id, 1, () =>
      aem.edit(asset.id, ({ assetMetadata }) => {
        assetMetadata[linkProperty] = 'shade'
      }),
    )
    await enricher.run(asset)
    expect(enricher.metadata(asset)).toMatchObject({ [linkProperty]: 'shade', 'wknd-sku': 'shade' })
  })

  test('needs no write when the edit said the same', async () => {
    const { aem, pim } = enricher.sandbox
    pim.setProduct('lamp', { name: 'Lamp', supplier: 'Lux' })
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    raceFor(asset.id, 1, () =>
      aem.edit(asset.id, ({ assetMetadata }) => {
        Object.assign(assetMetadata, {
          ...{ 'wknd-sku': 'lamp', 'wknd-name': 'Lamp', 'wknd-supplier': 'Lux' },
          [linkProperty]: 'lamp',
        })
      }),
    )
    expect(await enricher.run(asset)).toMatchObject({ kind: 'unchanged' })
    expect(enricher.steps()).toEqual(['GET', 'ask lamp', 'PATCH', 'GET', 'ask lamp'])
  })

  test('is left alone when the edit was a check-out', async () => {
    const { aem, pim } = enricher.sandbox
    pim.setProduct('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    raceFor(asset.id, 1, () =>
      aem.edit(asset.id, ({ repositoryMetadata }) => {
        repositoryMetadata['aem:checkedOutBy'] = 'jane'
      }),
    )
    expect(await enricher.run(asset)).toMatchObject({ kind: 'skipped' })
    expect(enricher.metadata(asset)).toEqual({ 'dc:title': 'edit 1' })
  })

  test('five times is still updated, with growing waits between', async () => {
    enricher.sandbox.pim.setProduct('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    raceFor(asset.id, 5)
    expect(await enricher.run(asset)).toMatchObject({ kind: 'updated' })
    expect(enricher.metadata(asset)).toMatchObject({ 'dc:title': 'edit 5', 'wknd-sku': 'lamp' })
    expect(enricher.clock.sleeps).toEqual([50, 100, 200, 400, 800])
  })

  test('without end is given up as transient, and no time is wasted then', async () => {
    enricher.sandbox.pim.setProduct('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    raceFor(asset.id, Number.POSITIVE_INFINITY)
    expect(await rejection(enricher.run(asset))).toMatchObject({
      failureClass: 'transient',
      code: 'METADATA_CONFLICT',
      upstream: 'AEM',
    })
    expect(enricher.steps().filter((step) => step === 'PATCH')).toHaveLength(6)
    expect(enricher.clock.sleeps).toHaveLength(5)
  })

  test('is not tried again when the time is up', async () => {
    enricher.sandbox.pim.setProduct('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    const [call, reason] = [startCall(), new Error('the time is up')]
    const clock = {
      ...enricher.clock,
      sleep: async () => {
        call.abort(reason)
        call.signal.throwIfAborted()
      },
    }
    raceFor(asset.id, Number.POSITIVE_INFINITY)
    expect(await rejection(enricher.run(asset, { clock }, call))).toBe(reason)
    expect(enricher.steps()).toEqual(['GET', 'ask lamp', 'PATCH'])
  })
})

describe('an author that answers from a replica', () => {
  /** Somebody edits the asset; so many reads still give what it was before. */
  const lag = (asset: { id: string }, reads: number) => {
    const { aem } = enricher.sandbox
    const path = `/adobe/assets/${asset.id}/metadata`
    const { assetMetadata, repositoryMetadata, etag } = aem.asset(asset.id)
    const stale = { status: 200, headers: { etag }, body: { assetMetadata, repositoryMetadata } }
    aem.faults.add({ method: 'GET', path, times: reads, fault: { kind: 'status', ...stale } })
    aem.edit(asset.id, (held) => {
      held.assetMetadata['dc:title'] = 'edit'
    })
  }

  test.each([2, 5])('that lags for %d reads is waited for, and the edit stays', async (reads) => {
    enricher.sandbox.pim.setProduct('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    lag(asset, reads)
    expect(await enricher.run(asset)).toMatchObject({ kind: 'updated' })
    expect(enricher.metadata(asset)).toMatchObject({ 'dc:title': 'edit', 'wknd-sku': 'lamp' })
    expect(enricher.steps().filter((step) => step === 'PATCH')).toHaveLength(2)
  })

  test('for longer than all rounds cannot be told from a proxy that changes ETags', async () => {
    enricher.sandbox.pim.setProduct('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    lag(asset, 6)
    expect(await rejection(enricher.run(asset))).toMatchObject({
      failureClass: 'systemic',
      code: 'AEM_ETAG_NOT_ACCEPTED',
    })
    expect(enricher.clock.sleeps).toEqual([50, 100, 200, 400, 800])
  })

  test('late is no such verdict: the last refusals were of other ETags', async () => {
    enricher.sandbox.pim.setProduct('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    let edits = 0
    raceFor(asset.id, 4, () => {
      edits += 1
      if (edits === 4)
        enricher.sandbox.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 412 } })
    })
    expect(await rejection(enricher.run(asset))).toMatchObject({
      failureClass: 'transient',
      code: 'METADATA_CONFLICT',
    })
  })
})

test('two runs at once end in the same metadata, and nobody is overwritten', async () => {
  enricher.sandbox.pim.setProduct('lamp', { name: 'Lamp' })
  const asset = enricher.upload({ path: '/content/dam/shop/lamp.png', assetMetadata: { 'dc:title': 'held' } })
  const results = await Promise.all([1, 2, 3].map(() => enricher.run(asset)))
  expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(1)
  expect(enricher.metadata(asset)).toMatchObject({ 'dc:title': 'held', 'wknd-name': 'Lamp' })
})
