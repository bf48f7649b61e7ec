import * as v from 'valibot'
import type { AssetRef } from '../core/asset'
import type { CallContext } from '../core/call-context'
import { systemicError } from '../core/errors'
import { jsonBody } from '../http/response'
import type { AssetQuery } from '../metadata/matching'
import type { AuthorRequests } from './author-requests'
import { aemProblem } from './problem'

/** Finds assets by what they say about themselves. */
export type AssetSearch = {
  /**
   * All assets below `/content/dam` that the query matches, page by page, in the order of their paths. The index
   * behind it lags: an asset of the last seconds may be missing.
   * @throws {BridgeError} systemic when the credential may not search; transient otherwise
   */
  find(origin: string, query: AssetQuery, call: CallContext): AsyncIterable<readonly AssetRef[]>
}

const pageSize = 100
/** Deep pages are slow; whoever shows a product on more assets than that waits for the sweep. */
const maxPages = 100
/** Web servers take 8 KB of URL, as a rule. */
const maxQueryBytes = 3_000

const Hit = v.object({
  'jcr:path': v.pipe(v.string(), v.startsWith('/content/dam/')),
  'jcr:uuid': v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i))),
})
const Page = v.object({
  success: v.optional(v.boolean()),
  more: v.optional(v.boolean()),
  hits: v.array(v.unknown()),
})

/** Creates the search of a container, by AEM's QueryBuilder. */
export function createAssetSearch(author: AuthorRequests): AssetSearch {
  return { find }

  async function* find(
    origin: string,
    query: AssetQuery,
    call: CallContext,
  ): AsyncGenerator<readonly AssetRef[]> {
    for (const predicates of predicatesOf(query)) {
      for (let page = 0; ; page++) {
        if (page === maxPages) {
          call.logger.error('a search was cut short: too many assets', { assets: page * pageSize })
          break
        }
        const { hits, more } = await ask(origin, predicates, page * pageSize, call)
        if (hits.length > 0) yield hits.map((hit) => ({ origin, ...hit }))
        if (!more || hits.length === 0) break
      }
    }
  }

  async function ask(
    origin: string,
    predicates: readonly (readonly [string, string])[],
    offset: number,
    call: CallContext,
  ): Promise<{ hits: readonly Omit<AssetRef, 'origin'>[]; more: boolean }> {
    const parameters = new URLSearchParams([
      ['path', '/content/dam'],
      ['type', 'dam:Asset'],
      ...predicates.map(([name, value]): [string, string] => [name, value]),
      ['orderby', 'path'],
      ['p.limit', String(pageSize)],
      ['p.offset', String(offset)],
      ['p.guessTotal', 'true'],
      ['p.hits', 'selective'],
      ['p.properties', 'jcr:path jcr:uuid'],
    ])
    const url = `${origin}/bin/querybuilder.json?${parameters}`
    const response = await author.send(origin, { method: 'GET', url }, call)
    if (response.status === 404) throw notThere()
    if (response.status !== 200) throw aemProblem('read', response)
    const parsed = v.safeParse(Page, jsonBody('AEM', response))
    if (!parsed.success || parsed.output.success === false) {
      throw systemicError(
        'AEM_SEARCH_UNEXPECTED',
        'AEM answered the search with what is no result of QueryBuilder: check what stands between this app and AEM',
        { upstream: 'AEM' },
      )
    }
    const { hits, more } = parsed.output
    return { hits: hits.flatMap(refOf), more: more ?? hits.length === pageSize }
  }

  function refOf(hit: unknown): Omit<AssetRef, 'origin'>[] {
    const parsed = v.safeParse(Hit, hit)
    if (!parsed.success) return []
    const { 'jcr:path': path, 'jcr:uuid': uuid } = parsed.output
    return [{ path, ...(uuid === undefined ? {} : { id: `urn:aaid:aem:${uuid}` }) }]
  }
}

const notThere = (): Error =>
  systemicError(
    'AEM_SEARCH_NOT_FOUND',
    'AEM has no /bin/querybuilder.json for this app (404): allow the path in the dispatcher or proxy in front of the author',
    { upstream: 'AEM', status: 404 },
  )

/** As many searches as it takes for the values to fit into URLs. */
function predicatesOf(query: AssetQuery): (readonly [string, string])[][] {
  if ('property' in query) {
    const property = ['property', `jcr:content/metadata/${query.property}`] as const
    return packed(query.values, (value, index) => [`property.${index}_value`, value]).map((values) => [
      property,
      ...values,
    ])
  }
  return packed(query.names, (name, index) => [`group.${index}_nodename`, name]).map((names) => [
    ['group.p.or', 'true'],
    ...names,
  ])
}

function packed(
  values: readonly string[],
  predicate: (value: string, index: number) => readonly [string, string],
): (readonly [string, string])[][] {
  const packs: (readonly [string, string])[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const value of values) {
    const bytes = encodeURIComponent(value.toWellFormed()).length + 24
    if (size + bytes > maxQueryBytes) {
      packs.push([])
      size = 0
    }
    const pack = packs.at(-1)
    pack?.push(predicate(value, pack.length + 1))
    size += bytes
  }
  return packs
}
