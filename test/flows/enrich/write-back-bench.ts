import type { NewAsset } from '../../../sandbox/aem/asset'
import type { AssetView } from '../../../sandbox/aem/author'
import type { AkeneoValue } from '../../../sandbox/akeneo/catalogue'
import type { JsonObject, JsonValue } from '../../../sandbox/json'
import { createAssetSearch } from '../../../src/aem/asset-search'
import { type EnrichOutcome, type EnrichParts, enrichAsset } from '../../../src/flows/enrich/enrich-asset'
import { createMemoryGate } from '../../../src/http/memory-gate'
import { defineEnrichment, type Enrichment, fromFileName, fromProperty } from '../../../src/plugin/enrichment'
import { type AkeneoBench, startBench } from '../../connectors/akeneo/pim-bench'
import { startAuthor, type TestAuthor } from '../../support/author'
import { startCall, type TestCall } from '../../support/call'

/** Enrichment between an author and an Akeneo, both as strict as the real ones. */
export type WriteBackBench = {
  author: TestAuthor
  akeneo: AkeneoBench
  parts(enrichment?: Partial<Enrichment>): EnrichParts
  upload(name: string, metadata?: JsonObject, about?: Partial<NewAsset>): AssetView
  metadata(asset: { id: string }): JsonObject
  /** A product with these values; it stays as it is otherwise. */
  product(sku: string, values: Record<string, JsonValue>): void
  /** The value of a product in Akeneo. */
  held(sku: string, attribute: string): JsonValue | undefined
  run(asset: { id: string }, parts?: EnrichParts, call?: TestCall): Promise<EnrichOutcome>
  /** Writes to Akeneo so far. */
  writes(): string[]
  /** Requests to AEM so far: `GET metadata`, `PATCH metadata`, `GET search`. */
  aemRequests(): string[]
  close(): Promise<void>
}

const linkProperty = 'wknd-skuid'

const plain = (data: JsonValue): AkeneoValue[] => [{ locale: null, scope: null, data }]

/** @param attributes texts that Akeneo knows */
export async function startWriteBackBench(attributes: readonly string[]): Promise<WriteBackBench> {
  const akeneo = await startBench({ AKENEO_LOCALES: 'en_US', AKENEO_CHANNEL: 'ecommerce' })
  const author = await startAuthor()
  const { aem, clock } = author
  for (const code of attributes) akeneo.server.catalogue.setAttribute({ code, type: 'pim_catalog_text' })
  const shared = {
    assets: author.client(),
    pim: akeneo.pim,
    clock,
    random: () => 1,
    memory: createMemoryGate(),
    siblings: { search: createAssetSearch(author.requests()), origins: [aem.url] },
  }
  const parts: WriteBackBench['parts'] = (enrichment = {}) => ({
    ...shared,
    enrichment: defineEnrichment({
      communicators: {},
      linkProperty,
      matching: [fromProperty(linkProperty), fromFileName(/^([^_.]+)/)],
      mapping: [],
      ...enrichment,
    }),
  })
  return {
    author,
    akeneo,
    parts,
    upload: (name, assetMetadata = {}, about = {}) =>
      aem.addAsset({ path: `/content/dam/shop/${name}`, assetMetadata, ...about }),
    metadata: ({ id }) => aem.asset(id).assetMetadata,
    product: (sku, values) => {
      const { catalogue } = akeneo.server
      const held = catalogue.bySku(sku)?.values ?? {}
      const news = Object.entries(values).map(([code, data]) => [code, plain(data)] as const)
      const all = Object.entries({ ...held, ...Object.fromEntries(news) })
      catalogue.setProduct(sku, {
        values: Object.fromEntries(all.filter(([, value]) => value[0]?.data !== null)),
      })
    },
    held: (sku, attribute) => akeneo.server.catalogue.bySku(sku)?.values[attribute]?.[0]?.data,
    run: ({ id }, own = parts(), call = startCall()) => enrichAsset({ origin: aem.url, id }, own, call),
    writes: () => akeneo.calls().filter((it) => it.startsWith('PATCH')),
    aemRequests: () =>
      aem.requests.map(
        ({ method, path }) => `${method} ${path.includes('querybuilder') ? 'search' : 'metadata'}`,
      ),
    async close() {
      await author.close()
      await akeneo.close()
    },
  }
}
