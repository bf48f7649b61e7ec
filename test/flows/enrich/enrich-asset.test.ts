import enrichment from '../../../sample-config/enrichment'
import type { JsonObject } from '../../../sandbox/json'
import { mockPim } from '../../../src/connectors/mock/pim'
import { pimContext } from '../../connectors/kit/pim-context'
import { type Enricher, linkProperty, startEnricher } from './enricher'

let enricher: Enricher

beforeEach(async () => {
  enricher = await startEnricher()
})
afterEach(() => enricher.close())

const know = (identifier: string, attributes?: JsonObject) =>
  enricher.sandbox.pim.setProduct(identifier, attributes)
const linkedTo = (...identifiers: string[]) =>
  enricher.upload({ assetMetadata: { [linkProperty]: identifiers, 'dc:title': 'held' } })

describe('an asset whose file name is a product', () => {
  test('gets the attributes of the product and the link to it, and keeps all else', async () => {
    know('lamp (1)', { name: 'Lamp', supplier: 'Lux' })
    const asset = enricher.upload({
      path: '/content/dam/shop/lamp (1).png',
      assetMetadata: { 'dc:title': 'held', 'wknd-supplier': 'old' },
    })
    const result = await enricher.run(asset)
    expect(enricher.metadata(asset)).toEqual({
      'dc:title': 'held',
      'wknd-sku': 'lamp (1)',
      'wknd-name': 'Lamp',
      'wknd-supplier': 'Lux',
      'wknd-skuid': 'lamp (1)',
    })
    expect(result).toMatchObject({
      kind: 'updated',
      asset: { id: asset.id, path: asset.path, name: 'lamp (1).png' },
      products: [{ sku: 'lamp (1)' }],
      properties: ['wknd-sku', 'wknd-name', 'wknd-supplier', 'wknd-skuid'],
    })
    expect(enricher.steps()).toEqual(['GET', 'ask lamp (1)', 'PATCH'])
  })

  test('is found unchanged the next time, and not written', async () => {
    know('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    await enricher.run(asset)
    const { etag } = enricher.sandbox.aem.asset(asset.id)
    const before = enricher.steps().length
    expect(await enricher.run(asset)).toMatchObject({
      kind: 'unchanged',
      products: [{ sku: 'lamp' }],
    })
    expect(enricher.steps().slice(before)).toEqual(['GET', 'ask lamp'])
    expect(enricher.sandbox.aem.asset(asset.id).etag).toBe(etag)
  })

  test('gets only what the PIM changed since', async () => {
    know('lamp', { name: 'Lamp' })
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png' })
    await enricher.run(asset)
    know('lamp', { name: 'Floor lamp' })
    expect(await enricher.run(asset)).toMatchObject({ kind: 'updated', properties: ['wknd-name'] })
    const patch = enricher.sandbox.aem.requests.filter(({ method }) => method === 'PATCH').at(-1)
    expect(JSON.parse(patch?.body ?? '')).toEqual([
      { op: 'replace', path: '/wknd-name', value: 'Floor lamp' },
    ])
  })
})

describe('the product of an asset', () => {
  test('is the linked one, at the price of one question', async () => {
    know('lamp')
    know('shade')
    const asset = enricher.upload({
      path: '/content/dam/shop/shade.png',
      assetMetadata: { [linkProperty]: 'lamp' },
    })
    expect(await enricher.run(asset)).toMatchObject({ products: [{ sku: 'lamp' }] })
    expect(enricher.asked).toEqual([[{ kind: 'identifier', value: 'lamp' }]])
  })

  test('is the one of the file name when the PIM does not know the linked one', async () => {
    know('shade')
    const asset = enricher.upload({
      path: '/content/dam/shop/shade.png',
      assetMetadata: { [linkProperty]: 'lamp' },
    })
    expect(await enricher.run(asset)).toMatchObject({ products: [{ sku: 'shade' }] })
    expect(enricher.steps()).toEqual(['GET', 'ask lamp', 'ask shade', 'PATCH'])
    expect(enricher.metadata(asset)).toMatchObject({ [linkProperty]: 'shade' })
  })

  test('is asked for once, when link and file name agree', async () => {
    const asset = enricher.upload({
      path: '/content/dam/shop/lamp.png',
      assetMetadata: { [linkProperty]: 'lamp' },
    })
    await enricher.run(asset)
    expect(enricher.asked).toHaveLength(1)
  })

  test('that the PIM does not know changes nothing in AEM', async () => {
    const asset = enricher.upload({
      assetMetadata: { [linkProperty]: ['lamp', 'shade'], 'wknd-name': 'old' },
    })
    expect(await enricher.run(asset)).toMatchObject({
      kind: 'skipped',
      reason: expect.stringMatching(/^the PIM knows no product of this asset; it was asked for "/),
    })
    expect(enricher.sandbox.aem.asset(asset.id)).toEqual(asset)
    expect(enricher.steps()).not.toContain('PATCH')
  })

  test('without a candidate is not asked for', async () => {
    const enrichment = { linkProperty, matching: [], mapping: [] }
    expect(await enricher.run(enricher.upload(), { enrichment })).toMatchObject({ kind: 'skipped' })
    expect(enricher.asked).toEqual([])
  })
})

describe('an asset that shows several products', () => {
  test('gets the values of all, in the order of its link', async () => {
    know('lamp', { name: 'Lamp', supplier: 'Lux' })
    know('shade', { name: 'Shade', supplier: 'Lux' })
    const asset = linkedTo('shade', 'lamp')
    await enricher.run(asset)
    expect(enricher.metadata(asset)).toEqual({
      'dc:title': 'held',
      'wknd-sku': ['shade', 'lamp'],
      'wknd-name': ['Shade', 'Lamp'],
      'wknd-supplier': 'Lux',
      'wknd-skuid': ['shade', 'lamp'],
    })
    expect(enricher.asked).toHaveLength(1)
  })

  test('has the product of its first candidate first, however the PIM sorts', async () => {
    for (const name of ['a', 'b', 'c']) know(name)
    const asset = linkedTo('b', 'c', 'a')
    const shuffled = {
      ...enricher.pim,
      getProducts: async (...args: Parameters<typeof enricher.pim.getProducts>) =>
        (await enricher.pim.getProducts(...args)).toSorted((x, y) => (x.identifier < y.identifier ? -1 : 1)),
    }
    expect(await enricher.run(asset, { pim: shuffled })).toMatchObject({
      products: [{ sku: 'b' }, { sku: 'c' }, { sku: 'a' }],
    })
    expect(await enricher.run(asset)).toMatchObject({ kind: 'unchanged' })
  })

  test('keeps its link when the PIM has lost one of them', async () => {
    know('lamp', { name: 'Lamp' })
    know('shade', { name: 'Shade' })
    const asset = linkedTo('lamp', 'shade')
    await enricher.run(asset)
    enricher.sandbox.pim.removeProduct('shade')
    await enricher.run(asset)
    expect(enricher.metadata(asset)).toMatchObject({ [linkProperty]: ['lamp', 'shade'], 'wknd-name': 'Lamp' })
    know('shade', { name: 'Shade' })
    await enricher.run(asset)
    expect(enricher.metadata(asset)).toMatchObject({ 'wknd-name': ['Lamp', 'Shade'] })
  })

  test('takes the spelling of the PIM into its link', async () => {
    const pim = {
      name: 'own',
      getProducts: async () => [{ identifier: 'LAMP', attributes: {} }],
      check: async () => [],
    }
    const asset = enricher.upload({ assetMetadata: { [linkProperty]: 'lamp' } })
    await enricher.run(asset, { pim })
    expect(enricher.metadata(asset)).toEqual({ [linkProperty]: 'LAMP' })
  })
})

describe('an asset that must not be touched', () => {
  test.each<[string, JsonObject]>([
    ['not a file but a directory', { 'repo:assetClass': 'directory' }],
    ['the asset is discarded', { 'repo:state': 'DISCARDED' }],
    ['the asset is checked out by jane', { 'aem:checkedOutBy': 'jane' }],
    ['the asset is still processing (processing)', { 'aem:assetState': 'processing' }],
    ['the virus scan found the asset infected', { 'dam:avScanStatus': 'infected' }],
  ])('is skipped without a question to the PIM: %s', async (reason, repositoryMetadata) => {
    know('lamp')
    const asset = enricher.upload({ path: '/content/dam/shop/lamp.png', repositoryMetadata })
    expect(await enricher.run(asset)).toMatchObject({ kind: 'skipped', reason, asset: { id: asset.id } })
    expect(enricher.steps()).toEqual(['GET'])
  })
})

test('with the configuration as it comes and the mock, every asset ends with two properties and stays so', async () => {
  const parts = { pim: mockPim()(pimContext()), enrichment }
  const links: JsonObject[] = [
    {},
    { 'wknd-skuid': 'MockSKU 123' },
    { 'wknd-skuid': ['other', 'MockSKU 123'] },
  ]
  for (const link of links) {
    const asset = enricher.upload({ assetMetadata: link })
    await enricher.run(asset, parts)
    expect(enricher.metadata(asset)).toEqual({
      'wknd-skuid': link['wknd-skuid'] ?? 'MockSKU 123',
      'wknd-suppliername': 'mock-supplier',
    })
    expect(await enricher.run(asset, parts)).toMatchObject({ kind: 'unchanged' })
  }
})
