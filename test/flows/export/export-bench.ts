import type { AssetView } from '../../../sandbox/aem/author'
import type { JsonObject } from '../../../sandbox/json'
import { createAuthorHosts } from '../../../src/aem/author-host'
import { createBinarySource } from '../../../src/aem/binary/source'
import { createAssetLibrary } from '../../../src/aem/library'
import { permanentError } from '../../../src/core/errors'
import { createRedactor } from '../../../src/core/redaction'
import { openDeadLetters } from '../../../src/delivery/dead-letters'
import { openPendingWork, type Pending } from '../../../src/delivery/pending'
import type { FlowContext, Flows } from '../../../src/flows/event-flow'
import { exportEventWith } from '../../../src/flows/export/export-event'
import type { ExportEventParts } from '../../../src/flows/export/export-task'
import type { Outcome } from '../../../src/flows/outcome'
import { createHttpClient } from '../../../src/http/http-client'
import { createMemoryGate } from '../../../src/http/memory-gate'
import { createTokenProvider } from '../../../src/ims/token-provider'
import type { Destination, StoredObject } from '../../../src/plugin/destination'
import type { Exports } from '../../../src/plugin/destinations'
import { pathBelowDam } from '../../../src/plugin/key'
import { type Rendered, renderOutcome } from '../../../src/runtime/render'
import type { Store } from '../../../src/store/store'
import { startAuthor, type TestAuthor } from '../../support/author'
import { startCall } from '../../support/call'
import { createMemoryStore } from '../../support/memory-store'

type Held = StoredObject & { bytes: Buffer; assetId?: string }

/** A destination in memory: atomic, not conditional, as a folder is. */
export type MemoryDestination = Destination & {
  held: Map<string, Held>
  puts: string[]
  removed: string[]
  /** Runs when a file has been read and is not yet visible. */
  beforePublish: ((key: string, version: string) => void | Promise<void>) | undefined
}

function memoryDestination(name: string): MemoryDestination {
  const held = new Map<string, Held>()
  const destination: MemoryDestination = {
    name,
    held,
    puts: [],
    removed: [],
    beforePublish: undefined,
    head: async (key) => held.get(key),
    async put(key, source, _, call) {
      const chunks: Buffer[] = []
      for await (const chunk of await source.open(call)) chunks.push(chunk)
      await destination.beforePublish?.(key, source.version)
      call.signal.throwIfAborted()
      const bytes = Buffer.concat(chunks)
      const { version, asset } = source
      held.set(key, { version, size: bytes.length, bytes, ...(asset && { assetId: asset.id }) })
      destination.puts.push(key)
      return { version: source.version, size: bytes.length }
    },
    async remove(key) {
      held.delete(key)
      destination.removed.push(key)
    },
    check: async () => [],
  }
  return destination
}

/** The export flow with its real parts in front of an author, and destinations in memory. */
export type ExportBench = {
  author: TestAuthor
  parts: ExportEventParts
  /** For the worker. */
  workParts: { flows: Flows; maxAttempts: number }
  destinations: Record<'one' | 'two', MemoryDestination>
  /** What is in the store now, by id. */
  letters(): Map<string, { destination?: string; code: string }>
  pending(): Map<string, Pending>
  /** Forgets what is on record. */
  forget(): void
  /** What was started, by name and params. */
  started: unknown[]
  /** Set to have the next start fail. */
  startFails: Error | undefined
  addAsset(path: string, metadata?: JsonObject): AssetView
  /** Runs the flow on an event. */
  outcomeOf(event: unknown, more?: Partial<FlowContext>): Promise<Outcome>
  /** The same, as it is answered. */
  run(event: unknown, more?: Partial<FlowContext>): Promise<Rendered>
  context(more?: Partial<FlowContext>): FlowContext
  close(): Promise<void>
}

const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] }

export async function startExportBench(exports: Partial<Exports> = {}): Promise<ExportBench> {
  const author = await startAuthor()
  const { aem, clock, ims } = author
  const tokens = createTokenProvider(
    { imsUrl: ims.url, ...credentials },
    { http: createHttpClient({ clock }), redactor: createRedactor(), clock },
  )
  const assets = author.client()
  const destinations = { one: memoryDestination('one'), two: memoryDestination('two') }
  const parts: ExportEventParts = {
    hosts: createAuthorHosts([aem.url]),
    assets,
    memory: createMemoryGate(),
    library: createAssetLibrary(author.requests()),
    exports: { destinations: {}, key: pathBelowDam(), ...exports },
    linkProperty: 'wknd-skuid',
    clock,
    random: () => 0.5,
    openSource: (options) => createBinarySource(options, { tokens, clock }),
    renditionNames: (asset, call) => assets.renditionNames(asset, call),
    activations: ({ runtime }) =>
      runtime && {
        async start(action, params) {
          if (bench.startFails !== undefined) throw bench.startFails
          bench.started.push({ action, params })
          return 'worker-1'
        },
        ask: async () => undefined,
      },
    active: () => Object.keys(destinations),
    destination(name) {
      if (name === 'one' || name === 'two') return destinations[name]
      throw permanentError('DESTINATION_UNKNOWN', `nobody knows ${name}`)
    },
  }
  let store = createMemoryStore(clock)
  const records = (prefix: string) =>
    [...store.entries()].flatMap(([key, value]) => (key.startsWith(prefix) ? [JSON.parse(value)] : []))
  const bench: ExportBench = {
    author,
    parts,
    workParts: {
      flows: { 'export-asset': (event, context) => exportEventWith(event, () => parts, context) },
      maxAttempts: 5,
    },
    destinations,
    letters: () =>
      new Map(
        records('dead-letter.').map(({ id, destination, error }) => [id, { destination, code: error.code }]),
      ),
    pending: () => new Map(records('pending.').map((record) => [record.id, record])),
    forget() {
      store = createMemoryStore(clock)
    },
    started: [],
    startFails: undefined,
    addAsset: (path, assetMetadata = {}) =>
      aem.addAsset({
        path,
        content: { size: 40_000, seed: path },
        assetMetadata: { exportDestination: 'one', exportImmediately: 'yes', ...assetMetadata },
      }),
    outcomeOf: (event, more) => exportEventWith(event, () => parts, bench.context(more)),
    run: async (event, more) => renderOutcome(await bench.outcomeOf(event, more)),
    context: (more = {}) => ({
      inputs: {},
      redactor: createRedactor(),
      clock,
      call: startCall(),
      activationId: 'a1',
      action: 'export-asset',
      trigger: 'push',
      ...recordsOn(store),
      runtime: { apiHost: 'http://runtime', namespace: 'n', apiKey: 'k', actionName: '/n/p/export-asset' },
      ...more,
    }),
    close: () => author.close(),
  }
  return bench
}

/** The records of a store, as a flow gets them. */
export const recordsOn = (store: Store): Pick<FlowContext, 'store' | 'deadLetters' | 'pending'> => ({
  store,
  deadLetters: openDeadLetters(store),
  pending: openPendingWork(store),
})
