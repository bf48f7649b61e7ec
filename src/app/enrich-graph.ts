import enrichment from '#config/enrichment'
import { type AssetSearch, createAssetSearch } from '../aem/asset-search'
import type { AuthorHosts } from '../aem/author-host'
import { type AssetLibrary, createAssetLibrary } from '../aem/library'
import { systemClock, systemRandom } from '../core/clock'
import { shown } from '../core/shown'
import type { EnrichParts } from '../flows/enrich/enrich-asset'
import { createRecentWrites, type RecentWrites } from '../flows/enrich/fights'
import type { Disputes } from '../flows/enrich/write-back'
import type { FlowContext } from '../flows/event-flow'
import type { Tokens } from '../http/tokens'
import { perInputs } from '../inputs/raw-inputs'
import { accessTo, inputError, readBoth, sourceOf, valuesOf } from '../inputs/values'
import type { PimCommunicator } from '../plugin/pim'
import { accessFor, containerMemory, httpFor } from './access'
import { appInputs } from './inputs'

/** Everything that enriching needs, built once per container and inputs. */
export type EnrichGraph = EnrichParts & {
  hosts: AuthorHosts
  search: AssetSearch
  library: AssetLibrary
  tokens: Tokens
  recentWrites: RecentWrites
}

/** References that the PIM is asked for together: as many as one call to Akeneo takes. */
export const refsInOneCall = 100

/** The parts of enrichment; those who only ask use them, too. */
export const graphFor = perInputs(buildGraph)

/** State belongs to an activation, and the memory of what was told to the container. */
export const disputesOf = (
  { recentWrites: recent }: EnrichGraph,
  { store, clock }: FlowContext,
): Disputes => ({
  recent,
  store,
  clock,
})

function buildGraph(context: FlowContext): EnrichGraph {
  const [{ hosts, assets, author, tokens }, pim] = readBoth(
    () => accessFor(context),
    () => openPim(context),
  )
  const search = createAssetSearch(author)
  const own = { clock: systemClock, random: systemRandom, memory: containerMemory }
  return {
    hosts,
    assets,
    search,
    siblings: { search, origins: hosts.origins },
    library: createAssetLibrary(author),
    tokens,
    recentWrites: createRecentWrites(systemClock),
    pim,
    enrichment,
    ...own,
  }
}

/**
 * The communicator that the inputs name.
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export function openPim(context: FlowContext): PimCommunicator {
  const { inputs, redactor } = context
  const { PIM_COMMUNICATOR: name } = valuesOf(
    { PIM_COMMUNICATOR: appInputs.PIM_COMMUNICATOR },
    sourceOf(inputs),
  )
  const factory = Object.hasOwn(enrichment.communicators, name) ? enrichment.communicators[name] : undefined
  if (factory === undefined) {
    const known = Object.keys(enrichment.communicators).join(', ')
    throw inputError(`PIM_COMMUNICATOR is ${shown(name)}; config/enrichment.ts knows ${known}`)
  }
  return factory({ ...accessTo(inputs, redactor), name, http: httpFor(context), clock: systemClock })
}
