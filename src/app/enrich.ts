import { resolveAuthor } from '../aem/refused-host'
import { requireAsset } from '../events/cloud-event'
import { readEvent } from '../events/decode'
import { changes } from '../events/happening'
import { eachBelow, isFolder } from '../flows/each-below'
import { enrichOnEvent } from '../flows/enrich/enrich-on-event'
import type { EventFlow, FlowContext } from '../flows/event-flow'
import type { Outcome } from '../flows/outcome'
import { batchQueries } from '../flows/sync/batch-queries'
import { joinQueries } from '../flows/sync/join-queries'
import { perInputs } from '../inputs/raw-inputs'
import { classSkipReason } from '../metadata/skip'
import { disputesOf, type EnrichGraph, graphFor, refsInOneCall } from './enrich-graph'

/**
 * The flow behind *Asset Processing Completed*: the asset that the event names gets the PIM's facts into its metadata. So
 * does one whose metadata were edited, or that was moved, where a registration sends such events.
 * Other events, those that are for others included, and those about anything but a file are acknowledged with a reason.
 * Events that come at the same time ask the PIM together.
 */
export const enrichEvent: EventFlow = (raw, context) => enrichWith(raw, joiningGraphFor, context)

const joiningGraphFor = perInputs((context: FlowContext) => {
  const graph = graphFor(context)
  return { ...graph, pim: joinQueries(graph.pim, { atOnce: queriesAtOnce, maxRefs: refsInOneCall }) }
})

/** Akeneo allows a connection four calls at once: two are left to the other actions. */
const queriesAtOnce = 2

/** The same for many events at once: the PIM is asked for the products of several in one call. */
export function enrichingInBatches(context: FlowContext): EventFlow {
  const graph = graphFor(context)
  const { clock, call } = context
  const pim = batchQueries(graph.pim, { clock, windowMs: 50, maxWaiting: refsInOneCall, call })
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
