import { randomUUID } from 'node:crypto'
import type { MovableClock } from './clock'
import type { JsonObject } from './json'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from './server'

const DAY_MS = 24 * 3_600_000
const RETENTION_MS = 7 * DAY_MS
const MAX_PAGE_BYTES = 1_500_000
const ANIMALS = ['moose', 'camel', 'rabbit', 'penguin', 'otter']
const PARAMETERS = ['since', 'limit', 'latest', 'seek']

/** What the journal stand-in knows. */
export type JournalOptions = {
  clock: MovableClock
  /** Tells whether a token is one of IMS's; any is taken by default. */
  isValidToken?: (token: string) => boolean
  /** The only value of `x-api-key`. */
  clientId: string
  /** The only value of `x-ims-org-id`, `<id>@AdobeOrg`. */
  orgId: string
  /** Answers what is no request to this journal; undefined for what it does not know either. */
  others?: (request: RecordedRequest) => Answer | undefined
  /** Events on a page that was asked for without a limit. The service promises no number. */
  pageSize?: number
  port?: number
}

/** The journal of one event registration. */
export type JournalStandIn = SandboxServer & {
  /** The journaling endpoint, as the Developer Console shows it. */
  journalUrl: string
  /** Writes an event at the end; returns its position. */
  append(event: JsonObject): string
  /** The same with an event as a sender wrote it, however deep. */
  appendJson(event: string): string
  /** Writes many at once. Each is made when it is read, so that 100,000 cost next to nothing. */
  appendMany(count: number, make: (index: number) => JsonObject): void
  /** Positions of all events ever written, oldest first. */
  positions(): string[]
  /** Deletes the registration: from now on there is no such journal. */
  unregister(): void
  /** From now on events are kept for so long; seven days are documented, and nothing more is promised. */
  keepFor(ms: number): void
}

type Entry = { position: string; writtenAt: number; json: () => string }
type Query = { since?: string; seekMs?: number; isLatest: boolean; limit?: number }

const newPosition = (index: number): string =>
  `${ANIMALS[index % ANIMALS.length]}:${randomUUID()}:${randomUUID()}`

/** ISO-8601 durations of days and time, to the past. */
const SEEK = /^-P(?=\d|T\d)(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

const seekMs = (text: string): number | undefined => {
  const match = SEEK.exec(text)
  if (match === null) return undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0))
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}

const parseQuery = (query: Record<string, string>): Query | string => {
  const unknown = Object.keys(query).find((name) => !PARAMETERS.includes(name))
  if (unknown !== undefined) return `unknown parameter ${unknown}`
  const { since, limit, latest, seek } = query
  if (latest !== undefined && latest !== 'true') return 'latest must be true'
  if ([since, latest, seek].filter((it) => it !== undefined).length > 1) {
    return 'since, latest and seek exclude each other'
  }
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit)) return 'limit must be a positive integer'
  const back = seek === undefined ? undefined : seekMs(seek)
  if (seek !== undefined && back === undefined) return 'seek must be a negative ISO-8601 duration'
  return {
    isLatest: latest !== undefined,
    ...(since === undefined ? {} : { since }),
    ...(back === undefined ? {} : { seekMs: back }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  }
}

/**
 * Starts the journal of one registration (Adobe I/O Events, Journaling API): oldest first, `since` exclusive, relative
 * links, 204 at the end, 410 for a position that was written more than seven days ago, the last one included.
 */
export const startJournal = async (options: JournalOptions): Promise<JournalStandIn> => {
  const { clock, clientId, orgId, isValidToken = () => true, pageSize = 100 } = options
  const path = `/events/organizations/23294/integrations/54108/${randomUUID()}`
  const entries: Entry[] = []
  const indexes = new Map<string, number>()
  // Even an empty journal has a position to continue from.
  const origin = { position: newPosition(0), writtenAt: clock.now() }
  let expired = 0
  let isRegistered = true
  let retentionMs = RETENTION_MS

  const write = (json: () => string): string => {
    const position = newPosition(entries.length)
    indexes.set(position, entries.length)
    entries.push({ position, writtenAt: clock.now(), json })
    return position
  }

  const isExpired = ({ writtenAt }: { writtenAt: number }): boolean => writtenAt < clock.now() - retentionMs

  const oldest = (): number => {
    for (let entry = entries[expired]; entry !== undefined && isExpired(entry); entry = entries[expired]) {
      expired += 1
    }
    return expired
  }

  const link = (position: string, limit: number | undefined): string => {
    const query = `?since=${position}${limit === undefined ? '' : `&limit=${limit}`}`
    return `<${path}${query}>; rel="next"`
  }

  /** The index of the first event asked for, or the answer that says why there is none. */
  const start = (query: Query): number | Answer => {
    if (query.since === undefined) {
      if (query.isLatest) return entries.length
      if (query.seekMs === undefined) return oldest()
      const from = clock.now() - query.seekMs
      const found = entries.findIndex(({ writtenAt }, index) => index >= oldest() && writtenAt >= from)
      return found < 0 ? entries.length : found
    }
    const index = query.since === origin.position ? -1 : indexes.get(query.since)
    if (index === undefined) return json(400, { error: 'since is no position of this journal' })
    if (isExpired(entries[index] ?? origin)) {
      const body = `Events at position ${query.since} have expired.`
      return { status: 410, headers: { 'content-type': 'text/plain' }, body }
    }
    return index + 1
  }

  const page = (from: number, query: Query): Answer => {
    const items: string[] = []
    let bytes = 0
    let last = query.since ?? entries.at(-1)?.position ?? origin.position
    const end = Math.min(entries.length, from + (query.limit ?? pageSize))
    for (const { position, json: event } of entries.slice(from, end)) {
      const item = `{"position":${JSON.stringify(position)},"event":${event()}}`
      bytes += Buffer.byteLength(item)
      if (items.length > 0 && bytes > MAX_PAGE_BYTES) break
      items.push(item)
      last = position
    }
    const next = link(last, query.limit)
    if (items.length === 0) {
      const isPlain = query.since === undefined && !query.isLatest && query.seekMs === undefined
      const validate = `<${path}/validate?since=${last}>; rel="validate"`
      return {
        status: 204,
        headers: { link: `${next}, ${validate}`, ...(isPlain ? {} : { 'retry-after': '10' }) },
      }
    }
    const ending = JSON.stringify({ last, count: items.length })
    return {
      status: 200,
      headers: { 'content-type': 'application/json', link: next },
      body: `{"events":[${items.join(',')}],"_page":${ending}}`,
    }
  }

  const handle = (request: RecordedRequest): Answer => {
    const { authorization = '', 'x-api-key': key, 'x-ims-org-id': org } = request.headers
    const token = /^Bearer (\S+)$/.exec(authorization)?.[1]
    if (token === undefined || !isValidToken(token)) return json(401, { error: 'Oauth token is not valid' })
    if (key !== clientId) return json(403, { error: 'Api Key is invalid' })
    if (org !== orgId) return json(403, { error: 'x-ims-org-id is not the organization of the journal' })
    const other = request.path === path ? undefined : options.others?.(request)
    if (other !== undefined) return other
    if (request.path !== path || !isRegistered) return json(404, { error: 'Not found' })
    if (request.method !== 'GET') return json(405, { error: 'Method not allowed' }, { allow: 'GET' })
    const query = parseQuery(request.query)
    if (typeof query === 'string') return json(400, { error: query })
    const from = start(query)
    return typeof from === 'number' ? page(from, query) : from
  }

  const server = await startServer({ clock, handle, port: options.port ?? 0 })
  return {
    ...server,
    journalUrl: `${server.url}${path}`,
    append: (event) => write(() => JSON.stringify(event)),
    appendJson: (event) => write(() => event),
    appendMany: (count, make) => {
      for (let index = 0; index < count; index++) write(() => JSON.stringify(make(index)))
    },
    positions: () => entries.map(({ position }) => position),
    keepFor: (ms) => {
      retentionMs = ms
    },
    unregister: () => {
      isRegistered = false
    },
  }
}
