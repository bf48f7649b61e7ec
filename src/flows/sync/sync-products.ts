import { type CallContext, untilAborted } from '../../core/call-context'
import type { ProductRef } from '../../core/product'
import type { EnrichParts } from '../enrich/enrich-asset'
import { patiently } from '../patiently'
import { allPages, type FindParts, findAssets } from './find-assets'
import { changeTimes, syncAssets } from './sync-assets'

export type SyncParts = EnrichParts & FindParts

/** What became of the assets that show changed products. */
export type SyncReport = {
  /** References, each once. */
  references: number
  /** Products that the PIM knows of them. */
  products: number
  /** One that shows several products may count more than once. */
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
/** All variants of a model are held at the same time, and there may be hundreds. */
const modelsAtOnce = 10
/** Somebody waits to see the change, and most outages are short; what lasts longer is left to `reconcile`. */
const waitsMs = [5_000, 30_000, 120_000]

/**
 * Brings the assets that show these products in step with the PIM.
 * @throws {BridgeError} what the PIM or a search threw, when it did not get better within minutes
 */
export async function syncProducts(
  references: readonly ProductRef[],
  parts: SyncParts,
  call: CallContext,
): Promise<SyncReport> {
  const { clock } = parts
  const refs = [...new Map(references.map((ref) => [`${ref.kind} ${ref.value}`, ref])).values()]
  const tally = { products: 0, assets: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  const failures = new Map<string, SyncReport['failures'][number]>()
  const seen = new Set<string>()
  const changedAt = new Map<string, number>()

  for (const chunk of packsOf(refs)) {
    const ask = () => untilAborted(parts.pim.getProducts(chunk, call.signal), call.signal)
    const products = await patiently(ask, waitsMs, clock, call)
    tally.products += products.length
    if (products.length === 0) continue
    const named = products.map(({ identifier: value }): ProductRef => ({ kind: 'identifier', value }))
    const others = chunk.filter(({ kind }) => kind !== 'identifier')
    const found = await findAssets([...others, ...named], parts, (origin, query) =>
      patiently(() => allPages(parts.search, origin, query, call), waitsMs, clock, call),
    )
    const times = changeTimes(chunk, products)
    for (const [identifier, at] of times) changedAt.set(identifier, at)
    // An asset of several products may have got an older answer about these: nothing said then how old it may be.
    const assets = found.filter(({ origin, path }) => times.size > 0 || !seen.has(`${origin} ${path}`))
    for (const { origin, path } of assets) seen.add(`${origin} ${path}`)
    tally.assets += assets.length

    const synced = await syncAssets(assets, parts, call, { waitsMs, changedAt })
    for (const outcome of ['updated', 'unchanged', 'skipped', 'failed'] as const)
      tally[outcome] += synced.counts[outcome]
    for (const { asset, error } of synced.failures) {
      const { code, message, failureClass } = error
      failures.set(code, { code, message, retryable: failureClass !== 'permanent', path: asset.path })
    }
    if (synced.stoppedBy !== undefined) break
  }
  const report = { references: refs.length, ...tally, failures: [...failures.values()] }
  call.logger.info('assets of changed products', report)
  return report
}

function packsOf(refs: readonly ProductRef[]): readonly (readonly ProductRef[])[] {
  const isModel = ({ kind }: ProductRef): boolean => kind === 'model'
  const inPacks = (some: readonly ProductRef[], size: number): (readonly ProductRef[])[] =>
    Array.from({ length: Math.ceil(some.length / size) }, (_, index) =>
      some.slice(index * size, (index + 1) * size),
    )
  const others = refs.filter((ref) => !isModel(ref))
  return [...inPacks(others, refsAtOnce), ...inPacks(refs.filter(isModel), modelsAtOnce)]
}
