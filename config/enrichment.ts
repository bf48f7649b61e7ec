import { defineEnrichment } from '../src/enrichment'
import { everyAttribute } from '../src/metadata/mapping'
import { fromFileName, fromProperty } from '../src/metadata/matching'
import { akeneoPim } from '../src/pim/akeneo'
import { mockPim } from '../src/pim/mock'
import { restPim } from '../src/pim/rest'

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
