import enrichment from '../config/enrichment'
import { type AssetSearch, createAssetSearch } from './aem/asset-search'
import { openAuthors } from './aem/author-access'
import type { AuthorHosts } from './aem/author-host'
import { systemClock } from './core/clock'
import { systemicError } from './core/errors'
import type { ProductRef } from './core/product'
import { decodeCloudEvent, processingCompleted, requireAsset } from './events/cloud-event'
import { enrichmentResult } from './flows/enrich-answer'
import { type EnrichParts, enrichAsset } from './flows/enrich-asset'
import type { EventFlow, FlowContext } from './flows/event-flow'
import { type SyncReport, syncProducts } from './flows/sync-products'
import { createHttpClient, type HttpClient } from './http/http-client'
import { perInputs, type RawInputs } from './inputs/raw-inputs'
import { parseSettings, type Settings } from './inputs/settings'
import { classSkipReason } from './metadata/skip'
import type { PimCommunicator } from './pim/communicator'

/** Everything that enriching needs, built once per container and inputs. */
type EnrichGraph = EnrichParts & { hosts: AuthorHosts; search: AssetSearch }

const graphFor = perInputs(buildGraph)

/**
 * The flow behind *Asset Processing Completed*: the asset that the event names gets the PIM's facts into its metadata.
 * Events of other types, and about anything but a file, are acknowledged with a reason.
 */
export const enrichEvent: EventFlow = async (raw, context) => {
  const event = decodeCloudEvent(raw)
  if (event.type !== processingCompleted) {
    return {
      message: `skipped: nothing to do for ${event.type}`,
      outcome: 'ignored',
      reason: 'unknown event type',
    }
  }
  const reason = classSkipReason(event.assetClass)
  if (reason !== undefined) return { message: `skipped: ${reason}`, outcome: 'skipped', reason }
  requireAsset(event)
  const graph = graphFor(context)
  const origin = graph.hosts.resolve(event.host)
  const { assetId: id, path } = event
  const result = await enrichAsset({ origin, id, path }, graph, context.call)
  return enrichmentResult(result)
}

/**
 * The flow behind changed products: the assets that show them get the PIM's facts of now.
 * @throws {BridgeError} when it fails as a whole
 */
export const syncChanged = (references: readonly ProductRef[], context: FlowContext): Promise<SyncReport> => {
  const graph = graphFor(context)
  return syncProducts(references, { ...graph, origins: graph.hosts.origins }, context.call)
}

function buildGraph({ inputs, redactor }: FlowContext): EnrichGraph {
  const settings = parseSettings(inputs)
  const http = createHttpClient()
  const { hosts, assets, author } = openAuthors(settings, { http, redactor })
  const search = createAssetSearch(author)
  const pim = buildPim(settings, inputs, http, redactor)
  return { hosts, assets, search, pim, enrichment, clock: systemClock, random: Math.random }
}

function buildPim(
  settings: Settings,
  inputs: RawInputs,
  http: HttpClient,
  redactor: FlowContext['redactor'],
): PimCommunicator {
  const name = settings.PIM_COMMUNICATOR
  const factory = Object.hasOwn(enrichment.communicators, name) ? enrichment.communicators[name] : undefined
  if (factory === undefined) {
    const known = Object.keys(enrichment.communicators).join(', ')
    throw systemicError(
      'INPUT_INVALID',
      `PIM_COMMUNICATOR is ${JSON.stringify(name)}; config/enrichment.ts knows ${known}`,
    )
  }
  return factory({
    http,
    clock: systemClock,
    redactor,
    input: (input) => inputs[input],
    requireInput(input, hint) {
      const value = inputs[input]
      if (value === undefined) throw systemicError('INPUT_INVALID', `${input} is not set: ${hint}`)
      return value
    },
  })
}
