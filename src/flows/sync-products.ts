import type { AssetSearch } from '../aem/asset-search'
import type { AssetRef } from '../core/asset'
import { type CallContext, untilAborted } from '../core/call-context'
import { type BridgeError, toBridgeError } from '../core/errors'
import type { ProductRef } from '../core/product'
import { type AssetQuery, searchOf } from '../metadata/matching'
import { type EnrichParts, enrichAsset } from './enrich-asset'
import { shareQuestions } from './share-questions'

export type SyncParts = EnrichParts & {
  search: AssetSearch
  /** The authors to look for assets on. */
  origins: readonly string[]
}

/** What became of the assets that show changed products. */
export type SyncReport = {
  /** References, each once. */
  references: number
  /** Products that the PIM knows of them. */
  products: number
  assets: number
  updated: number
  unchanged: number
  skipped: number
  failed: number
  /** Why, by code, with one asset each to look at. */
  failures: readonly { code: string; message: string; retryable: boolean; path: string | undefined }[]
}

/** As many identifiers as one call to Akeneo takes. */
const refsAtOnce = 100
/** Assets on their way at once; how many requests that may be is the business of each system's client. */
const assetsAtOnce = 50
const shareMs = 50
/** Nobody repeats what fails here, so it waits for a better time itself. */
const waitsMs = [5_000, 30_000, 120_000]
/** Kept for the answer. */
const graceMs = 5_000

/**
 * Brings the assets that show these products in step with the PIM. The assets are found by the link property and by
 * the way back of each matching rule; each one then goes the same way as after its own event.
 * @throws {BridgeError} what the PIM or a search threw, when it did not get better within minutes
 */
export async function syncProducts(
  references: readonly ProductRef[],
  parts: SyncParts,
  call: CallContext,
): Promise<SyncReport> {
  const { clock, origins, enrichment } = parts
  const refs = [...new Map(references.map((ref) => [`${ref.kind} ${ref.value}`, ref])).values()]
  const tally = { products: 0, assets: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  const failures = new Map<string, SyncReport['failures'][number]>()
  const seen = new Set<string>()
  const pim = shareQuestions(parts.pim, {
    clock,
    windowMs: shareMs,
    maxWaiting: assetsAtOnce,
    signal: call.signal,
  })
  let stopped = false

  for (let start = 0; start < refs.length && !stopped; start += refsAtOnce) {
    const found = await findAssets(refs.slice(start, start + refsAtOnce))
    tally.assets += found.length
    await inParallel(found, assetsAtOnce, enrichOne)
  }
  const report = { references: refs.length, ...tally, failures: [...failures.values()] }
  call.logger.info('assets of changed products', report)
  return report

  async function findAssets(chunk: readonly ProductRef[]): Promise<readonly AssetRef[]> {
    const products = await patiently(() =>
      untilAborted(parts.pim.getProducts(chunk, call.signal), call.signal),
    )
    tally.products += products.length
    if (products.length === 0) return []
    const identifiers = products.map(({ identifier }) => identifier)
    const known: ProductRef[] = [
      ...chunk.filter(({ kind }) => kind !== 'identifier'),
      ...identifiers.map((value): ProductRef => ({ kind: 'identifier', value })),
    ]
    const queries = merged([
      { property: enrichment.linkProperty, values: identifiers },
      ...enrichment.matching.flatMap((matcher) => searchOf(matcher, known) ?? []),
    ])
    const found: AssetRef[] = []
    for (const origin of origins) {
      for (const query of queries) {
        for (const asset of await patiently(() => collect(origin, query))) {
          const key = `${origin} ${asset.path}`
          if (seen.has(key)) continue
          seen.add(key)
          found.push(asset)
        }
      }
    }
    return found
  }

  /** All pages before anything is written: writing may move what comes on the next page. */
  async function collect(origin: string, query: AssetQuery): Promise<readonly AssetRef[]> {
    const assets: AssetRef[] = []
    for await (const page of parts.search.find(origin, query, call)) assets.push(...page)
    return assets
  }

  async function enrichOne(asset: AssetRef): Promise<void> {
    if (stopped) {
      tally.failed += 1
      return
    }
    try {
      const { outcome } = await patiently(() => enrichAsset(asset, { ...parts, pim }, call))
      tally[outcome] += 1
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = toBridgeError(thrown)
      // The index still knew it.
      if (error.code === 'ASSET_NOT_FOUND') {
        tally.skipped += 1
        return
      }
      tally.failed += 1
      call.logger.error('an asset of a changed product failed', { path: asset.path, error: error.toJSON() })
      const { code, message, failureClass } = error
      failures.set(code, { code, message, retryable: failureClass !== 'permanent', path: asset.path })
      // The others would fail for the same reason.
      if (failureClass === 'systemic') stopped = true
    }
  }

  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await work()
      } catch (thrown) {
        call.signal.throwIfAborted()
        const error: BridgeError = toBridgeError(thrown)
        const wait = waitsMs[attempt]
        if (error.failureClass !== 'transient' || wait === undefined) throw error
        if (clock.now() + wait + graceMs >= call.deadline) throw error
        call.logger.warn('will be tried again', { error: error.toJSON(), seconds: wait / 1000 })
        await clock.sleep(wait, call.signal)
      }
    }
  }
}

/** Of the queries for the same property one, and one for names; none that looks for nothing. */
function merged(queries: readonly AssetQuery[]): readonly AssetQuery[] {
  const properties = new Map<string, Set<string>>()
  const names = new Set<string>()
  for (const query of queries) {
    if ('names' in query) {
      for (const name of query.names) names.add(name)
      continue
    }
    const values = properties.get(query.property) ?? new Set()
    for (const value of query.values) values.add(value)
    properties.set(query.property, values)
  }
  const all: AssetQuery[] = [...properties].map(([property, values]) => ({ property, values: [...values] }))
  if (names.size > 0) all.push({ names: [...names] })
  return all.filter((query) => ('names' in query ? query.names : query.values).length > 0)
}

async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
