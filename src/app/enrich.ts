import enrichment from '#config/enrichment'
import { type AssetSearch, createAssetSearch } from '../aem/asset-search'
import type { AuthorHosts } from '../aem/author-host'
import { type AssetLibrary, createAssetLibrary } from '../aem/library'
import { resolveAuthor, tellRefusedHost } from '../aem/refused-host'
import { systemClock, systemRandom } from '../core/clock'
import { permanentError } from '../core/errors'
import { shown } from '../core/shown'
import { requireAsset } from '../events/cloud-event'
import { readEvent } from '../events/decode'
import { changes } from '../events/happening'
import { eachBelow, isFolder } from '../flows/each-below'
import type { EnrichParts } from '../flows/enrich/enrich-asset'
import { enrichOnEvent } from '../flows/enrich/enrich-on-event'
import { createRecentWrites, type RecentWrites } from '../flows/enrich/fights'
import type { Disputes } from '../flows/enrich/write-back'
import type { EventFlow, FlowContext } from '../flows/event-flow'
import type { Outcome } from '../flows/outcome'
import type { RunResult } from '../flows/run/run-result'
import { batchQueries } from '../flows/sync/batch-queries'
import { createReferenceBatcher } from '../flows/sync/batch-references'
import { syncInputs } from '../flows/sync/inputs'
import { joinQueries } from '../flows/sync/join-queries'
import { syncAgain } from '../flows/sync/sync-again'
import type { DeletedParts } from '../flows/sync/sync-deleted'
import type { SyncParts } from '../flows/sync/sync-products'
import type { SyncedTogether } from '../flows/sync/sync-together'
import { type SyncWork, syncHandedOver } from '../flows/sync/sync-work'
import type { Tokens } from '../http/tokens'
import { perInputs } from '../inputs/raw-inputs'
import { accessTo, inputError, readBoth, sourceOf, valuesOf } from '../inputs/values'
import { classSkipReason } from '../metadata/skip'
import type { PimCommunicator } from '../plugin/pim'
import { accessFor, containerMemory, httpFor } from './access'
import { appInputs } from './inputs'

/** Everything that enriching needs, built once per container and inputs. */
type EnrichGraph = EnrichParts & {
  hosts: AuthorHosts
  search: AssetSearch
  library: AssetLibrary
  tokens: Tokens
  recentWrites: RecentWrites
}

/** The parts of enrichment; those who only ask use them, too. */
export const graphFor = perInputs(buildGraph)

/**
 * The flow behind *Asset Processing Completed*: the asset that the event names gets the PIM's facts into its metadata. So
 * does one whose metadata were edited, or that was moved, where a registration sends such events.
 * Other events, those that are for others included, and those about anything but a file are acknowledged with a reason.
 * Events that come at the same time ask the PIM together.
 */
export const enrichEvent: EventFlow = (raw, context) => enrichWith(raw, joiningGraphFor, context)

const joiningGraphFor = perInputs((context: FlowContext) => {
  const graph = graphFor(context)
  return { ...graph, pim: joinQueries(graph.pim, { atOnce: queriesAtOnce, maxRefs: maxReferences }) }
})

/** Akeneo allows a connection four calls at once: two are left to the other actions. */
const queriesAtOnce = 2

/** The same for many events at once: the PIM is asked for the products of several in one call. */
export function enrichingInBatches(context: FlowContext): EventFlow {
  const graph = graphFor(context)
  const { clock, call } = context
  const pim = batchQueries(graph.pim, { clock, windowMs: 50, maxWaiting: 100, call })
  const together = { ...graph, pim, run: {} }
  return (raw, own) => enrichWith(raw, () => together, own)
}

/** The same for the events of one run: what it finds out about the assets of a product is found out once. */
export function enrichingInRun(): EventFlow {
  const run = {}
  return (raw, context) => enrichWith(raw, (own) => ({ ...graphFor(own), run }), context)
}

async function enrichWith(
  raw: unknown,
  graphOf: (context: FlowContext) => EnrichGraph,
  context: FlowContext,
): Promise<Outcome> {
  const reading = readEvent(raw, ['processed', ...changes])
  if (reading.ignored !== undefined) return { kind: 'ignored', ...reading.ignored }
  const { event, happening } = reading
  const isOfMany = isFolder(event) && happening === 'moved'
  const reason = isOfMany ? undefined : classSkipReason(event.assetClass)
  if (reason !== undefined) return { kind: 'skipped', reason }
  requireAsset(event)
  const graph = graphOf(context)
  const origin = resolveAuthor(graph.hosts, event.host, context.call)
  const { assetId: id, path } = event
  const ref = { origin, id, path }
  if (isOfMany) {
    const { library } = graph
    return eachBelow(
      { raw, event, origin },
      { library, flow: (one, own) => enrichWith(one, graphOf, own) },
      context,
    )
  }
  return enrichOnEvent({ raw, happening, ref }, { ...graph, disputes: disputesOf(graph, context) }, context)
}

/**
 * The flow for changed products: updates the assets that show them with the current values of the PIM.
 * @throws {BridgeError} when it fails as a whole
 */
export const syncChanged = (work: SyncWork, context: FlowContext): Promise<RunResult> =>
  syncHandedOver(work, { ...openSync(context), batcher: batcherFor(context) }, context)

/** An activation that comes alone begins at once. In a storm a batch waits at most so long for others. */
const syncWindowMs = 2_000
/** As many as one call to Akeneo takes. */
const maxReferences = 100

const batcherFor = perInputs(() =>
  createReferenceBatcher<SyncedTogether>({
    clock: systemClock,
    windowMs: syncWindowMs,
    countsFrom: 'batch before',
    maxRefs: maxReferences,
  }),
)

/** The flow for recorded work of `pim-sync` and `reconcile`. */
export const syncRecorded: EventFlow = (event, context) => syncAgain(event, openSync(context), context)

/** The parts that are needed to update the assets of products. */
export function openSync(
  context: FlowContext,
): SyncParts & DeletedParts & { resolve(source: unknown): string } {
  const [graph, { PIM_SYNC_DELETED: deleted }] = readBoth(
    () => graphFor(context),
    () => valuesOf(syncInputs, sourceOf(context.inputs)),
  )
  const { origins } = graph.hosts
  return {
    ...graph,
    disputes: disputesOf(graph, context),
    origins,
    deleted,
    resolve(source) {
      const origin = origins.find((one) => one === source)
      if (origin !== undefined) return origin
      const host = typeof source === 'string' && URL.canParse(source) ? new URL(source).host : source
      tellRefusedHost(host, origins, context.call)
      throw permanentError(
        'HOST_NOT_ALLOWED',
        `the record names ${shown(source)}, which is not one of AEM_AUTHOR_URLS; nothing was sent to it`,
      )
    },
  }
}

/** State belongs to an activation, and the memory of what was told to the container. */
const disputesOf = ({ recentWrites: recent }: EnrichGraph, { store, clock }: FlowContext): Disputes => ({
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
