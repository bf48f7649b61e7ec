import { randomUUID } from 'node:crypto'
import type { MovableClock } from './clock'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from './server'

const KEY_PATTERN = /^[a-zA-Z0-9-_.]{1,1024}$/
const MATCH_PATTERN = /^[a-zA-Z0-9-_.*]{1,1024}$/
const MAX_VALUE_BYTES = 1024 * 1024
const DEFAULT_TTL_SECONDS = 86_400
const MAX_TTL_SECONDS = 31_536_000

/** What the State stand-in knows. */
export type StateOptions = {
  clock: MovableClock
  /** The one namespace that has a container. */
  namespace: string
  /** The Runtime key, `<id>:<secret>`, that opens it. */
  auth: string
  /** Keys scanned by one list call; the service scans about 1000. */
  pageSize?: number
  port?: number
}

/** The State stand-in. */
export type StateStandIn = SandboxServer & {
  /** The keys that are there now, in the order of their first write. */
  keys(): string[]
  /** The value now, past any TTL by the clock. */
  value(key: string): string | undefined
  /** Writes a value for a year without a request, so that thousands cost next to nothing. */
  write(key: string, value: string): void
  /** When the key expires, in ms since the epoch. */
  expiresAt(key: string): number | undefined
}

type Entry = { value: string; expires: number; sequence: number }

const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.]/g, '\\.').replaceAll('*', '.*')}$`, 's')

/**
 * The TTL in seconds, or undefined when the query's is not one. 0 or none is a day, as in aio-lib-state
 * 5.3.1.
 */
const ttlSeconds = (text: string | undefined): number | undefined => {
  if (text === undefined) return DEFAULT_TTL_SECONDS
  if (!/^\d+$/.test(text) || Number(text) > MAX_TTL_SECONDS) return undefined
  return Number(text) || DEFAULT_TTL_SECONDS
}

/**
 * Starts a State service: the wire of aio-lib-state 5.3.1, one container of one namespace. Keys expire by the
 * clock. A container without keys does not exist: 404, which the client reads as empty.
 */
export const startState = async (options: StateOptions): Promise<StateStandIn> => {
  const { clock, namespace, pageSize = 1000 } = options
  const authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  const entries = new Map<string, Entry>()
  let sequence = 0

  const live = (): [string, Entry][] => {
    for (const [key, entry] of entries) if (entry.expires <= clock.now()) entries.delete(key)
    return [...entries]
  }

  const get = (key: string): Answer => {
    const entry = entries.get(key)
    if (entry === undefined) return json(404, { error: 'Key not found' })
    const headers = { 'content-type': 'application/octet-stream', 'x-key-expires-ms': `${entry.expires}` }
    return { status: 200, headers, body: entry.value }
  }

  const put = (key: string, request: RecordedRequest): Answer => {
    const ttl = ttlSeconds(request.query.ttl)
    if (ttl === undefined) return json(400, { error: `ttl must be an integer from 0 to ${MAX_TTL_SECONDS}` })
    if (Buffer.byteLength(request.body) > MAX_VALUE_BYTES) return json(413, { error: 'Value exceeds 1 MB' })
    const place = entries.get(key)?.sequence ?? ++sequence
    entries.set(key, { value: request.body, expires: clock.now() + ttl * 1000, sequence: place })
    return { status: 200 }
  }

  const data = (key: string, request: RecordedRequest): Answer => {
    if (!KEY_PATTERN.test(key)) return json(400, { error: 'Key does not match ^[a-zA-Z0-9-_.]{1,1024}$' })
    if (request.method === 'GET') return get(key)
    if (request.method === 'PUT') return put(key, request)
    if (request.method !== 'DELETE') return json(405, { error: 'Method not allowed' })
    return entries.delete(key) ? json(200, { keys: 1 }) : json(404, { error: 'Key not found' })
  }

  const list = (request: RecordedRequest): Answer => {
    if (request.method !== 'GET') return json(405, { error: 'Method not allowed' })
    const { match = '*', cursor = '0' } = request.query
    if (!MATCH_PATTERN.test(match)) return json(400, { error: 'match may only hold key characters and *' })
    if (!/^\d+$/.test(cursor)) return json(400, { error: 'cursor is not one of ours' })
    const all = live()
    if (all.length === 0) return json(404, { error: 'Container not found' })
    // the place in the order of writing is a cursor that survives deletions between two pages
    const rest = all.filter(([, entry]) => entry.sequence > Number(cursor))
    const scanned = rest.slice(0, pageSize)
    const keys = scanned.map(([key]) => key).filter((key) => glob(match).test(key))
    const last = scanned.at(-1)?.[1].sequence ?? 0
    return json(200, { keys, cursor: rest.length > pageSize ? last : 0 })
  }

  const container = (request: RecordedRequest): Answer => {
    const all = live()
    if (request.method === 'DELETE') {
      // without matchData the service drops the whole container: the client never sends that
      const { matchData = '*' } = request.query
      if (!MATCH_PATTERN.test(matchData))
        return json(400, { error: 'matchData may only hold key characters and *' })
      if (all.length === 0) return json(404, { error: 'Container not found' })
      const doomed = all.filter(([key]) => glob(matchData).test(key))
      for (const [key] of doomed) entries.delete(key)
      return json(200, { keys: doomed.length })
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return json(405, { error: 'Method not allowed' })
    if (all.length === 0) return json(404, { error: 'Container not found' })
    const total = (size: (key: string, entry: Entry) => number): number =>
      all.reduce((sum, [key, entry]) => sum + size(key, entry), 0)
    const bytesKeys = total((key) => Buffer.byteLength(key))
    const bytesValues = total((_, entry) => Buffer.byteLength(entry.value))
    return json(200, { keys: all.length, bytesKeys, bytesValues })
  }

  const handle = (request: RecordedRequest): Answer => {
    const [, first, owner, kind, key, ...rest] = request.path.split('/')
    if (request.headers.authorization !== authorization) return json(401, { error: 'Unauthorized' })
    if (first !== 'containers' || owner === undefined || rest.length > 0)
      return json(404, { error: 'Not found' })
    if (owner !== namespace) return json(403, { error: 'Forbidden' })
    live()
    if (kind === undefined) return container(request)
    if (kind !== 'data') return json(404, { error: 'Not found' })
    return key === undefined ? list(request) : data(key, request)
  }

  const server = await startServer({
    clock,
    port: options.port ?? 0,
    handle: (request) => {
      const answer = handle(request)
      return { ...answer, headers: { 'x-request-id': randomUUID(), ...answer.headers } }
    },
  })
  return {
    ...server,
    keys: () => live().map(([key]) => key),
    value: (key) => new Map(live()).get(key)?.value,
    write: (key, value) => {
      if (!KEY_PATTERN.test(key)) throw new Error(`${key} is no key of State`)
      entries.set(key, { value, expires: clock.now() + MAX_TTL_SECONDS * 1000, sequence: ++sequence })
    },
    expiresAt: (key) => new Map(live()).get(key)?.expires,
  }
}
