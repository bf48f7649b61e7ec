import { mockPim } from '../../src/connectors/mock/pim'
import { defineEnrichment, everyAttribute, fromProperty } from '../../src/plugin/enrichment'

// Of the other scenes no asset has this property: one of them could have a lower id, and would speak for the product.
const linkProperty = 'wknd-product'

// A scene of `npm start` shows with these rules how a PIM is told something. The rules beside this folder never do that.
export default defineEnrichment({
  communicators: { mock: mockPim() },
  linkProperty,
  matching: [fromProperty(linkProperty)],
  mapping: [
    everyAttribute('wknd-'),
    { attribute: 'Photographer', property: 'wknd-photographer', owner: 'aem' },
  ],
})
