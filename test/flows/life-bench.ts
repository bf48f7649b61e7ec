import type { JsonValue } from '../../src/core/json'
import { createRedactor } from '../../src/core/redaction'
import { readEvent } from '../../src/events/decode'
import { changes } from '../../src/events/happening'
import type { EnrichParts } from '../../src/flows/enrich/enrich-asset'
import { enrichOnEvent } from '../../src/flows/enrich/enrich-on-event'
import { createRecentWrites, type RecentWrites } from '../../src/flows/enrich/fights'
import type { EventFlow } from '../../src/flows/event-flow'
import { createHttpClient } from '../../src/http/http-client'
import { createMemoryGate } from '../../src/http/memory-gate'
import type { Tokens } from '../../src/http/tokens'
import { createTokenProvider } from '../../src/ims/token-provider'
import { everyAttribute } from '../../src/metadata/mapping'
import { fromFileName, fromPath, fromProperty } from '../../src/metadata/matching'
import { createMemoryStore, type MemoryStore } from '../support/memory-store'
import { type ExportBench, recordsOn, startExportBench } from './export/export-bench'

/** Both flows in front of one author, a PIM in memory, destinations in memory, and State in memory. */
export type LifeBench = ExportBench & {
  store: MemoryStore
  /** The attributes of the products, by SKU. */
  products: Map<string, Record<string, JsonValue>>
  /** How often the PIM was asked. */
  asked: () => number
  enrich: EventFlow
  enrichParts: EnrichParts & { tokens: Tokens; recentWrites: RecentWrites }
  /** PATCHes that AEM got so far. */
  patches(): number
  lifeContext: ExportBench['context']
}

const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] }

export async function startLifeBench(): Promise<LifeBench> {
  const bench = await startExportBench()
  const { aem, clock, ims } = bench.author
  const store = createMemoryStore(clock)
  const products: LifeBench['products'] = new Map()
  let asked = 0
  const enrichParts: LifeBench['enrichParts'] = {
    assets: bench.author.client(),
    clock,
    random: () => 0.5,
    memory: createMemoryGate(),
    recentWrites: createRecentWrites(clock),
    tokens: createTokenProvider(
      { imsUrl: ims.url, ...credentials },
      { http: createHttpClient({ clock }), redactor: createRedactor(), clock },
    ),
    enrichment: {
      linkProperty: 'wknd-skuid',
      matching: [fromPath(/\/sku-([^/]+)\//), fromProperty('wknd-skuid'), fromFileName()],
      mapping: [everyAttribute('wknd-')],
    },
    pim: {
      name: 'memory',
      check: async () => [],
      async getProducts(refs) {
        asked += 1
        return refs.flatMap(({ value: identifier }) => {
          const attributes = products.get(identifier)
          return attributes === undefined ? [] : [{ identifier, attributes }]
        })
      },
    },
  }
  return Object.assign(bench, {
    store,
    products,
    enrichParts,
    asked: () => asked,
    patches: () => aem.requests.filter(({ method }) => method === 'PATCH').length,
    lifeContext: (more = {}) => bench.context({ ...recordsOn(store), ...more }),
    enrich: (async (raw, context) => {
      const reading = readEvent(raw, ['processed', ...changes])
      if (reading.ignored !== undefined) return { kind: 'ignored', ...reading.ignored }
      const { assetId: id, path } = reading.event
      const ref = {
        origin: aem.url,
        ...(id === undefined ? {} : { id }),
        ...(path === undefined ? {} : { path }),
      }
      return enrichOnEvent({ raw, happening: reading.happening, ref }, enrichParts, context)
    }) satisfies EventFlow,
  })
}
