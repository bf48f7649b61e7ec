import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { Product } from '../../core/product'
import { isTold } from '../../metadata/tell-pim'
import type { Enriched, Skipped } from '../outcome'
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
  const { tellPim, untoldOf } = await import('./write-back')
  let untold: ReturnType<typeof untoldOf>
  // AEM may refuse what was decided: the last decision counts.
  const outcome = await work((asset, products) => {
    untold = untoldOf(asset, products, parts)
  })
  if (untold === undefined || outcome.kind === 'skipped') return outcome
  const told = await tellPim(untold, parts, call)
  return told.length === 0 ? outcome : { ...outcome, told }
}

/** Tells whether the PIM can be told something, and a rule says what. */
export const tellsPim = ({ pim, enrichment }: Pick<WriteBackParts, 'pim' | 'enrichment'>): boolean =>
  pim.updateProducts !== undefined && isTold(enrichment)
