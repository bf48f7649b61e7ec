import type { MovableClock } from '../clock'
import type { JsonValue } from '../json'
import type { Activation } from './activation'

/** An activation as the API shows it (OpenWhisk, WhiskActivation.scala). Times are in ms. */
export type ActivationRecord = Summary & {
  subject: string
  response: { statusCode: number; status: string; success: boolean; result: JsonValue }
  logs: string[]
}

/** As a list of activations shows it (OpenWhisk, `summaryAsJson` of WhiskActivation.scala). */
export type Summary = {
  namespace: string
  name: string
  version: string
  activationId: string
  start: number
  end: number
  duration: number
  annotations: { key: string; value: JsonValue }[]
  publish: boolean
}

/** The most that one list has (OpenWhisk, `Collection.MAX_LIST_LIMIT`), and the usual number. */
const LIST = { most: 200, usual: 30 }

/** What a list is asked for: times are in ms. */
export type Listing = { limit: number; skip: number; since: number; upto: number; docs: boolean }

/** Reads the query of a list; undefined when the platform refuses it. */
export const listingOf = (query: Record<string, string>): Listing | undefined => {
  const known = ['limit', 'skip', 'since', 'upto', 'docs']
  const number = (name: string, otherwise: number): number => {
    const text = query[name]
    if (text === undefined) return otherwise
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  }
  const limit = number('limit', LIST.usual)
  const listing = {
    limit: limit === 0 ? LIST.most : limit,
    skip: number('skip', 0),
    since: number('since', 0),
    upto: number('upto', Number.POSITIVE_INFINITY),
    docs: query.docs === 'true',
  }
  const isWrong = Object.values(listing).some(Number.isNaN) || limit > LIST.most
  return isWrong || Object.keys(query).some((name) => !known.includes(name)) ? undefined : listing
}

/** What the platform remembers of activations. */
export type ActivationLog = {
  /** Notes an activation down, if the platform keeps it: a blocking one that went well leaves no record. */
  add(activation: Activation, about: { fullName: string; begin: number; blocking: boolean }): void
  /** The record, kept or not. */
  record(activation: Activation, about: { fullName: string; begin: number }): ActivationRecord
  find(activationId: string): ActivationRecord | undefined
  /** Oldest first. */
  all(): ActivationRecord[]
  /** Newest first, by when they began. Logs are never in a list. */
  list(listing: Listing): (Summary | Omit<ActivationRecord, 'logs'>)[]
}

const KEPT = 1000
const STATUS_CODES = { success: 0, 'application error': 1, 'developer error': 2 }
const STATUSES = {
  success: 'success',
  'application error': 'application error',
  'developer error': 'action developer error',
}

/** An empty log; the oldest records go when there are too many. */
export const createActivationLog = (options: { clock: MovableClock; namespace: string }): ActivationLog => {
  const { clock, namespace } = options
  const records = new Map<string, ActivationRecord>()

  const record: ActivationLog['record'] = (activation, { fullName, begin }) => {
    const {
      activationId,
      action: name,
      kind,
      ok,
      result,
      error,
      durationMs,
      cold,
      startMs,
      lines = [],
    } = activation
    return {
      namespace,
      name,
      version: '0.0.1',
      subject: namespace,
      activationId,
      start: begin,
      end: clock.now(),
      duration: Math.round(durationMs),
      response: {
        statusCode: STATUS_CODES[kind],
        status: STATUSES[kind],
        success: ok,
        result: ok ? (result ?? {}) : { error: error ?? null },
      },
      // OpenWhisk, LogLine.scala
      logs: lines.map(({ stream, text }) => `${new Date(clock.now()).toISOString()} ${stream}: ${text}`),
      annotations: [
        { key: 'path', value: fullName.slice(1) },
        { key: 'kind', value: 'nodejs:24' },
        ...(cold ? [{ key: 'initTime', value: Math.round(startMs) }] : []),
      ],
      publish: false,
    }
  }

  return {
    record,
    add: (activation, about) => {
      if (about.blocking && activation.ok) return
      records.set(activation.activationId, record(activation, about))
      for (const oldest of records.keys()) {
        if (records.size <= KEPT) break
        records.delete(oldest)
      }
    },
    find: (activationId) => records.get(activationId),
    all: () => [...records.values()],
    list: ({ limit, skip, since, upto, docs }) =>
      [...records.values()]
        .reverse()
        .filter(({ start }) => start >= since && start <= upto)
        .sort((one, other) => other.start - one.start)
        .slice(skip, skip + limit)
        .map(({ logs: _, subject, response, ...summary }) =>
          docs ? { ...summary, subject, response } : { ...summary, statusCode: response.statusCode },
        ),
  }
}
