import { akeneoPim } from '../src/connectors/akeneo/pim'
import { mockPim } from '../src/connectors/mock/pim'
import { restPim } from '../src/connectors/rest/pim'
import { defineEnrichment, everyAttribute, fromFileName, fromProperty } from '../src/plugin/enrichment'

const linkProperty = 'wknd-skuid'

export default defineEnrichment({
  communicators: {
    mock: mockPim(),
    rest: restPim(),
    akeneo: akeneoPim(),
  },
  linkProperty,
  matching: [fromProperty(linkProperty), fromFileName()],
  mapping: [everyAttribute('wknd-')],
})
