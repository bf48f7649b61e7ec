import type { AssetView } from '../../../sandbox/aem/author'
import type { JsonObject } from '../../../sandbox/json'
import { createAuthorHosts } from '../../../src/aem/author-host'
import { createBinarySource } from '../../../src/aem/binary/source'
import { callContextOf } from '../../../src/core/call-context'
import type { Clock } from '../../../src/core/clock'
import { permanentError } from '../../../src/core/errors'
import { createRedactor } from '../../../src/core/redaction'
import type { Pending } from '../../../src/delivery/pending'
import type { FlowContext, FlowResult } from '../../../src/flows/event-flow'
import { type ExportEventParts, exportEventWith } from '../../../src/flows/export/export-event'
import type { Flows } from '../../../src/flows/perform'
import { createHttpClient } from '../../../src/http/http-client'
import { createTokenProvider } from '../../../src/ims/token-provider'
import type { Destination, StoredObject } from '../../../src/plugin/destination'
import type { Exports } from '../../../src/plugin/destinations'
import { pathBelowDam } from '../../../src/plugin/key'
import { startAuthor, type TestAuthor } from '../../support/author'
import { startCall } from '../../support/call'
import { createMemoryStore } from '../../support/memory-store'

type Held = StoredObject & { bytes: Buffer }

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
    can: { head: true, atomic: true, conditional: false, remove: true, copyFromUrl: false },
    head: async (key) => held.get(key),
    async put(key, source, { signal }) {
      const chunks: Buffer[] = []
      for await (const chunk of await source.open(signal)) chunks.push(chunk)
      await destination.beforePublish?.(key, source.version)
      signal.throwIfAborted()
      const bytes = Buffer.concat(chunks)
      held.set(key, { version: source.version, size: bytes.length, bytes })
      destination.puts.push(key)
      return { version: source.version, size: bytes.length }
    },
    async remove(key) {
      held.delete(key)
      destination.removed.push(key)
    },
  }
  return destination
}

/** The export flow with its real parts in front of an author, and destinations in memory. */
export type ExportBench = {
  author: TestAuthor
  parts: ExportEventParts
  /** For the worker. */
  workParts: { flows: Flows; clock: Clock; maxAttempts: number }
  destinations: Record<'one' | 'two', MemoryDestination>
  letters: Map<string, { destination?: string | undefined; code: string }>
  pending: Map<string, Pending>
  /** What was started, by name and params. */
  started: unknown[]
  /** Set to have the next start fail. */
  startFails: Error | undefined
  addAsset(path: string, metadata?: JsonObject): AssetView
  /** Runs the flow on an event. */
  run(event: unknown, more?: Partial<FlowContext>): Promise<FlowResult>
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
    clock,
    exports: { destinations: {}, key: pathBelowDam(), ...exports },
    linkProperty: 'wknd-skuid',
    openSource: (options) => createBinarySource(options, { tokens, clock }),
    renditionNames: (asset, signal) => assets.renditionNames(asset, callContextOf(signal)),
    activationsOf: () => ({
      async start(action, params) {
        if (bench.startFails !== undefined) throw bench.startFails
        bench.started.push({ action, params })
        return 'worker-1'
      },
      ask: async () => undefined,
    }),
    active: () => Object.keys(destinations),
    destination(name) {
      if (name === 'one' || name === 'two') return destinations[name]
      throw permanentError('DESTINATION_UNKNOWN', `nobody knows ${name}`)
    },
  }
  const letters: ExportBench['letters'] = new Map()
  const pending: ExportBench['pending'] = new Map()
  const store = createMemoryStore(clock)
  const bench: ExportBench = {
    author,
    parts,
    workParts: {
      flows: { 'export-asset': (event, context) => exportEventWith(event, () => parts, context) },
      clock,
      maxAttempts: 5,
    },
    destinations,
    letters,
    pending,
    started: [],
    startFails: undefined,
    addAsset: (path, assetMetadata = {}) =>
      aem.addAsset({
        path,
        content: { size: 40_000, seed: path },
        assetMetadata: { exportDestination: 'one', exportImmediately: 'yes', ...assetMetadata },
      }),
    run: (event, more) => exportEventWith(event, () => parts, bench.context(more)),
    context: (more = {}) => ({
      inputs: {},
      redactor: createRedactor(),
      call: startCall(),
      activationId: 'a1',
      action: 'export-asset',
      trigger: 'push',
      deadLetters: {
        write: async ({ id, destination, error }) => void letters.set(id, { destination, code: error.code }),
        read: async () => undefined,
        remove: async (id) => void letters.delete(id),
        ids: async function* () {
          yield* letters.keys()
        },
      },
      pending: {
        write: async (one) => void pending.set(one.id, one),
        read: async (id) => pending.get(id),
        remove: async (id) => void pending.delete(id),
        ids: async function* () {
          yield* pending.keys()
        },
      },
      store,
      runtime: { apiHost: 'http://runtime', namespace: 'n', apiKey: 'k', actionName: '/n/p/export-asset' },
      ...more,
    }),
    close: () => author.close(),
  }
  return bench
}
