import { parseDuration } from '../core/duration'
import { type BridgeError, systemicError } from '../core/errors'
import { shown } from '../core/shown'
import { trimEndOf } from '../core/trim'
import { parseServiceUrl } from '../http/origin'

/** How far a journal has been read. */
export type Cursor = {
  /** The last position that is accounted for; undefined when the journal was empty so far. Opaque. */
  position: string | undefined
  /** Everything that was written before this moment has been read. Milliseconds since the epoch, where known. */
  at: number | undefined
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
 * Reads `JOURNAL_URL`: the journaling endpoints of one registration or several, separated by commas.
 * @returns each of them once, without a slash at the end
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export function parseJournalUrls(text: string | undefined): readonly string[] {
  const items = (text ?? '').split(/[\s,]+/).filter((item) => item !== '')
  if (items.length === 0) {
    throw inputError(
      'JOURNAL_URL is not set: set it to the journaling endpoint of the event registration, as the Developer Console shows it',
    )
  }
  return [...new Set(items.map(parseJournalUrl))]
}

function parseJournalUrl(text: string): string {
  const url = parseServiceUrl(text)
  // Whatever stands before an @ is a user name and a password.
  const shown = JSON.stringify(text.replace(/^.*@/s, '...@').replace(/[?#].*$/s, '?...'))
  if ('refused' in url) throw inputError(`JOURNAL_URL ${shown} ${url.refused}`)
  // Over http, it is on this machine already.
  if (url.protocol === 'https:' && !serviceHost.test(url.hostname)) {
    throw inputError(
      `JOURNAL_URL ${shown} must be on a host of adobe.io, such as https://events-va6.adobe.io/...`,
    )
  }
  if (url.search !== '') {
    throw inputError(`JOURNAL_URL ${shown} must end before the ?: where to begin is told by JOURNAL_START`)
  }
  const path = trimEndOf(url.pathname, '/')
  if (path === '') throw inputError(`JOURNAL_URL ${shown} must be the whole endpoint, not only its host`)
  if (/;|:\/\//.test(path))
    throw inputError(`JOURNAL_URL ${shown} must be one endpoint; several are separated by commas`)
  return `${url.origin}${path}`
}

/**
 * Reads `JOURNAL_START`: `oldest`, `latest`, or a duration back, such as `PT2H` or `P1D`. A duration as long as the
 * journal's memory is the same as `oldest`.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export function parseJournalStart(text = 'oldest'): JournalStart {
  const word = text.trim().toLowerCase()
  if (word === 'oldest' || word === 'latest') return { from: word }
  const duration = parseDuration(text)
  if (duration === undefined) {
    throw inputError(
      `JOURNAL_START ${shown(text, 40)} must be oldest, latest, or a duration back of days, hours, minutes and seconds, such as PT2H or P1DT12H`,
    )
  }
  if (duration.ms >= retentionMs) return { from: 'oldest' }
  return { from: 'back', duration: duration.text, ms: duration.ms }
}

const inputError = (problem: string): BridgeError => systemicError('INPUT_INVALID', `wrong input: ${problem}`)
