import { systemRandom } from '../core/clock'
import type { FlowContext } from '../flows/event-flow'
import { createRemoteLane } from '../flows/run/remote-lane'
import { runBatch } from '../flows/run/run-batch'
import type { PreparedJob } from '../flows/run/run-result'
import type { Lane } from '../flows/run/work-queue'
import { perInputs } from '../inputs/raw-inputs'
import { InputError, isSet, sourceOf } from '../inputs/values'
import { createCursorKeeper } from '../journal/cursor'
import { journalInputs } from '../journal/inputs'
import { createJournalReader, type Gap } from '../journal/reader'
import { accessFor } from './access'
import { activationsOf } from './activations'
import { destinationCount } from './export'
import { journalFlows } from './recorded-work'
import { readBatchSettings } from './run-settings'

/** An alarm comes every ten minutes. */
const runMs = 8 * 60_000
const graceMs = 60_000

/**
 * Takes due parked work and the events of the journals through the same flows as push does. Without a journal there is
 * nothing to run: its alarm is set in every deployment, and not everybody exports.
 */
export function exportBatch(context: FlowContext): PreparedJob {
  try {
    return prepareBatch(context)
  } catch (thrown) {
    const hasJournal = isSet(journalInputs, 'JOURNAL_URL', sourceOf(context.inputs))
    if (hasJournal || !(thrown instanceof InputError)) throw thrown
    const message = `${thrown.message}. Without a journal turn the alarm off: 'export-batch': 'off' under alarms in config/deployment.ts, then remove export-batch-alarm (docs/operations.md)`
    return { notSetUp: { outcome: 'failed', message, error: thrown, counts: {}, details: {} } }
  }
}

function prepareBatch(context: FlowContext): PreparedJob {
  const { readers, settings } = readersFor(context)
  const { store, clock } = context
  const parts = {
    // The records of pim-sync belong to reconcile.
    flows: journalFlows(),
    start: settings.JOURNAL_START,
    onGap: async (gap: Gap) => (await import('./alerts')).noteGap(gap, context),
    journals: readers.map(({ url, reader }) => ({
      url,
      reader,
      cursor: createCursorKeeper(url, { store, clock }),
    })),
    limits: {
      maxEvents: settings.EXPORT_MAX_EVENTS,
      maxBytes: settings.EXPORT_MAX_BYTES,
      concurrency: settings.EXPORT_CONCURRENCY,
      maxAttempts: settings.EXPORT_MAX_ATTEMPTS,
      maxPending: settings.PENDING_MAX,
      destinations: destinationCount(context),
      runMs,
      graceMs,
    },
    // The run itself is one of the workers.
    otherLanes: remoteLanes(settings.EXPORT_WORKERS - 1, context),
  }
  return () => runBatch(parts, context)
}

function remoteLanes(count: number, context: FlowContext): readonly Lane[] {
  const activations = activationsOf(context)
  if (activations === undefined) return []
  return Array.from({ length: count }, () => createRemoteLane(activations, context, systemRandom))
}

/**
 * The readers of the journals, and what else a run over them is told.
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export const readersFor = perInputs((context: FlowContext) => {
  const settings = readBatchSettings(context.inputs)
  const { http, tokens } = accessFor(context)
  const apiKey = settings.ADC_CECREDENTIALS_CLIENTID
  const { JOURNAL_URL: urls, ADC_CECREDENTIALS_ORGID: orgId } = settings
  const readers = urls.map((url) => ({
    url,
    reader: createJournalReader({ url, apiKey, orgId }, { http, tokens }),
  }))
  return { readers, settings }
})
