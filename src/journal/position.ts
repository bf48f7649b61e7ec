import { shown } from '../core/shown'
import { trimEndOf } from '../core/trim'
import type { Parsed, Shape } from '../inputs/declaration'
import { list, readServiceUrl, startingPoint } from '../inputs/shapes'

/** The position up to which a journal has been read. */
export type Cursor = {
  /** The last position that is accounted for; undefined when the journal was empty so far. Opaque. */
  position: string | undefined
  /** Everything written before this time has been read. Milliseconds since the epoch, where known. */
  at: number | undefined
  /** When the last event before the position was written, as it tells itself; milliseconds since the epoch, where known. */
  written?: number
  /** In the middle of a poll: when that began. Milliseconds since the epoch. */
  began?: number
  /** Where reading begins while there is no position, in milliseconds since the epoch; undefined: with the oldest event. */
  from?: number
}

/** Where to begin without a cursor. */
export type JournalStart =
  | { from: 'oldest' }
  | { from: 'latest' }
  /** So long ago: an ISO-8601 duration, such as `PT2H`. */
  | { from: 'back'; duration: string; ms: number }

/** How long a journal keeps an event, in milliseconds. */
export const retentionMs = 7 * 24 * 3_600_000

/** Where the service runs; every journaling endpoint is one of its hosts. */
const serviceHost = /\.adobe\.io$/

/**
 * Reads `JOURNAL_URL`: the journaling endpoints of one registration or several, separated by commas; each of them once,
 * without a slash at the end.
 */
export const journalUrls: Shape<readonly string[]> = (text) => {
  if (/^[\s,]*$/.test(text)) return { problem: 'is not set: it names no endpoint' }
  const urls = list('endpoint', journalUrl)(text)
  return 'problem' in urls ? urls : { value: [...new Set(urls.value)] }
}

function journalUrl(text: string): Parsed<string> {
  const url = readServiceUrl(text)
  // The part before an @ is a user name and a password.
  const without = text.replace(/^.*@/s, '...@').replace(/[?#].*$/s, '?...')
  const refused = (problem: string): Parsed<string> => ({ problem: `${shown(without, 200)} ${problem}` })
  if ('problem' in url) return refused(url.problem)
  const { protocol, hostname, search, pathname, origin } = url.value
  // A URL with http is on this machine already.
  if (protocol === 'https:' && !serviceHost.test(hostname)) {
    return refused('must be on a host of adobe.io, such as https://events-va6.adobe.io/...')
  }
  if (search !== '') return refused('must end before the ?: JOURNAL_START says where to begin')
  const path = trimEndOf(pathname, '/')
  if (path === '') return refused('must be the whole endpoint, not only its host')
  if (/;|:\/\//.test(path)) return refused('must be one endpoint; several are separated by commas')
  return { value: `${origin}${path}` }
}

/**
 * Reads `JOURNAL_START`: `oldest`, `latest`, or a duration back, such as `PT2H` or `P1D`. A duration as long as the
 * journal's memory is the same as `oldest`.
 */
export const journalStart: Shape<JournalStart> = (text) => {
  const point = startingPoint('oldest, latest')(text)
  if ('problem' in point) return point
  if (typeof point.value === 'string') return { value: { from: point.value } }
  const { duration, ms } = point.value
  return { value: ms >= retentionMs ? { from: 'oldest' } : { from: 'back', duration, ms } }
}
