import type { AssetRef } from '../core/asset'
import type { CallContext } from '../core/call-context'
import type { AssetQuery } from '../metadata/matching'
import type { AuthorRequests } from './author-requests'
import { parseNamePattern } from './node-name'
import { below, createQueryBuilder, type QueryHit, refOf } from './query-builder'

/** Finds assets by their properties or names. */
export type AssetSearch = {
  /**
   * All assets below `/content/dam` that the query matches, page by page. An asset may appear twice. For a single
   * value the result is limited to ten thousand. The index lags: an asset of the last seconds may be missing.
   * @throws {BridgeError} systemic when the credential may not search; transient otherwise
   */
  find(origin: string, query: AssetQuery, call: CallContext): AsyncIterable<readonly AssetRef[]>
  /**
   * Some asset, whichever comes first; undefined when the account is shown none.
   * @throws {BridgeError} as `find`
   */
  any(origin: string, call: CallContext): Promise<AssetRef | undefined>
}

const pageSize = 100
/** Deep pages are slow: after this many, the search is split into smaller ones. */
const usualMaxPages = 100
/** Web servers take 8 KB of URL, as a rule. */
const maxQueryBytes = 3_000

/**
 * Creates the search of a container, by AEM's QueryBuilder.
 * @param options.maxPages of one search, a hundred assets each @default 100
 */
export function createAssetSearch(author: AuthorRequests, options: { maxPages?: number } = {}): AssetSearch {
  const { maxPages = usualMaxPages } = options
  const { ask } = createQueryBuilder(author)
  return { find, any }

  async function any(origin: string, call: CallContext): Promise<AssetRef | undefined> {
    // Without an order, for AEM would sort the whole library.
    const { hits } = await ask(
      origin,
      [...below('/content/dam'), ['group.1_nodename', '*']],
      { limit: 1 },
      call,
    )
    return hits[0] === undefined ? undefined : refOf(origin, hits[0])
  }

  async function* find(
    origin: string,
    query: AssetQuery,
    call: CallContext,
  ): AsyncGenerator<readonly AssetRef[]> {
    for (const pack of packsOf(query)) yield* search(origin, pack, call)
  }

  async function* search(
    origin: string,
    query: AssetQuery,
    call: CallContext,
  ): AsyncGenerator<readonly AssetRef[]> {
    const { predicates, isMeant } = questionOf(query)
    if (predicates.length === 0) return
    for (let page = 0; page < maxPages; page++) {
      const { hits, more } = await ask(
        origin,
        [...below('/content/dam'), ...predicates, ['orderby', 'path']],
        { limit: pageSize, offset: page * pageSize },
        call,
      )
      const meant = hits.filter(isMeant)
      if (meant.length > 0) yield meant.map((hit) => refOf(origin, hit))
      if (!more || hits.length === 0) return
    }
    const halves = halvesOf(query)
    if (halves.length === 0)
      call.logger.error('a search was cut short: too many assets', { assets: maxPages * pageSize })
    // Then some assets appear twice.
    for (const half of halves) yield* search(origin, half, call)
  }
}

const valuesIn = (query: AssetQuery): readonly string[] => ('property' in query ? query.values : query.names)

const withValues = (query: AssetQuery, values: readonly string[]): AssetQuery =>
  'property' in query ? { property: query.property, values } : { names: values }

/** The halves of a query; empty for a query for one value. */
function halvesOf(query: AssetQuery): readonly AssetQuery[] {
  const values = valuesIn(query)
  if (values.length < 2) return []
  const middle = Math.ceil(values.length / 2)
  return [values.slice(0, middle), values.slice(middle)].map((half) => withValues(query, half))
}

/** Splits the values into searches whose URLs are short enough. */
function packsOf(query: AssetQuery): readonly AssetQuery[] {
  const packs: string[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const value of valuesIn(query)) {
    const bytes = encodeURIComponent(value.toWellFormed()).length + 24
    if (size + bytes > maxQueryBytes) {
      packs.push([])
      size = 0
    }
    packs.at(-1)?.push(value)
    size += bytes
  }
  return packs.map((values) => withValues(query, values))
}

type Question = {
  /** None when there is nothing to look for. */
  predicates: readonly (readonly [string, string])[]
  /** AEM takes more for wildcards than a query does: what it finds beyond that is not read. */
  isMeant(hit: QueryHit): boolean
}

function questionOf(query: AssetQuery): Question {
  if ('property' in query) {
    const values = query.values.map((value, index) => [`property.${index + 1}_value`, value] as const)
    return {
      predicates: [['property', `jcr:content/metadata/${query.property}`], ...values],
      isMeant: () => true,
    }
  }
  const patterns = query.names.flatMap((name) => parseNamePattern(name) ?? [])
  const names = patterns.map(({ predicate }, index) => [`group.${index + 1}_nodename`, predicate] as const)
  return {
    predicates: names.length === 0 ? [] : [['group.p.or', 'true'], ...names],
    isMeant({ path }) {
      const name = path.slice(path.lastIndexOf('/') + 1)
      return patterns.some(({ matches }) => matches(name))
    },
  }
}
