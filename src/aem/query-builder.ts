import * as v from 'valibot'
import type { AssetRef } from '../core/asset'
import type { CallContext } from '../core/call-context'
import { type BridgeError, systemicError, transientError } from '../core/errors'
import { uuidPattern } from '../core/uuid'
import { type HttpResponse, jsonBody } from '../http/response'
import type { AuthorRequests } from './author-requests'
import { aemProblem } from './errors'

/** A predicate of QueryBuilder with its value, such as `orderby`, `path`. */
export type Parameter = readonly [name: string, value: string]

/** What is to be told of an asset besides its path and id; relative to the asset. */
export type AssetProperty = (typeof tellable)[number]
const tellable = [
  'jcr:created',
  'jcr:content/jcr:lastModified',
  'jcr:content/cq:lastReplicated',
  'jcr:content/metadata/dc:format',
] as const

/** An asset that was found; dates in milliseconds since the epoch, to the second. Undefined where AEM did not tell. */
export type QueryHit = {
  path: string
  /** `urn:aaid:aem:<uuid>`. */
  id?: string
  created?: number
  modified?: number
  /** The last replication, of a publication or of a withdrawal. */
  replicated?: number
  format?: string
}

/** One page of a search. */
export type QueryPage = {
  hits: readonly QueryHit[]
  /** What AEM listed and what is no asset of the DAM as far as it can be read. */
  unread: number
  more: boolean
}

export type QueryBuilder = {
  /**
   * @throws {BridgeError} systemic when the credential may not search; transient otherwise, and `AEM_SEARCH_TOO_LARGE`
   * when AEM gave up on the search, for no index holds what it looks for
   */
  ask(
    origin: string,
    query: readonly Parameter[],
    page: { limit: number; offset?: number; tell?: readonly AssetProperty[] },
    call: CallContext,
  ): Promise<QueryPage>
}

/** The predicates for all assets below a folder. */
export const below = (folder: string): readonly Parameter[] => [
  ['path', folder],
  ['type', 'dam:Asset'],
]

/** The reference to an asset that was found. */
export const refOf = (origin: string, { path, id }: QueryHit): AssetRef & { path: string } => ({
  origin,
  path,
  ...(id === undefined ? {} : { id }),
})

/** What is told in another form than expected counts as not told. */
const Told = v.fallback(v.optional(v.string()), undefined)
const Hit = v.object({
  'jcr:path': v.pipe(v.string(), v.startsWith('/content/dam/')),
  'jcr:uuid': v.optional(v.pipe(v.string(), v.regex(uuidPattern))),
  'jcr:created': Told,
  'jcr:content': v.fallback(
    v.optional(
      v.object({
        'jcr:lastModified': Told,
        'cq:lastReplicated': Told,
        metadata: v.fallback(v.optional(v.object({ 'dc:format': Told })), undefined),
      }),
    ),
    undefined,
  ),
})
const Page = v.object({
  success: v.optional(v.boolean()),
  more: v.optional(v.boolean()),
  hits: v.array(v.unknown()),
})

/** Creates the requests to `/bin/querybuilder.json` of authors. */
export function createQueryBuilder(author: AuthorRequests): QueryBuilder {
  return { ask }

  async function ask(
    origin: string,
    query: readonly Parameter[],
    { limit, offset = 0, tell = [] }: { limit: number; offset?: number; tell?: readonly AssetProperty[] },
    call: CallContext,
  ): Promise<QueryPage> {
    const paging: readonly Parameter[] = [
      ['p.limit', String(limit)],
      ['p.offset', String(offset)],
      ['p.guessTotal', 'true'],
      ['p.hits', 'selective'],
      ['p.properties', ['jcr:path', 'jcr:uuid', ...tell].join(' ')],
    ]
    const parameters = new URLSearchParams(
      [...query, ...paging].map(([name, value]): [string, string] => [name, value]),
    )
    const url = `${origin}/bin/querybuilder.json?${parameters}`
    const response = await author.send(origin, { method: 'GET', url, isFinal: isTooLarge }, call)
    if (response.status === 404) throw notThere()
    if (isTooLarge(response)) throw tooLarge()
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
    const read = hits.flatMap(readHit)
    return { hits: read, unread: hits.length - read.length, more: more ?? hits.length === limit }
  }
}

/** Oak gives up on a search that reads too many nodes. Source: `FilterIterators` of Jackrabbit Oak. */
const isTooLarge = ({ status, text }: HttpResponse): boolean =>
  status === 500 && /read or traversed more than \d+ nodes/.test(text)

const tooLarge = (): BridgeError =>
  transientError(
    'AEM_SEARCH_TOO_LARGE',
    'AEM gave up on a search that read or traversed more than 100000 nodes: it needs an Oak index of dam:Asset with the property that is searched for',
    { upstream: 'AEM', status: 500 },
  )

const notThere = (): BridgeError =>
  systemicError(
    'AEM_SEARCH_NOT_FOUND',
    'AEM has no /bin/querybuilder.json for this app (404): allow the path in the dispatcher or proxy in front of the author',
    { upstream: 'AEM', status: 404 },
  )

function readHit(hit: unknown): QueryHit[] {
  const parsed = v.safeParse(Hit, hit)
  if (!parsed.success) return []
  const { 'jcr:path': path, 'jcr:uuid': uuid, 'jcr:created': created, 'jcr:content': content } = parsed.output
  const format = content?.metadata?.['dc:format']
  return [
    {
      path,
      ...(uuid === undefined ? {} : { id: `urn:aaid:aem:${uuid}` }),
      ...dated('created', created),
      ...dated('modified', content?.['jcr:lastModified']),
      ...dated('replicated', content?.['cq:lastReplicated']),
      ...(format === undefined ? {} : { format }),
    },
  ]
}

/** AEM renders dates as `Wed Jan 02 2030 03:04:05 GMT+0000`, or as ISO 8601. */
function dated<Name extends string>(name: Name, text: string | undefined): { [name in Name]?: number } {
  const date = Date.parse(text ?? '')
  const told: { [name in Name]?: number } = {}
  if (!Number.isNaN(date)) told[name] = date
  return told
}
