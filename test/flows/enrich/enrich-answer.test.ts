import { enrichmentResult } from '../../../src/flows/enrich/enrich-answer'
import { assetWith, productWith } from '../../metadata/fixtures'

const asset = assetWith()
const [lamp, shade] = [productWith({ name: 'Lamp' }, 'lamp'), productWith({ name: 'Shade' }, 'shade')]
const about = {
  assetName: 'lamp.png',
  assetPath: '/content/dam/shop/lamp.png',
  assetId: 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
  aemHost: 'https://author-p1-e2.adobeaemcloud.com',
}

describe('the answer to an event', () => {
  test('whose asset was updated names the properties and the attributes of the product', () => {
    const properties = ['wknd-name', 'wknd-skuid']
    expect(enrichmentResult({ outcome: 'updated', asset, products: [lamp], properties })).toEqual({
      message: 'metadata updated: wknd-name, wknd-skuid',
      outcome: 'updated',
      assetdata: { ...about, pimdata: { name: 'Lamp' } },
    })
  })

  test('whose asset shows several products has the attributes of each', () => {
    expect(enrichmentResult({ outcome: 'unchanged', asset, products: [lamp, shade] })).toEqual({
      message: 'metadata is up to date',
      outcome: 'unchanged',
      assetdata: { ...about, pimdata: [{ name: 'Lamp' }, { name: 'Shade' }] },
    })
  })

  test('whose asset was skipped says why, and has no attributes', () => {
    expect(enrichmentResult({ outcome: 'skipped', asset, reason: 'the asset is discarded' })).toEqual({
      message: 'skipped: the asset is discarded',
      outcome: 'skipped',
      reason: 'the asset is discarded',
      assetdata: { ...about, pimdata: null },
    })
  })
})
