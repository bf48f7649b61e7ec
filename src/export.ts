import exportConfig from '../config/destinations'
import { createAssetsClient } from './aem/assets-client'
import { type AuthorHosts, createAuthorHosts } from './aem/author-host'
import { createBinarySource } from './aem/binary-source'
import type { Asset, AssetRef } from './core/asset'
import { callContextOf } from './core/call-context'
import { type Clock, systemClock } from './core/clock'
import { permanentError, systemicError } from './core/errors'
import type { Destination, DestinationContext } from './destinations/destination'
import { requireAsset } from './events/cloud-event'
import { decodeEvent, eventKey, type Publication, publicationOf } from './events/decode'
import { type Delivery, deliver, settle } from './flows/deliver-asset'
import type { EventFlow, EventResult, FlowContext, FlowResult } from './flows/event-flow'
import {
  destinationsOf,
  type ExportParts,
  exportSkipReason,
  isImmediate,
  removeFrom,
} from './flows/export-asset'
import { workOff } from './flows/work-off'
import { createHttpClient } from './http/http-client'
import { createTokenProvider } from './ims/token-provider'
import { perInputs } from './inputs/raw-inputs'
import { parseSettings } from './inputs/settings'

/** Everything that export needs, built once per container and inputs. */
type ExportGraph = ExportParts & { hosts: AuthorHosts; clock: Clock }

const graphFor = perInputs(buildGraph)

/**
 * The flow behind *asset published* (and unpublished, and deleted): the file goes to the destinations that its
 * metadata names, when it asks for that at once; everything else waits for the batch.
 */
export const exportEvent: EventFlow = async (raw, context) => {
  const event = decodeEvent(raw)
  const publication = publicationOf(event.type)
  if (publication === undefined) {
    return { message: `nothing to do for ${event.type}`, outcome: 'ignored', reason: 'unknown event type' }
  }
  requireAsset(event)
  const graph = graphFor(context)
  const ref: AssetRef = { origin: graph.hosts.resolve(event.host), id: event.assetId, path: event.path }
  const delivered = { raw, key: eventKey(raw) }
  if (publication !== 'published') return remove(publication, ref, delivered, graph, context)

  const asset = await graph.assets.readAsset(ref, context.call)
  const reason = exportSkipReason(asset)
  if (reason !== undefined) return skipped(asset, reason)
  const names = context.onlyDestination === undefined ? destinationsOf(asset) : [context.onlyDestination]
  if (names.length === 0) return skipped(asset, 'exportDestination names no destination')
  if (context.onlyDestination === undefined && !isImmediate(asset)) {
    return {
      ...skipped(asset, 'exportImmediately is not yes: the next batch run exports it'),
      outcome: 'deferred',
    }
  }
  return summary(
    asset,
    await Promise.all(names.map((name) => deliver(name, asset, delivered, graph, context))),
  )
}

/** Does the pending work of these ids; what is gone is done. */
export async function exportPending(
  ids: readonly string[],
  context: FlowContext,
): Promise<readonly EventResult[]> {
  const graph = graphFor(context)
  const results: EventResult[] = []
  for (const id of ids) {
    const pending = await context.pending.read(id, context.call.signal)
    if (pending === undefined) {
      results.push({ message: 'no such work: it is done', outcome: 'done', pending: id })
      continue
    }
    const report = await workOff(pending, graph, context)
    results.push({ message: `${report.destination}: ${report.outcome}`, ...report, pending: id })
  }
  return results
}

async function remove(
  publication: Publication,
  ref: AssetRef,
  event: { raw: unknown; key: { source: string; id: string } },
  graph: ExportGraph,
  context: FlowContext,
): Promise<FlowResult> {
  const policy = publication === 'deleted' ? graph.exports.onDelete : graph.exports.onUnpublish
  if (policy !== 'remove') {
    return {
      message: `kept at the destinations: the asset was ${publication}`,
      outcome: 'skipped',
      reason: `config/destinations.ts keeps what was ${publication}`,
    }
  }
  const names = context.onlyDestination === undefined ? graph.active() : [context.onlyDestination]
  const deliveries = await Promise.all(
    names.map(async (name) => settle(await removeFrom(name, ref, graph, context.call), event, context)),
  )
  return summary(undefined, deliveries)
}

const skipped = (asset: Asset, reason: string): EventResult => ({
  message: `skipped: ${reason}`,
  outcome: 'skipped',
  reason,
  assetdata: assetData(asset),
})

const assetData = ({ name, path, id, origin }: Asset) => ({
  assetName: name,
  assetPath: path,
  assetId: id,
  aemHost: origin,
})

function summary(asset: Asset | undefined, deliveries: readonly Delivery[]): FlowResult {
  const destinations = deliveries.map(({ report }) => report)
  const outcomes = [...new Set(destinations.map(({ outcome }) => outcome))]
  const result: EventResult = {
    message: destinations
      .map(({ destination, outcome, reason }) => `${destination}: ${outcome}${reason ? ` (${reason})` : ''}`)
      .join('; '),
    outcome: outcomes.length === 1 ? (outcomes[0] ?? 'done') : 'mixed',
    ...(asset === undefined ? {} : { assetdata: assetData(asset) }),
    destinations,
  }
  const retry = deliveries.find((delivery) => delivery.retry !== undefined)?.retry
  return retry === undefined ? result : { result, retry }
}

function buildGraph({ inputs, redactor }: FlowContext): ExportGraph {
  const settings = parseSettings(inputs)
  const http = createHttpClient()
  const hosts = createAuthorHosts(settings.AEM_AUTHOR_URLS)
  const tokens = createTokenProvider(
    {
      imsUrl: settings.IMS_URL,
      clientId: settings.ADC_CECREDENTIALS_CLIENTID,
      clientSecret: settings.ADC_CECREDENTIALS_CLIENTSECRET,
      scopes: settings.ADC_CECREDENTIALS_METASCOPES,
    },
    { http, redactor },
  )
  const assets = createAssetsClient(
    {
      origins: hosts.origins,
      apiKey: settings.AEM_API_KEY ?? settings.ADC_CECREDENTIALS_CLIENTID,
      patchPaths: settings.AEM_PATCH_PATHS,
      experimental: settings.AEM_EXPERIMENTAL,
      concurrency: settings.AEM_CONCURRENCY,
    },
    { http, tokens },
  )
  const context: DestinationContext = {
    http,
    redactor,
    input: (name) => inputs[name],
    requireInput(name, hint) {
      const value = inputs[name]
      if (value === undefined) throw systemicError('INPUT_INVALID', `${name} is not set: ${hint}`)
      return value
    },
  }
  const opened = new Map<string, Destination>()
  const { destinations } = exportConfig
  return {
    hosts,
    assets,
    exports: exportConfig,
    clock: systemClock,
    openSource: (options) => createBinarySource(options, { tokens, clock: systemClock }),
    renditionNames: (asset, signal) => assets.renditionNames(asset, callContextOf(signal)),
    active: () =>
      Object.entries(destinations).flatMap(([name, factory]) => (factory.isOn(context) ? [name] : [])),
    destination(name) {
      const known = opened.get(name)
      if (known !== undefined) return known
      const factory = Object.hasOwn(destinations, name) ? destinations[name] : undefined
      if (factory === undefined) {
        throw permanentError(
          'DESTINATION_UNKNOWN',
          `exportDestination names ${JSON.stringify(name).slice(0, 80)}; config/destinations.ts knows ${Object.keys(destinations).join(', ')}`,
        )
      }
      if (!factory.isOn(context)) {
        throw systemicError(
          'DESTINATION_OFF',
          `the destination ${name} is not set up: set its inputs (see docs/destinations/${name}.md)`,
        )
      }
      const created = factory.create(context)
      opened.set(name, created)
      return created
    },
  }
}
