import { tellRefusedHost } from '../aem/refused-host'
import { systemClock } from '../core/clock'
import { permanentError } from '../core/errors'
import { shown } from '../core/shown'
import type { EventFlow, FlowContext } from '../flows/event-flow'
import type { RunResult } from '../flows/run/run-result'
import { createReferenceBatcher } from '../flows/sync/batch-references'
import { syncInputs } from '../flows/sync/inputs'
import { syncAgain } from '../flows/sync/sync-again'
import type { DeletedParts } from '../flows/sync/sync-deleted'
import type { SyncParts } from '../flows/sync/sync-products'
import type { SyncedTogether } from '../flows/sync/sync-together'
import { type SyncWork, syncHandedOver } from '../flows/sync/sync-work'
import { perInputs } from '../inputs/raw-inputs'
import { readBoth, sourceOf, valuesOf } from '../inputs/values'
import { disputesOf, graphFor, refsInOneCall } from './enrich-graph'

/**
 * The flow for changed products: updates the assets that show them with the current values of the PIM.
 * @throws {BridgeError} when it fails as a whole
 */
export const syncChanged = (work: SyncWork, context: FlowContext): Promise<RunResult> =>
  syncHandedOver(work, { ...openSync(context), batcher: batcherFor(context) }, context)

/** An activation that comes alone begins at once. In a storm a batch waits at most so long for others. */
const syncWindowMs = 2_000

const batcherFor = perInputs(() =>
  createReferenceBatcher<SyncedTogether>({
    clock: systemClock,
    windowMs: syncWindowMs,
    countsFrom: 'batch before',
    maxRefs: refsInOneCall,
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
