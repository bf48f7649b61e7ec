import { randomUUID } from 'node:crypto'
import { type JournalStandIn, startJournal } from '../../../sandbox/journal'
import type { JsonObject } from '../../../sandbox/json'
import { systemClock } from '../../../src/core/clock'
import { createRedactor } from '../../../src/core/redaction'
import { createDeadLetters, type DeadLetter } from '../../../src/delivery/dead-letters'
import { createLeases, type Leases } from '../../../src/delivery/lease'
import { createPendingWork, type Pending } from '../../../src/delivery/pending'
import { createRunReports, type RunReports } from '../../../src/delivery/run-reports'
import type { EventFlow, FlowContext } from '../../../src/flows/event-flow'
import { batchResult } from '../../../src/flows/run/batch-answer'
import { runBatch } from '../../../src/flows/run/run-batch'
import type { RunLimits, RunParts } from '../../../src/flows/run/run-state'
import { type Supervised, supervisedRun } from '../../../src/flows/run/supervised-run'
import { createHttpClient } from '../../../src/http/http-client'
import { createTokenProvider } from '../../../src/ims/token-provider'
import { createCursorKeeper, cursorKey } from '../../../src/journal/cursor'
import { createJournalReader } from '../../../src/journal/reader'
import { startCall } from '../../support/call'
import { createMemoryStore, type MemoryStore } from '../../support/memory-store'
import { type ExportBench, startExportBench } from '../export/export-bench'

/** The batch with its real parts: a journal, an author, a store and destinations in memory. */
export type BatchBench = {
  exports: ExportBench
  journal: JournalStandIn
  store: MemoryStore
  /** The flow of `generic`; does nothing until it is set. */
  generic: EventFlow
  limits: RunLimits
  /** Adds assets and their events of publication. */
  publish(count: number, metadata?: JsonObject): { key: string; event: JsonObject }[]
  run(more?: {
    context?: Partial<FlowContext>
    parts?: Partial<RunParts & { leases: Leases }>
  }): Promise<Supervised>
  pending(): Pending[]
  letters(): DeadLetter[]
  cursor(): string | undefined
  close(): Promise<void>
}

const orgId = 'ORG@AdobeOrg'
const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] }

export async function startBatchBench(): Promise<BatchBench> {
  const exports = await startExportBench()
  const { clock, ims, aem } = exports.author
  const journal = await startJournal({ clock, clientId: 'client-1', orgId, isValidToken: ims.isValid })
  const store = createMemoryStore(clock)
  const redactor = createRedactor()
  let count = 0

  const records = <T>(prefix: string): T[] =>
    [...store.entries()].flatMap(([key, value]) => (key.startsWith(prefix) ? [JSON.parse(value)] : []))

  const bench: BatchBench = {
    exports,
    journal,
    store,
    generic: async () => ({ message: 'unchanged', outcome: 'unchanged' }),
    limits: {
      maxEvents: 10_000,
      maxBytes: 10 ** 12,
      concurrency: 4,
      maxAttempts: 5,
      maxPending: 1_000,
      runMs: 480_000,
      graceMs: 60_000,
    },
    publish: (number, metadata) =>
      Array.from({ length: number }, () => {
        const asset = exports.addAsset(`/content/dam/shop/batch-${++count}.png`, {
          exportImmediately: 'no',
          ...metadata,
        })
        const event = aem.publicationEvent('published', asset)
        journal.append(event)
        return { key: asset.path.slice('/content/dam/'.length), event }
      }),
    run({ context = {}, parts = {} } = {}) {
      const http = createHttpClient({ clock })
      const tokens = createTokenProvider({ imsUrl: ims.url, ...credentials }, { http, redactor, clock })
      const url = journal.journalUrl
      const reader = createJournalReader({ url, apiKey: 'client-1', orgId }, { http, tokens, clock })
      const runParts: RunParts & { leases: Leases; reports: RunReports } = {
        flows: { ...exports.workParts.flows, generic: (event, own) => bench.generic(event, own) },
        journals: [{ url, reader, cursor: createCursorKeeper(url, { store, clock }) }],
        leases: createLeases({ store, clock }),
        reports: createRunReports(store, { redactor }),
        start: { from: 'oldest' },
        // What a run waits for takes its time; all else does not.
        clock: { now: clock.now, sleep: systemClock.sleep },
        limits: bench.limits,
        ...parts,
      }
      const own = exports.context({
        call: startCall(),
        activationId: randomUUID(),
        action: 'export-batch',
        trigger: 'batch',
        deadLetters: createDeadLetters(store, { clock, redactor }),
        pending: createPendingWork(store, { redactor }),
        ...context,
      })
      const job = async () => batchResult(await runBatch(runParts, own), redactor)
      return supervisedRun('export-batch', runParts, job, own)
    },
    pending: () => records<Pending>('pending.'),
    letters: () => records<DeadLetter>('dead-letter.'),
    cursor: () => {
      const text = store.entries().get(cursorKey(journal.journalUrl))
      return text === undefined ? undefined : JSON.parse(text).position
    },
    async close() {
      await journal.close()
      await exports.close()
    },
  }
  return bench
}
