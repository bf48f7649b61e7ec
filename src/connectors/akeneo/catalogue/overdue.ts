import type { ProductRef } from '../../../core/product'
import type { AkeneoProduct } from './products'

/** What the search has not caught up with by then is found by the next poll. */
const longestLagMs = 60_000
/** Each costs a call: with more, it is the events that are early rather than the search that is late. */
const maxOverdue = 25

/**
 * The references whose products are older than the change that was told of, or missing. The search of Akeneo lags
 * behind what was written; reading a product by its own name does not.
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
