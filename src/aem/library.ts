import type { AssetRef } from '../core/asset'
import type { CallContext } from '../core/call-context'
import { permanentError, systemicError, toBridgeError } from '../core/errors'
import { trimEndOf } from '../core/trim'
import type { AuthorRequests } from './author-requests'
import { doneOf, endOf, partsOf, predicatesOf, type Region } from './library-region'
import { isMatch } from './node-name'
import {
  below,
  createQueryBuilder,
  type Parameter,
  type QueryHit,
  type QueryPage,
  refOf,
} from './query-builder'

/** An asset as the search tells of it; dates in milliseconds since the epoch, to the second, where AEM tells them. */
export type LibraryEntry = {
  ref: AssetRef & { path: string }
  modified?: number
  /** The last replication: of a publication, or of a withdrawal after one. */
  published?: number
}

/** One page. Its size is about the one that was asked for, and less than twice as much. */
export type LibraryPage = {
  entries: readonly LibraryEntry[]
  /** Goes on after this page; opaque, at most 80 characters, safe to store. */
  position: string
  /** The share of the span that is done, from 0 to 1. It counts time, not assets. */
  progress: number
}

export type LibraryOptions = {
  /** `/content/dam`, or a folder below it. */
  folder: string
  /** Media types, or patterns of them such as `image/*`, by `dc:format`. @default all */
  types?: readonly string[]
  /** The date that `since` is about: the last change of the asset, or its last replication. */
  by: 'modified' | 'published'
  /**
   * Only what has that date, and not before this moment, in milliseconds since the epoch. There is no end to it: what
   * changes while the library is paged through stays in. @default all, with or without that date
   */
  since?: number
  /** Nothing that was created after this moment, in milliseconds since the epoch. */
  until: number
  /** A position of a page of the same options. @default from the beginning */
  after?: string
  /** @default 500 */
  pageSize?: number
}

/** Pages through the assets of an author. */
export type AssetLibrary = {
  /**
   * All assets that the index knows, by the second of their creation. Within a second they are in order of their paths
   * where one answer holds them all. No asset is left out because it, or another one, is changed meanwhile: that date
   * stays. One of the last seconds may be missing, for an index lags.
   * @throws {BridgeError} as `QueryBuilder.ask`; permanent `LIBRARY_POSITION_INVALID` for an `after` that is no position
   */
  pages(origin: string, options: LibraryOptions, call: CallContext): AsyncIterable<LibraryPage>
}

const usualPageSize = 500
const second = 1000

/**
 * Where a date of `by` stands. The second one is set by a replication to the publish tier, not by one to the preview
 * tier. Source: Adobe's damAssetLucene for the first; replication status of AEM as a Cloud Service for the second.
 */
const dateProperties = {
  modified: 'jcr:content/jcr:lastModified',
  published: 'jcr:content/cq:lastReplicated',
} as const

const tell = [
  'jcr:created',
  dateProperties.modified,
  dateProperties.published,
  'jcr:content/metadata/dc:format',
] as const

/** `start` is the date of the first asset, from which progress counts. All before `at` is done, and of `at` all before `key`. */
type Cursor = { start: number | undefined; at: number; key: string }
type Chunk = { hits: readonly QueryHit[]; next: { at: number; key: string } }

/**
 * Creates the library of a container, by AEM's QueryBuilder.
 *
 * Searches go forward by `jcr:created`, which every asset has (`dam:Asset` is a `nt:hierarchyNode`: JCR 2.0, section
 * 3.7.11) and no change moves. No search skips results: AEM would read them all the same, and an asset that leaves the
 * result would make another one be skipped. A search that finds more than it may list is taken up to the second of
 * its last asset, for AEM tells dates without milliseconds. A second that is too full is halved down to the
 * millisecond, and a millisecond is split by the ids.
 */
export function createAssetLibrary(author: AuthorRequests): AssetLibrary {
  const { ask } = createQueryBuilder(author)
  return { pages }

  async function* pages(
    origin: string,
    options: LibraryOptions,
    call: CallContext,
  ): AsyncGenerator<LibraryPage> {
    const { after, until, pageSize = usualPageSize } = options
    let cursor: Cursor = after === undefined ? { start: undefined, at: 0, key: '' } : readPosition(after)
    let entries: LibraryEntry[] = []
    for await (const { hits, next } of chunks(search(origin, options, call), until, cursor)) {
      cursor = { start: cursor.start ?? hits[0]?.created, ...next }
      const isMeant = formatTest(options.types)
      entries.push(...hits.filter(isMeant).map((hit) => entryOf(origin, hit)))
      if (entries.length < pageSize) continue
      yield pageOf(entries, cursor, until)
      entries = []
    }
    if (entries.length > 0) yield pageOf(entries, cursor, until)
  }

  function search(origin: string, options: LibraryOptions, call: CallContext): Search {
    const { folder, types = [], by, since, pageSize: limit = usualPageSize } = options
    const query = [
      ...below(trimEndOf(folder, '/')),
      ...ofTypes(types),
      ...(since === undefined ? [] : changedSince(dateProperties[by], since)),
      ['orderby', '@jcr:created'],
    ] as const
    return async (region) => {
      try {
        const page = await ask(origin, [...query, ...predicatesOf(region)], { limit, tell }, call)
        if (page.unread > 0)
          call.logger.warn('AEM listed assets that cannot be read: they are left out', {
            assets: page.unread,
          })
        return page
      } catch (thrown) {
        // A part of the region may be small enough.
        if (toBridgeError(thrown).code === 'AEM_SEARCH_TOO_LARGE' && region.to > region.from) return undefined
        throw thrown
      }
    }
  }
}

/** @returns undefined when AEM gave up */
type Search = (region: Region) => Promise<QueryPage | undefined>

async function* chunks(search: Search, until: number, from: Cursor): AsyncGenerator<Chunk> {
  let { at } = from
  if (from.key !== '') {
    yield* inParts(search, { from: at, to: at, key: '' }, from.key)
    at++
  }
  /** How many milliseconds a search may span: fewer when AEM gave up on more. */
  let reach = Number.POSITIVE_INFINITY
  while (at <= until) {
    const to = Math.min(until, at + reach - 1)
    const page = await search({ from: at, to, key: '' })
    if (page === undefined) {
      reach = Math.ceil((to - at + 1) / 2)
    } else if (!page.more) {
      yield { hits: inOrder(page.hits), next: { at: to + 1, key: '' } }
      at = to + 1
      reach *= 2
    } else {
      const end = lastSecondOf(page.hits)
      const isForward = end !== undefined && end > at
      const last = end === undefined ? to : Math.min(to, end + second - 1)
      if (isForward) {
        const before = page.hits.filter(({ created = 0 }) => created < end)
        yield { hits: inOrder(before), next: { at: end, key: '' } }
      } else yield* inParts(search, { from: at, to: last, key: '' }, '')
      at = isForward ? end : last + 1
    }
  }
}

/** A region in parts of which each fits into one answer, but for what comes before `done`. */
async function* inParts(search: Search, region: Region, done: string): AsyncGenerator<Chunk> {
  const before = doneOf(region, done)
  if (before === 'all') return
  const page = before === 'part' ? undefined : await search(region)
  if (page !== undefined && !page.more) {
    yield { hits: inOrder(page.hits), next: endOf(region) }
    return
  }
  const smaller = partsOf(region)
  if (smaller.length === 0) {
    throw systemicError(
      'AEM_SEARCH_UNEXPECTED',
      `AEM lists too many assets without an id that were created at ${new Date(region.from).toISOString()}`,
      { upstream: 'AEM' },
    )
  }
  for (const part of smaller) yield* inParts(search, part, done)
}

/** The beginning of the second of the last hit; undefined when the hits do not tell, or are in another order. */
function lastSecondOf(hits: readonly QueryHit[]): number | undefined {
  let last: number | undefined
  for (const { created } of hits) {
    if (created === undefined || (last !== undefined && created < last)) return undefined
    last = created
  }
  return last === undefined ? undefined : last - (last % second)
}

const inOrder = (hits: readonly QueryHit[]): readonly QueryHit[] =>
  hits.toSorted((a, b) => (a.created ?? 0) - (b.created ?? 0) || (a.path < b.path ? -1 : 1))

const changedSince = (property: string, since: number): readonly Parameter[] => [
  ['2_daterange.property', property],
  ['2_daterange.lowerBound', new Date(since).toISOString()],
  ['2_daterange.lowerOperation', '>='],
]

const ofTypes = (types: readonly string[]): readonly Parameter[] =>
  types.length === 0
    ? []
    : [
        ['2_property', 'jcr:content/metadata/dc:format'],
        ['2_property.operation', 'like'],
        ...types.map(
          (type, index): Parameter => [`2_property.${index + 1}_value`, type.replaceAll('*', '%')],
        ),
      ]

/** AEM takes more for wildcards than a pattern does: `_` is any character in a LIKE. */
function formatTest(types: readonly string[] = []): (hit: QueryHit) => boolean {
  const patterns = types.map((type) => ({
    parts: type.split('*').slice(0, -1),
    last: type.slice(type.lastIndexOf('*') + 1),
  }))
  return ({ format }) =>
    types.length === 0 ||
    format === undefined ||
    patterns.some(({ parts, last }) => isMatch(format, parts, last))
}

const entryOf = (origin: string, hit: QueryHit): LibraryEntry => ({
  ref: refOf(origin, hit),
  ...(hit.modified === undefined ? {} : { modified: hit.modified }),
  ...(hit.replicated === undefined ? {} : { published: hit.replicated }),
})

function pageOf(entries: readonly LibraryEntry[], cursor: Cursor, until: number): LibraryPage {
  const { start = cursor.at, at } = cursor
  const progress = at > until ? 1 : Math.max(0, at - start) / Math.max(1, until - start)
  return { entries, position: writePosition(cursor), progress }
}

const writePosition = ({ start, at, key }: Cursor): string =>
  `1.${start?.toString(36) ?? ''}.${at.toString(36)}.${key}`

const positionText = /^1\.([0-9a-z]{0,11})\.([0-9a-z]{1,11})\.([0-9a-g-]{0,37})$/

/** Whether this version can go on from a position: one that another version has stored may have another form. */
export const isPosition = (text: string): boolean => positionText.test(text)

function readPosition(text: string): Cursor {
  const [, start = '', at, key = ''] = positionText.exec(text) ?? []
  if (at === undefined)
    throw permanentError('LIBRARY_POSITION_INVALID', 'this is no position in a library: begin anew')
  return { start: start === '' ? undefined : Number.parseInt(start, 36), at: Number.parseInt(at, 36), key }
}
