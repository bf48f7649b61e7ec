import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { Product } from '../../core/product'
import { isTold } from '../../metadata/tell-pim'
import type { Enriched, Skipped } from '../outcome'
import type { ExplainedFact } from './explained-fact'
import type { WriteBackParts } from './write-back'

/** Hears of each state of an asset that is decided on, and of the products that were found for it. */
export type OnProducts = (asset: Asset, products: readonly Product[]) => void

/**
 * Does work that decides on an asset, and then tells the PIM what the rules say that it is told. Without such rules, and
 * with a PIM that takes none, this is the work alone.
 * @throws {BridgeError} what `work` throws; as `tellPim`: what was written to AEM stays, and the same work, done again,
 * tells the PIM
 */
export async function thenTell(
  parts: WriteBackParts,
  call: CallContext,
  work: (onProducts: OnProducts | undefined) => Promise<Enriched | Skipped>,
): Promise<Enriched | Skipped> {
  if (!tellsPim(parts)) return work(undefined)
  const { noteWritten, tellPim, untoldOf } = await import('./write-back')
  let untold: ReturnType<typeof untoldOf>
  let decided: Parameters<OnProducts> | undefined
  // AEM may refuse what was decided: the last decision counts.
  const outcome = await work((asset, products) => {
    decided = [asset, products]
    untold = untoldOf(asset, products, parts)
  })
  try {
    if (untold === undefined || outcome.kind === 'skipped') return outcome
    const told = await tellPim(untold, parts, call)
    return told.length === 0 ? outcome : { ...outcome, told }
  } finally {
    // Last, for it is told by its state before the write.
    if (decided !== undefined && outcome.kind === 'updated')
      noteWritten(...decided, outcome.properties, parts)
  }
}

/**
 * What the PIM would be told about an asset, fact by fact; undefined where it is never told anything. Nothing is sent to
 * the PIM; to AEM, a search may be.
 * @throws {BridgeError} as the search and AEM do; permanent, `MAPPING_FAILED`
 */
export async function wouldTell(
  asset: Asset,
  products: readonly Product[],
  parts: WriteBackParts,
  call: CallContext,
): Promise<readonly ExplainedFact[] | undefined> {
  if (products.length === 0 || !tellsPim(parts)) return undefined
  return (await import('./write-back')).explainTelling(asset, products, parts, call)
}

/** Tells whether the PIM can be told something, and a rule says what. */
const tellsPim = ({ pim, enrichment }: Pick<WriteBackParts, 'pim' | 'enrichment'>): boolean =>
  pim.updateProducts !== undefined && isTold(enrichment)
