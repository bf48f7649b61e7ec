import type { CallContext } from '../core/call-context'
import { type Clock, systemClock } from '../core/clock'
import { BridgeError, systemicError } from '../core/errors'
import { eventTime } from '../events/decode'
import type { HttpClient } from '../http/http-client'
import type { HttpResponse } from '../http/response'
import { type Tokens, withToken } from '../http/tokens'
import { sourceOf, valuesOf } from '../inputs/values'
import { journalInputs } from './inputs'
import { linkTarget } from './link'
import { type Entry, journalProblem, parsePage, unexpected, upstreamName } from './page'
import { type Cursor, type JournalStart, retentionMs } from './position'

/** How one journal is read. */
export type JournalReaderOptions = {
  /** The journaling endpoint of the registration. */
  url: string
  /** Sent as X-Api-Key: the client id of the credential. */
  apiKey: string
  /** `<id>@AdobeOrg`. */
  orgId: string
  /** Events on a page, at most. The service caps a page at 1.5 MB as well. @default 200 */
  pageLimit?: number
}

/** An event, and the cursor behind it. */
export type JournalEvent = Cursor & Entry

/** The time whose events may be lost. Milliseconds since the epoch. */
export type Gap = {
  /** Undefined when the beginning is not known. */
  from: number | undefined
  to: number
}

export type JournalRead =
  /** Events in the order of the journal, perhaps none. `next` is the cursor behind all of them. */
  | { kind: 'page'; events: readonly JournalEvent[]; next: Cursor; isEnd: boolean }
  /** The cursor's position has expired. The next page begins with the oldest event in the journal. */
  | {
      kind: 'gone'
      position: string
      /** Undefined when nothing is lost: everything had been read, and no event was written since. */
      gap: Gap | undefined
    }

export type JournalReader = {
  /**
   * Reads from a cursor or a start to the end of the journal, with one page in memory at a time. The next page is
   * requested when the consumer asks for it.
   * @throws {BridgeError} systemic when the journal or the token is refused, or a link leads to another host;
   * transient when a page cannot be read completely. Events that were not yielded are not read: continue from the
   * last cursor
   */
  pages(from: Cursor | JournalStart, call: CallContext): AsyncGenerator<JournalRead, void, undefined>
}

/** The URL of the next request, and the cursor before it. */
type Position = { url: URL } & Cursor

/** A page may hold 1.5 MB. */
const attemptTimeoutMs = 30_000
/** The service may drop an event somewhat before its seven days are over. */
const retentionMarginMs = 3_600_000

/**
 * Creates the reader of one journal. It does not use `@adobe/aio-lib-events`: that has one error for every status, so
 * an expired position looks like a refused token, and it has no deadline and no check of the host. Source of the
 * protocol: Adobe I/O Events, Journaling API.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, when the URL is no journal's
 */
export function createJournalReader(
  options: JournalReaderOptions,
  parts: { http: HttpClient; tokens: Tokens; clock?: Clock },
): JournalReader {
  const { http, tokens, clock = systemClock } = parts
  const { apiKey, orgId, pageLimit = 200 } = options
  const source = sourceOf({ JOURNAL_URL: options.url })
  const {
    JOURNAL_URL: [endpoint = ''],
  } = valuesOf(journalInputs, source, { required: ['JOURNAL_URL'] })
  const { origin } = new URL(endpoint)
  const upstream = http.upstream({
    name: upstreamName,
    input: 'JOURNAL_URL',
    origins: [origin],
    concurrency: 1,
    attemptTimeoutMs,
  })

  return { pages }

  async function* pages(
    from: Cursor | JournalStart,
    call: CallContext,
  ): AsyncGenerator<JournalRead, void, undefined> {
    let current = positionOf(from)
    for (;;) {
      const asked = clock.now()
      const response = await send(current.url, call)
      if (response.status === 410) {
        if (current.url.href === oldestUrl().href) throw unexpected(410, 'the oldest event gone')
        if (current.position !== undefined) yield goneFrom(current.position, current, call)
        current = { ...current, url: oldestUrl(), position: undefined }
        continue
      }
      const { read, url } = readPage(current, response, asked)
      yield read
      if (read.isEnd) return
      current = { url, ...read.next }
    }
  }

  function readPage(current: Position, response: HttpResponse, asked: number) {
    if (response.status !== 200 && response.status !== 204) throw journalProblem(response)
    const events = response.status === 204 ? [] : withTimes(parsePage(response), current, asked)
    const last = events.at(-1)
    const url = nextUrl(current, response, last)
    const isEnd = events.length === 0 && (response.status === 204 || url.href === current.url.href)
    const position = url.searchParams.get('since') ?? last?.position ?? current.position
    const at = isEnd ? asked : (last?.at ?? current.at)
    const written = last?.written ?? current.written
    const next: Cursor = { position, at, ...(written === undefined ? {} : { written }) }
    return { read: { kind: 'page', events, next, isEnd } as const, url }
  }

  /**
   * Follows the link, as Adobe recommends. A link that is missing or points to itself must not lose or repeat events.
   */
  function nextUrl(current: Position, response: HttpResponse, last: JournalEvent | undefined): URL {
    const target = linkTarget(response.headers.get('link'), 'next')
    const link = target === undefined ? undefined : resolveLink(target, current.url, response.status)
    if (last === undefined) return link ?? current.url
    const url = link === undefined || link.href === current.url.href ? sinceUrl(last.position) : link
    if (url.href === current.url.href) throw unexpected(response.status, 'a page that leads to itself')
    return url
  }

  function resolveLink(target: string, base: URL, status: number): URL {
    if (!URL.canParse(target, base.href)) throw unexpected(status, 'a link that is no URL')
    const url = new URL(target, base)
    if (url.origin === origin && url.username === '' && url.password === '') return url
    throw systemicError(
      'JOURNAL_LINK_REFUSED',
      `the journal's next page would be at ${url.host || 'no host'}, not on the host of JOURNAL_URL: the token does not go there; check that JOURNAL_URL is right`,
      { upstream: upstreamName, status },
    )
  }

  function goneFrom(position: string, cursor: Cursor, call: CallContext): JournalRead {
    const gap = gapAfter(cursor, clock.now())
    if (gap === undefined) {
      call.logger.info('the position in the journal has expired in quiet times; nothing is lost')
    } else {
      call.logger.error('JOURNAL_GONE: events have expired unread; going on with the oldest there is', {
        from: gap.from === undefined ? 'unknown' : new Date(gap.from).toISOString(),
        to: new Date(gap.to).toISOString(),
      })
    }
    return { kind: 'gone', position, gap }
  }

  function positionOf(from: Cursor | JournalStart): Position {
    const nowhere = { position: undefined, at: undefined }
    if ('position' in from) {
      const { position, at, written } = from
      const url = position === undefined ? firstUrl(from.from) : sinceUrl(position)
      return { url, position, at, ...(written === undefined ? {} : { written }) }
    }
    if (from.from === 'latest') return { url: urlWith({ latest: 'true' }), ...nowhere }
    if (from.from === 'back') return { url: urlWith({ seek: `-${from.duration}` }), ...nowhere }
    return { url: oldestUrl(), ...nowhere }
  }

  /** The service takes a duration back from now, not a point in time. */
  function firstUrl(from: number | undefined): URL {
    const backMs = from === undefined ? retentionMs : clock.now() - from
    if (backMs >= retentionMs) return oldestUrl()
    return urlWith({ seek: `-PT${Math.max(1, Math.ceil(backMs / 1000))}S` })
  }

  function sinceUrl(position: string): URL {
    return urlWith({ since: position })
  }

  function oldestUrl(): URL {
    return urlWith({})
  }

  function urlWith(query: Record<string, string>): URL {
    const url = new URL(endpoint)
    url.search = new URLSearchParams({ ...query, limit: String(pageLimit) }).toString()
    return url
  }

  function send(url: URL, call: CallContext): Promise<HttpResponse> {
    return withToken(tokens, call, (token) => {
      const headers = {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        'x-api-key': apiKey,
        'x-ims-org-id': orgId,
      }
      return upstream.request({ method: 'GET', url: url.href, headers }, call).catch(notOfOneEvent)
    })
  }
}

/** An event's own time counts only as far as it is past: a wrong one must not hide a gap. */
function withTimes(entries: readonly Entry[], before: Cursor, now: number): JournalEvent[] {
  let { at, written } = before
  return entries.map((entry) => {
    const time = eventTime(entry.event)
    if (time !== undefined) {
      written = Math.min(time, now)
      at = Math.max(at ?? 0, written)
    }
    return { ...entry, at, ...(written === undefined ? {} : { written }) }
  })
}

/**
 * What was written after the cursor's moment and may have expired since; undefined when that is nothing: the position is
 * as old as the journal's memory, and the journal was read to its end later than that. Where a position expires earlier,
 * nobody knows how much else has.
 */
function gapAfter({ at, written }: Cursor, now: number): Gap | undefined {
  const edge = now - retentionMs + retentionMarginMs
  if (written !== undefined && written > edge) return { from: at, to: now }
  return at !== undefined && at >= edge ? undefined : { from: at, to: edge }
}

/** A permanent failure of a request is systemic here: it blocks the journal until an operator acts. */
function notOfOneEvent(thrown: unknown): never {
  if (!(thrown instanceof BridgeError) || thrown.failureClass !== 'permanent') throw thrown
  throw systemicError('JOURNAL_ANSWER_TOO_LARGE', `${thrown.message}: check JOURNAL_URL`, {
    upstream: upstreamName,
    cause: thrown,
  })
}
