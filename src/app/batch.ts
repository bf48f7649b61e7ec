import { systemClock } from '../core/clock'
import { createActivations } from '../delivery/activations'
import { createLeases } from '../delivery/lease'
import { createRunReports } from '../delivery/run-reports'
import type { EventResult, FlowContext } from '../flows/event-flow'
import type { Flows, Outcome, Work } from '../flows/perform'
import { batchResult } from '../flows/run/batch-answer'
import { createRemoteLane, performAll } from '../flows/run/remote-lane'
import { runBatch } from '../flows/run/run-batch'
import { type Supervised, supervisedRun } from '../flows/run/supervised-run'
import { workOff } from '../flows/run/work-off'
import type { Lane } from '../flows/run/work-queue'
import { createHttpClient } from '../http/http-client'
import { createTokenProvider } from '../ims/token-provider'
import { perInputs } from '../inputs/raw-inputs'
import { createCursorKeeper } from '../journal/cursor'
import { createJournalReader } from '../journal/reader'
import { enrichEvent, syncRecorded } from './enrich'
import { exportEvent } from './export'
import { readBatchSettings, readRunSettings } from './settings'

/** The flow of each action whose events are in the journal. */
const journalFlows: Flows = {
  generic: enrichEvent,
  'export-asset': exportEvent,
  // Letters of earlier versions name the worker.
  'export-worker': exportEvent,
}

/** The flow of each action, for what comes by another way than its own event. */
export const flows: Flows = { ...journalFlows, 'pim-sync': syncRecorded }

/** Does the pending work of these ids; what is gone is done. */
export const workOffPending = (
  ids: readonly string[],
  context: FlowContext,
): Promise<readonly EventResult[]> => {
  const { EXPORT_MAX_ATTEMPTS: maxAttempts } = readRunSettings(context.inputs)
  return workOff(ids, { flows, clock: systemClock, maxAttempts }, context)
}

/** Does work that a run hands over. */
export const performWorks = (
  works: readonly Work[],
  context: FlowContext,
): Promise<readonly (Outcome | null)[]> => {
  const { EXPORT_CONCURRENCY: concurrency } = readRunSettings(context.inputs)
  return performAll(works, { flows, clock: systemClock, concurrency }, context)
}

/** An alarm comes every ten minutes. */
const runMs = 8 * 60_000
const graceMs = 60_000

/** Takes due parked work and the events of the journals through the same flows as push does. */
export async function exportBatch(context: FlowContext): Promise<Supervised> {
  const { readers, settings } = readersFor(context)
  const { store, redactor } = context
  const parts = {
    // What pim-sync has on record is for reconcile.
    flows: journalFlows,
    start: settings.JOURNAL_START,
    clock: systemClock,
    journals: readers.map(({ url, reader }) => ({
      url,
      reader,
      cursor: createCursorKeeper(url, { store, clock: systemClock }),
    })),
    leases: createLeases({ store, clock: systemClock }),
    reports: createRunReports(store, { redactor }),
    limits: {
      maxEvents: settings.EXPORT_MAX_EVENTS,
      maxBytes: settings.EXPORT_MAX_BYTES,
      concurrency: settings.EXPORT_CONCURRENCY,
      maxAttempts: settings.EXPORT_MAX_ATTEMPTS,
      maxPending: settings.PENDING_MAX,
      runMs,
      graceMs,
    },
    otherLanes: remoteLanes(settings.EXPORT_WORKERS - 1, context),
  }
  const run = async () => batchResult(await runBatch(parts, context), redactor)
  return supervisedRun('export-batch', parts, run, context)
}

/** The run is one worker itself. */
const remoteLanes = (count: number, context: FlowContext): readonly Lane[] => {
  if (count < 1 || context.runtime === undefined) return []
  const activations = createActivations(context.runtime)
  return Array.from({ length: count }, () => createRemoteLane(activations, context, systemClock))
}

const readersFor = perInputs(({ inputs, redactor }: FlowContext) => {
  const settings = readBatchSettings(inputs)
  const http = createHttpClient()
  const apiKey = settings.ADC_CECREDENTIALS_CLIENTID
  const tokens = createTokenProvider(
    {
      imsUrl: settings.IMS_URL,
      clientId: apiKey,
      clientSecret: settings.ADC_CECREDENTIALS_CLIENTSECRET,
      scopes: settings.ADC_CECREDENTIALS_METASCOPES,
    },
    { http, redactor },
  )
  const { JOURNAL_URL: urls, ADC_CECREDENTIALS_ORGID: orgId } = settings
  const readers = urls.map((url) => ({
    url,
    reader: createJournalReader({ url, apiKey, orgId }, { http, tokens }),
  }))
  return { readers, settings }
})
