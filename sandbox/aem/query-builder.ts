import { type Answer, json, problem, type RecordedRequest } from '../server'
import type { AemAsset } from './asset'

/** How the index behind the search behaves; may be changed at any time. */
export type SearchSettings = {
  /** Assets by path that the index does not know yet, or still knows though they are gone. */
  missing: Set<string>
  stale: Set<string>
  /** Metadata properties that no index has, in a library that is too large to be searched without. */
  unindexed: Set<string>
}

const PLAIN = ['path', 'type', 'property', 'orderby', 'group.p.or']
const PAGING = ['p.limit', 'p.offset', 'p.guessTotal', 'p.hits', 'p.properties']
const NUMBERED = /^(property\.\d+_value|group\.\d+_nodename)$/
/** What a web server takes in a request line, and says 414 beyond. */
const MAX_QUERY = 8_000

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((it) => typeof it === 'string')

/**
 * A node name with `*` for any text, `?` for one character and `[abc]` for one of these. Behind it is a LIKE, for which
 * `%` and `_` are the same as the first two. A quote ends its text.
 */
const nameTest = (pattern: string): RegExp | undefined => {
  if (/['"\\]/.test(pattern)) return undefined
  const source = pattern
    .replace(/[.+^${}()|]/g, '\\$&')
    .replaceAll(/[*%]/g, '.*')
    .replaceAll(/[?_]/g, '.')
  return new RegExp(`^${source}$`, 's')
}

/**
 * Answers `/bin/querybuilder.json` for assets: one property with any of several values, and names. Stricter than AEM,
 * which passes over what it does not know: an unknown or repeated predicate, a search that is not narrowed, or `p.limit=-1` is 400.
 */
export const queryBuilder = (
  request: RecordedRequest,
  assets: readonly AemAsset[],
  settings: SearchSettings,
): Answer => {
  if (request.method !== 'GET')
    return problem(405, `${request.method} is not possible here`, { allow: 'GET' })
  const { query } = request
  if (new URLSearchParams(query).toString().length > MAX_QUERY) return problem(414, 'The URI is too long')
  const names = Object.keys(query)
  const unknown = names.find((it) => !PLAIN.includes(it) && !PAGING.includes(it) && !NUMBERED.test(it))
  if (unknown !== undefined) return problem(400, `There is no predicate ${unknown}`)
  const root = query.path
  if (root === undefined || !/^\/content\/dam(\/|$)/.test(root))
    return problem(400, 'path is missing or wrong')
  if (query.type !== 'dam:Asset') return problem(400, 'type has to be dam:Asset')
  const values = names.filter((it) => it.startsWith('property.')).map((it) => query[it])
  const nodeNames = names.filter((it) => it.endsWith('_nodename'))
  const patterns = nodeNames.flatMap((it) => nameTest(query[it] ?? '') ?? [])
  if (patterns.length < nodeNames.length) return problem(500, 'The name ends the statement behind the search')
  if ((query.property === undefined) !== (values.length === 0))
    return problem(400, 'property and its values belong together')
  if (values.length === 0 && patterns.length === 0) return problem(400, 'The search is not narrowed down')
  if (patterns.length > 1 && query['group.p.or'] !== 'true') return problem(400, 'A node has one name only')
  const property = /^jcr:content\/metadata\/(.+)$/.exec(query.property ?? '')?.[1]
  if (query.property !== undefined && property === undefined)
    return problem(400, 'This property is of no asset')
  if (property !== undefined && settings.unindexed.has(property))
    return problem(
      500,
      'The query read or traversed more than 100000 nodes. To avoid affecting other tasks, it stopped.',
    )
  const limit = Number(query['p.limit'] ?? 10)
  const offset = Number(query['p.offset'] ?? 0)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    return problem(400, 'p.limit has to be 1 to 1000')
  if (!Number.isInteger(offset) || offset < 0) return problem(400, 'p.offset has to be 0 or more')

  const matches = (asset: AemAsset): boolean => {
    const name = asset.path.slice(asset.path.lastIndexOf('/') + 1)
    const held = property === undefined ? [] : textsOf(asset.assetMetadata[property])
    return (
      asset.path.startsWith(`${root}/`) &&
      !settings.missing.has(asset.path) &&
      (property === undefined || values.some((it) => it !== undefined && held.includes(it))) &&
      (patterns.length === 0 || patterns.some((it) => it.test(name)))
    )
  }
  const found = assets.filter(matches).map(({ path, uuid }) => ({ path, uuid }))
  for (const path of settings.stale) found.push({ path, uuid: '00000000-0000-4000-8000-000000000000' })
  // without an order, AEM gives none
  found.sort((a, b) => (query.orderby === 'path' ? (a.path < b.path ? -1 : 1) : a.uuid < b.uuid ? -1 : 1))
  const page = found.slice(offset, offset + limit)
  const wanted = (query['p.properties'] ?? '').split(' ')
  const hits = page.map(({ path, uuid }) => {
    const all = { 'jcr:path': path, 'jcr:uuid': uuid }
    if (query['p.hits'] !== 'selective') return { path }
    return Object.fromEntries(Object.entries(all).filter(([it]) => wanted.includes(it)))
  })
  const more = found.length > offset + limit
  // a guess counts no further than the page after this one
  const total = query['p.guessTotal'] === 'true' && more ? offset + limit + 1 : found.length
  return json(200, { success: true, results: hits.length, total, more, offset, hits })
}
