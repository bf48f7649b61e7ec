import { randomUUID } from 'node:crypto'
import type { AssetView } from '../../../sandbox/aem/author'
import { type AkeneoStandIn, startAkeneo } from '../../../sandbox/akeneo/akeneo'
import { createAssetSearch } from '../../../src/aem/asset-search'
import { createAuthorRequests } from '../../../src/aem/author-requests'
import { akeneoPim } from '../../../src/connectors/akeneo/pim'
import { systemClock } from '../../../src/core/clock'
import { createRedactor } from '../../../src/core/redaction'
import type { DeadLetter } from '../../../src/delivery/dead-letters'
import { createLeases } from '../../../src/delivery/lease'
import type { Pending } from '../../../src/delivery/pending'
import { createRunReports } from '../../../src/delivery/run-reports'
import type { FlowContext } from '../../../src/flows/event-flow'
import { type ReconcileParts, reconcileProducts } from '../../../src/flows/sync/reconcile-products'
import { syncAction } from '../../../src/flows/sync/recorded-work'
import { syncAgain } from '../../../src/flows/sync/sync-again'
import type { DeletedParts } from '../../../src/flows/sync/sync-deleted'
import { createHttpClient } from '../../../src/http/http-client'
import { createMemoryGate } from '../../../src/http/memory-gate'
import { createTokenProvider } from '../../../src/ims/token-provider'
import { createCursorKeeper, cursorKey } from '../../../src/journal/cursor'
import type { Cursor } from '../../../src/journal/position'
import { everyAttribute, type MappingRule } from '../../../src/metadata/mapping'
import { fromFileName, fromProperty } from '../../../src/metadata/matching'
import type { PimCommunicator } from '../../../src/plugin/pim'
import { renderRun } from '../../../src/runtime/render'
import { superviseRun } from '../../../src/runtime/supervised-run'
import { pimContext } from '../../connectors/kit/pim-context'
import { startAuthor, type TestAuthor } from '../../support/author'
import { startCall, type TestCall } from '../../support/call'
import { createMemoryStore, type MemoryStore } from '../../support/memory-store'
import { recordsOn } from '../export/export-bench'
import type { Ran } from '../run/batch-bench'

/** `reconcile` with its real parts: an author, an Akeneo, and a store in memory, on a clock that stands still. */
export type ReconcileBench = {
  author: TestAuthor
  akeneo: AkeneoStandIn
  store: MemoryStore
  mapping: MappingRule[]
  run(more?: RunOptions): Promise<Ran>
  /** Knows a product by its supplier, from now on. */
  change(sku: string, supplier: string): void
  upload(sku?: string | string[], name?: string): AssetView
  metadata(asset: { id: string }): Record<string, unknown>
  supplierOf(asset: { id: string }): unknown
  patches(): number
  cursor(): (Cursor & { at?: string }) | undefined
  pending(): Pending[]
  letters(): DeadLetter[]
  minutes(count: number): void
  close(): Promise<void>
}

type RunOptions = {
  parts?: Partial<ReconcileParts & DeletedParts>
  context?: Partial<FlowContext>
  call?: TestCall
}

const linkProperty = 'wknd-skuid'
const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] }

export async function startReconcileBench(): Promise<ReconcileBench> {
  const author = await startAuthor()
  const { aem, clock, ims } = author
  const akeneo = await startAkeneo({ clock })
  const store = createMemoryStore(clock)
  const redactor = createRedactor()
  const http = createHttpClient({ clock, random: () => 0 })
  const tokens = createTokenProvider({ imsUrl: ims.url, ...credentials }, { http, redactor, clock })
  const options = { origins: [aem.url], apiKey: 'client-1', experimental: true, concurrency: 8 }
  const requests = createAuthorRequests(options, { http, tokens, clock })
  const assets = author.client({ patchPaths: 'short', concurrency: 8 })
  const pim = akeneoPim()({ ...pimContext(akeneo.inputs()), clock, http })
  const { changesSince } = pim
  if (changesSince === undefined) throw new Error('akeneo polls')
  const source = `pim akeneo ${akeneo.url}`
  // What a run waits for takes its time; all else does not.
  const flowClock = { now: clock.now, sleep: systemClock.sleep }
  let uploads = 0

  const records = <T>(prefix: string): T[] =>
    [...store.entries()].flatMap(([key, value]) => (key.startsWith(prefix) ? [JSON.parse(value)] : []))

  const bench: ReconcileBench = {
    author,
    akeneo,
    store,
    mapping: [everyAttribute('wknd-')],
    async run({ parts = {}, context = {}, call = startCall() } = {}) {
      const own: FlowContext = {
        inputs: {},
        redactor,
        clock: flowClock,
        call,
        activationId: randomUUID(),
        action: 'reconcile',
        trigger: 'batch',
        ...recordsOn(store),
        runtime: undefined,
        ...context,
      }
      const sync = {
        assets,
        search: createAssetSearch(requests),
        origins: [aem.url],
        pim: { ...pim, changesSince } satisfies PimCommunicator,
        enrichment: {
          linkProperty,
          matching: [fromProperty(linkProperty), fromFileName()],
          mapping: bench.mapping,
        },
        clock: flowClock,
        random: () => 0,
        memory: createMemoryGate(),
        deleted: 'keep' as const,
        resolve: () => aem.url,
      }
      const flows = {
        [syncAction]: (event: unknown, it: FlowContext) => syncAgain(event, { ...sync, ...parts }, it),
      }
      const all: ReconcileParts = {
        ...sync,
        start: { from: 'back', ms: 0 },
        flows,
        cursor: createCursorKeeper(source, { store, clock }),
        limits: { runMs: 480_000, maxAttempts: 3, maxPending: 1_000 },
        ...parts,
      }
      const supervision = {
        leases: createLeases({ store, clock }),
        reports: createRunReports(store, { redactor }),
      }
      const result = await superviseRun('reconcile', supervision, () => reconcileProducts(all, own), own)
      return { answer: renderRun(result), error: result.error }
    },
    change: (sku, supplier) => {
      akeneo.catalogue.setProduct(sku, {
        values: { supplier: [{ locale: null, scope: null, data: supplier }] },
      })
    },
    upload(sku, name) {
      uploads += 1
      return aem.addAsset({
        path: `/content/dam/shop/${name ?? `file-${uploads}.png`}`,
        assetMetadata: sku === undefined ? {} : { [linkProperty]: sku },
      })
    },
    metadata: ({ id }) => aem.asset(id).assetMetadata,
    supplierOf: (asset) => bench.metadata(asset)['wknd-supplier'],
    patches: () => aem.requests.filter(({ method }) => method === 'PATCH').length,
    cursor: () => {
      const text = store.entries().get(cursorKey(source))
      return text === undefined ? undefined : JSON.parse(text)
    },
    pending: () => records<Pending>('pending.'),
    letters: () => records<DeadLetter>('dead-letter.'),
    minutes: (count) => clock.advance(count * 60_000),
    async close() {
      await akeneo.close()
      await author.close()
    },
  }
  return bench
}
