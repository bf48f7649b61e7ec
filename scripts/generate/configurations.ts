import ownDeployment from '../../config/deployment'
import ownDestinations from '../../config/destinations'
import ownEnrichment from '../../config/enrichment'
import sampleDeployment from '../../sample-config/deployment'
import sampleDestinations from '../../sample-config/destinations'
import sampleEnrichment from '../../sample-config/enrichment'
import type { Deployment } from '../../src/plugin/deployment'
import type { Exports } from '../../src/plugin/destinations'
import type { Enrichment } from '../../src/plugin/enrichment'

/** All that a user decides in code. */
export type Configuration = { enrichment: Enrichment; destinations: Exports; deployment: Deployment }

/** What is deployed: `config/`, which belongs to the user. */
export const ownConfiguration: Configuration = {
  enrichment: ownEnrichment,
  destinations: ownDestinations,
  deployment: ownDeployment,
}

/** What the app comes with, and what tests, demonstrations and the docs are about: `sample-config/`. */
export const sampleConfiguration: Configuration = {
  enrichment: sampleEnrichment,
  destinations: sampleDestinations,
  deployment: sampleDeployment,
}
