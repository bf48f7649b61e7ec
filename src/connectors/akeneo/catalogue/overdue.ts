import type { ProductRef } from '../../../core/product'
import type { AkeneoProduct } from './products'

/** After this time the next poll finds the products that the search still lacks. */
const longestLagMs = 60_000
/** Each product costs a call. With more of them, the times of the events are wrong rather than the search late. */
const maxOverdue = 25

/**
 * The references whose products are missing, or older than the reported change. The search of Akeneo lags behind
 * writes; reading a product by its identifier does not.
 * @param now milliseconds since the epoch
 */
export function overdueRefs(
  refs: readonly ProductRef[],
  found: readonly AkeneoProduct[],
  now: number,
): readonly ProductRef[] {
  const byName = new Map(
    found.flatMap((product) => [
      [fold(product.identifier), product] as const,
      ...(product.uuid === undefined ? [] : [[fold(product.uuid), product] as const]),
    ]),
  )
  const overdue = refs.filter(({ kind, value, changedAt }) => {
    if (kind === 'model' || changedAt === undefined || Math.abs(now - changedAt) > longestLagMs) return false
    const product = byName.get(fold(value))
    return product === undefined || (product.updatedAt ?? changedAt) < changedAt
  })
  return overdue.slice(0, maxOverdue)
}

const fold = (text: string): string => text.toLowerCase()
