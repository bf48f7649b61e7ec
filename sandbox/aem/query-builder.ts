import type { JsonObject, JsonValue } from '../json'
import { type Answer, json, problem, type RecordedRequest } from '../server'
import type { AemAsset } from './asset'
import {
  type Condition,
  dateOf,
  holderOf,
  isPredicate,
  QueryRefused,
  readConditions,
} from './query-predicates'

/** How the index behind the search behaves; may be changed at any time. */
export type SearchSettings = {
  /** Assets by path that the index does not know yet, or still knows though they are gone. */
  missing: Set<string>
  stale: Set<string>
  /** Metadata properties that no index has, in a library that is too large to be searched without. */
  unindexed: Set<string>
  /** Properties of a path that the index of assets lacks: a search by one of them reads node after node. */
  nodeProperties: Set<string>
  /** Nodes that a search may read. Source: LimitReads of Oak's query engine. @default 100000 */
  readLimit: number
}

/** As an author has it out of the box. Source: damAssetLucene, as projects publish it with their own properties added. */
export const usualSearch = (): SearchSettings => ({
  missing: new Set(),
  stale: new Set(),
  unindexed: new Set(),
  nodeProperties: new Set([
    'jcr:uuid',
    'jcr:content/cq:lastReplicated',
    'jcr:content/cq:lastReplicated_publish',
  ]),
  readLimit: 100_000,
})

/** All assets of a span, by the date of their creation; both ends are included, in milliseconds since the epoch. */
export type AssetsByDate = (from: number, to: number) => Iterable<AemAsset>

const PLAIN = ['path', 'type', 'orderby', 'orderby.sort', 'group.p.or', 'group.p.not']
const PAGING = ['p.limit', 'p.offset', 'p.guessTotal', 'p.hits', 'p.properties']
/** What a web server takes in a request line, and says 414 beyond. */
const MAX_QUERY = 8_000
const GONE = '00000000-0000-4000-8000-000000000000'

/**
 * Answers `/bin/querybuilder.json` for assets: by properties, dates and names. Stricter than AEM, which passes over what
 * it does not know: an unknown or repeated predicate, a search that is not narrowed, or `p.limit=-1` is 400.
 */
export const queryBuilder = (
  request: RecordedRequest,
  assets: AssetsByDate,
  settings: SearchSettings,
): Answer => {
  if (request.method !== 'GET')
    return problem(405, `${request.method} is not possible here`, { allow: 'GET' })
  if (new URLSearchParams(request.query).toString().length > MAX_QUERY)
    return problem(414, 'The URI is too long')
  try {
    return answer(request.query, assets, settings)
  } catch (error) {
    if (error instanceof QueryRefused) return problem(error.status, error.message)
    throw error
  }
}

const answer = (
  query: Readonly<Record<string, string>>,
  assets: AssetsByDate,
  settings: SearchSettings,
): Answer => {
  const unknown = Object.keys(query).find(
    (it) => !PLAIN.includes(it) && !PAGING.includes(it) && !isPredicate(it),
  )
  if (unknown !== undefined) return problem(400, `There is no predicate ${unknown}`)
  const root = query.path
  if (root === undefined || !/^\/content\/dam(\/|$)/.test(root))
    return problem(400, 'path is missing or wrong')
  if (query.type !== 'dam:Asset') return problem(400, 'type has to be dam:Asset')
  const conditions = readConditions(query)
  if (conditions.length === 0) return problem(400, 'The search is not narrowed down')
  const isUnindexed = (property: string | undefined) =>
    property !== undefined && settings.unindexed.has(property.replace(/^jcr:content\/metadata\//, ''))
  if (conditions.some(({ property }) => isUnindexed(property))) throw tooManyReads()
  const limit = Number(query['p.limit'] ?? 10)
  const offset = Number(query['p.offset'] ?? 0)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    return problem(400, 'p.limit has to be 1 to 1000')
  if (!Number.isInteger(offset) || offset < 0) return problem(400, 'p.offset has to be 0 or more')

  const readsNodes = ({ property, readsNodes: reads }: Condition) =>
    reads || settings.nodeProperties.has(property ?? '')
  const indexed = conditions.filter((it) => !readsNodes(it))
  const onNodes = conditions.filter(readsNodes)
  const isCandidate = (asset: AemAsset): boolean =>
    asset.path.startsWith(`${root}/`) &&
    !settings.missing.has(asset.path) &&
    indexed.every((it) => it.holds(asset))
  const [from, to] = createdBetween(indexed)
  const isByDate = query.orderby === '@jcr:created' && query['orderby.sort'] !== 'desc'
  const candidates =
    isByDate && settings.stale.size === 0
      ? only(assets(from, to), isCandidate)
      : sortedOf([...only(assets(from, to), isCandidate), ...staleOf(settings)], query)

  // A guess reads no further than the first node after the page.
  const enough = query['p.guessTotal'] === 'true' ? offset + limit + 1 : Number.POSITIVE_INFINITY
  const found: Found[] = []
  let reads = 0
  for (const candidate of candidates) {
    if (found.length >= enough) break
    reads++
    if (reads > settings.readLimit) throw tooManyReads()
    if (!isAsset(candidate) || onNodes.every((it) => it.holds(candidate))) found.push(candidate)
  }
  const page = found.slice(offset, offset + limit)
  const wanted = (query['p.properties'] ?? '').split(' ')
  const hits = page.map((it) => (query['p.hits'] === 'selective' ? selected(it, wanted) : { path: it.path }))
  const more = found.length > offset + limit
  return json(200, { success: true, results: hits.length, total: found.length, more, offset, hits })
}

/** An asset, or what the index still holds of one that is gone. */
type Found = AemAsset | { path: string; uuid: string }
const isAsset = (found: Found): found is AemAsset => 'assetMetadata' in found

const createdBetween = (conditions: readonly Condition[]): readonly [number, number] => {
  const spans = conditions.flatMap(({ span }) => span ?? [])
  return [
    Math.max(0, ...spans.map(({ from }) => from)),
    Math.min(Number.POSITIVE_INFINITY, ...spans.map(({ to }) => to)),
  ]
}

function* only(assets: Iterable<AemAsset>, test: (asset: AemAsset) => boolean): Generator<AemAsset> {
  for (const asset of assets) if (test(asset)) yield asset
}

const staleOf = ({ stale }: SearchSettings): Found[] => [...stale].map((path) => ({ path, uuid: GONE }))

const sortedOf = (found: Found[], query: Readonly<Record<string, string>>): readonly Found[] =>
  found.sort(orderOf(query))

/** Oak's own words. Source: `FilterIterators` of Jackrabbit Oak. */
const tooManyReads = (): QueryRefused =>
  new QueryRefused(
    500,
    'The query read or traversed more than 100000 nodes. To avoid affecting other tasks, processing was stopped.',
  )

/** Without an order, AEM gives none. */
const orderOf = (query: Readonly<Record<string, string>>): ((a: Found, b: Found) => number) => {
  const { orderby = '' } = query
  if (orderby === 'path') return (a, b) => (a.path < b.path ? -1 : 1)
  if (orderby === '') return (a, b) => (a.uuid < b.uuid ? -1 : 1)
  if (!orderby.startsWith('@')) throw new QueryRefused(400, `There is no order by ${orderby}`)
  const read = dateOf(orderby.slice(1))
  const sign = query['orderby.sort'] === 'desc' ? -1 : 1
  const dates = new Map<Found, number>()
  const date = (it: Found): number => {
    const known = dates.get(it) ?? (isAsset(it) ? (read(it) ?? 0) : 0)
    dates.set(it, known)
    return known
  }
  // Those of one moment come as they please.
  return (a, b) => sign * (date(a) - date(b)) || (a.uuid < b.uuid ? -1 : 1)
}

/** A hit with what `p.properties` names; a path becomes objects inside each other. */
const selected = (found: Found, wanted: readonly string[]): JsonObject => {
  const hit: JsonObject = {}
  for (const property of wanted) {
    const value = told(found, property)
    if (value === undefined) continue
    const steps = property.split('/')
    const last = steps.pop() ?? property
    let into = hit
    for (const step of steps) {
      const inner = into[step]
      const next: JsonObject =
        typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {}
      into[step] = next
      into = next
    }
    into[last] = value
  }
  return hit
}

const told = (found: Found, property: string): JsonValue | undefined => {
  if (property === 'jcr:path') return found.path
  if (property === 'jcr:uuid') return found.uuid
  if (!isAsset(found)) return undefined
  if (property.startsWith('jcr:content/metadata/')) return holderOf(property)(found)[0]
  const date = dateOf(property)(found)
  return date === undefined ? undefined : ecmaDate(date)
}

/** A date as Sling renders it, without its milliseconds: `Wed Jan 02 2030 03:04:05 GMT+0000`. */
const ecmaDate = (ms: number): string => {
  const [, weekday, day, month, year, time] =
    /^(\w{3}), (\d\d) (\w{3}) (\d{4}) ([\d:]{8})/.exec(new Date(ms).toUTCString()) ?? []
  return `${weekday} ${month} ${day} ${year} ${time} GMT+0000`
}
