import { untilAborted } from '../../core/call-context'
import { chunksOf } from '../../core/chunks'
import { toBridgeError } from '../../core/errors'
import type { ProductRef } from '../../core/product'
import type { EnrichParts } from '../enrich/enrich-asset'
import type { FlowContext } from '../event-flow'
import { retryTransient } from '../retry-transient'
import type { RunResult } from '../run/run-result'
import { allPages, type FindParts, findAssets } from './find-assets'
import { changeTimes, syncAssets } from './sync-assets'

export type SyncParts = EnrichParts & FindParts

/** Why assets failed: each code once, with one asset as an example. */
type SyncFailure = { code: string; message: string; retryable: boolean; path?: string }

/** As many identifiers as one call to Akeneo takes. */
const refsAtOnce = 100
/** All variants of a model are held at the same time, and there may be hundreds. */
const modelsAtOnce = 10
/** Most outages are short, and editors wait for the change. `reconcile` retries after longer outages. */
const waitsMs = [5_000, 30_000, 120_000]

/**
 * Updates the assets that show these products from the PIM. Of the counts, `references` are those that were
 * given, each once; `products` those of them that the PIM knows; of `assets` one that shows several products may count
 * more than once.
 * @returns failed, when some of the assets have to be done again
 * @throws {BridgeError} what the PIM or a search threw, when it did not get better within minutes
 */
export async function syncProducts(
  references: readonly ProductRef[],
  parts: SyncParts,
  context: FlowContext,
): Promise<RunResult> {
  const { clock } = parts
  const { call, redactor } = context
  const refs = [...new Map(references.map((ref) => [`${ref.kind} ${ref.value}`, ref])).values()]
  const tally = { products: 0, assets: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  const failures = new Map<string, SyncFailure>()
  const seen = new Set<string>()
  const changedAt = new Map<string, number>()

  const packs = [...packsOf(refs)]
  for (let chunk = packs.shift(); chunk !== undefined; chunk = packs.shift()) {
    const pack = chunk
    const ask = () => untilAborted(parts.pim.getProducts(pack, call), call.signal)
    const products = await retryTransient(ask, waitsMs, clock, call).catch((thrown) => {
      // One model that the PIM cannot answer for fails its call, so the other products are asked for without the models.
      const apart = withModelsApart(pack)
      const isMixed = apart.every(({ length }) => length > 0)
      if (!isMixed || toBridgeError(thrown).failureClass !== 'permanent') throw thrown
      packs.unshift(...apart)
    })
    if (products === undefined) continue
    tally.products += products.length
    if (products.length === 0) continue
    const named = products.map(({ identifier: value }): ProductRef => ({ kind: 'identifier', value }))
    const others = chunk.filter(({ kind }) => kind !== 'identifier')
    const found = await findAssets([...others, ...named], parts, (origin, query) =>
      retryTransient(() => allPages(parts.search, origin, query, call), waitsMs, clock, call),
    )
    const times = changeTimes(chunk, products)
    for (const [identifier, at] of times) changedAt.set(identifier, at)
    // An asset of an earlier chunk is done again: its query may have returned an older state of these products.
    const assets = found.filter(({ origin, path }) => times.size > 0 || !seen.has(`${origin} ${path}`))
    for (const { origin, path } of assets) seen.add(`${origin} ${path}`)
    tally.assets += assets.length

    const synced = await syncAssets(assets, parts, call, { waitsMs, changedAt })
    for (const outcome of ['updated', 'unchanged', 'skipped', 'failed'] as const)
      tally[outcome] += synced.counts[outcome]
    for (const { asset, error } of synced.failures) {
      const { code, message, failureClass } = error
      const retryable = failureClass !== 'permanent'
      const path = asset.path === undefined ? {} : { path: redactor.text(asset.path) }
      failures.set(code, { code, message: redactor.text(message), retryable, ...path })
    }
    if (synced.stoppedBy !== undefined) break
  }
  const counts = { references: refs.length, ...tally }
  const list = [...failures.values()]
  call.logger.info('assets of changed products', { ...counts, failures: list })
  const isFailed = list.some(({ retryable }) => retryable)
  return {
    outcome: isFailed ? 'failed' : 'done',
    message: isFailed
      ? 'some assets of changed products are not in step; reconcile tries again'
      : 'the assets of changed products are in step',
    counts,
    details: { failures: list.map((one) => ({ ...one })) },
  }
}

type Refs = readonly ProductRef[]

/** Models go with other references: their variants are asked for with the other products. */
function packsOf(refs: Refs): readonly Refs[] {
  const [others, models] = withModelsApart(refs)
  const packs = [chunksOf(others, refsAtOnce), chunksOf(models, modelsAtOnce)] as const
  const count = Math.max(...packs.map(({ length }) => length))
  return Array.from({ length: count }, (_, index) => packs.flatMap((some) => some[index] ?? []))
}

function withModelsApart(refs: Refs): readonly [others: Refs, models: Refs] {
  const isModel = ({ kind }: ProductRef): boolean => kind === 'model'
  return [refs.filter((ref) => !isModel(ref)), refs.filter(isModel)]
}
