import type { AssetSearch } from '../../aem/asset-search'
import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { ProductRef } from '../../core/product'
import { type AssetQuery, searchOf } from '../../metadata/matching'
import type { Enrichment } from '../../plugin/enrichment'

export type FindParts = {
  search: AssetSearch
  /** The authors to search for assets. */
  origins: readonly string[]
  enrichment: Pick<Enrichment, 'linkProperty' | 'matching'>
}

/**
 * The assets that show these products, by the link property and by the inverse of each matching rule. Each once.
 * @param refs how the products are named; those by identifier are what the link property holds
 * @param search returns all results of one query
 */
export async function findAssets(
  refs: readonly ProductRef[],
  parts: FindParts,
  search: (origin: string, query: AssetQuery) => Promise<readonly AssetRef[]>,
): Promise<readonly AssetRef[]> {
  const { enrichment, origins } = parts
  const identifiers = refs.flatMap(({ kind, value }) => (kind === 'identifier' ? [value] : []))
  const queries = merged([
    { property: enrichment.linkProperty, values: identifiers },
    ...enrichment.matching.flatMap((matcher) => searchOf(matcher, refs) ?? []),
  ])
  const found = new Map<string, AssetRef>()
  for (const origin of origins) {
    for (const query of queries) {
      for (const asset of await search(origin, query)) found.set(`${origin} ${asset.path}`, asset)
    }
  }
  return [...found.values()]
}

/** Reads all pages before anything is written, since a write may change the next page. */
export async function allPages(
  search: AssetSearch,
  origin: string,
  query: AssetQuery,
  call: CallContext,
): Promise<readonly AssetRef[]> {
  const assets: AssetRef[] = []
  for await (const page of search.find(origin, query, call)) assets.push(...page)
  return assets
}

/** Merges the queries for the same property into one, and those for names into one. Drops empty queries. */
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
