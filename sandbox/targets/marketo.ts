import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createClock, type MovableClock } from '../clock'
import { arrived, fail, type MarketoFault } from './marketo-faults'
import { createMarketoFiles, type MarketoFile, type MarketoFiles, type Outcome } from './marketo-files'

/** One request as the instance saw it. */
export type MarketoRequest = {
  method: string
  path: string
  query: Readonly<Record<string, string>>
  headers: IncomingHttpHeaders
  bytes: number
}

/** What the instance is like. */
export type MarketoOptions = {
  /** @default folders 436 and 437 */
  folders?: readonly number[]
  /** Of another type than `Folder`. @default 1001 */
  programs?: readonly number[]
  /** The largest body. @default 1 MiB */
  maxBytes?: number
  /** @default 100 calls in 20 seconds, 10 at once */
  calls?: number
  atOnce?: number
  /** @default 50000 */
  dailyQuota?: number
  /** How long a token lives. @default 3600 */
  tokenSeconds?: number
  clock?: MovableClock
}

/** A stand-in for an instance of Marketo Engage, as strict as its documentation. */
export type MarketoStandIn = Pick<MarketoFiles, 'read' | 'place' | 'move' | 'forgetDescriptions'> & {
  /** What the app is given. */
  inputs: Readonly<Record<string, string>>
  secrets: readonly string[]
  /** `http://127.0.0.1:<port>`. */
  url: string
  requests: MarketoRequest[]
  fault: (request: MarketoRequest) => MarketoFault | undefined
  /** The files, oldest first. */
  files(): readonly MarketoFile[]
  /** How many calls were refused for being too many. */
  refused(): number
  /** The most calls in any 20 seconds, and at once. */
  peaks(): { calls: number; atOnce: number }
  tokensIssued(): number
  /** Ends every token. */
  revokeAll(): void
  /** The quota is used up until it is reset. */
  useUpQuota(): void
  /** Until no call is being worked on. */
  quiet(): Promise<void>
  close(): Promise<void>
}

const windowMs = 20_000
const dayMs = 24 * 60 * 60 * 1000
const cst = 6 * 60 * 60 * 1000

/** Starts it on a free port of 127.0.0.1. */
export async function startMarketo(options: MarketoOptions = {}): Promise<MarketoStandIn> {
  const {
    folders = [436, 437],
    programs = [1001],
    maxBytes = 1024 * 1024,
    calls = 100,
    atOnce = 10,
    dailyQuota = 50_000,
    tokenSeconds = 3600,
    clock = createClock(),
  } = options
  const root = await mkdtemp(join(tmpdir(), 'bridge-marketo-'))
  await mkdir(join(root, 'in'))
  const clientId = randomUUID()
  const clientSecret = `s3cret/+ ${randomUUID()}`
  const arrivals: number[] = []
  const peaks = { calls: 0, atOnce: 0 }
  let token: { value: string; expires: number } | undefined
  const expired = new Set<string>()
  let [active, refused, issued, uploads] = [0, 0, 0, 0]
  let quota = { day: 0, used: 0 }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const files = createMarketoFiles({ folders, programs, clock, url })
  const today = (): number => Math.floor((clock.now() - cst) / dayMs)

  const standIn: MarketoStandIn = {
    inputs: {
      MARKETO_URL: url,
      MARKETO_CLIENT_ID: clientId,
      MARKETO_CLIENT_SECRET: clientSecret,
      MARKETO_FOLDER_ID: String(folders[0]),
    },
    secrets: [clientId, clientSecret],
    url,
    requests: [],
    fault: () => undefined,
    files: files.all,
    read: files.read,
    place: files.place,
    move: files.move,
    forgetDescriptions: files.forgetDescriptions,
    refused: () => refused,
    peaks: () => ({ ...peaks }),
    tokensIssued: () => issued,
    revokeAll: () => {
      token = undefined
    },
    useUpQuota: () => {
      quota = { day: today(), used: dailyQuota }
    },
    quiet: async () => {
      while (active > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(root, { recursive: true })
    },
  }
  return standIn

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(incoming.url ?? '/', url)
    const request: MarketoRequest = {
      method: incoming.method ?? '',
      path: target.pathname,
      query: Object.fromEntries(target.searchParams),
      headers: incoming.headers,
      bytes: 0,
    }
    standIn.requests.push(request)
    incoming.on('data', (chunk: Buffer) => {
      request.bytes += chunk.length
    })
    const fault = standIn.fault(request)
    const isRest = request.path.startsWith('/rest/')
    if (isRest) {
      active += 1
      peaks.atOnce = Math.max(peaks.atOnce, active)
    }
    try {
      if (fault !== undefined && !fault.after) {
        if ('reset' in fault && request.method === 'POST') await arrived(incoming, 65_536)
        return fail(incoming, response, fault, '')
      }
      const answer = isRest ? await rest(request, incoming) : identity(request)
      const text = JSON.stringify(answer.body)
      if (fault !== undefined) return fail(incoming, response, fault, text)
      if (answer.status !== 200 && isRest) return fail(incoming, response, answer, '')
      response.writeHead(answer.status, { 'content-type': 'application/json;charset=UTF-8' }).end(text)
    } finally {
      if (isRest) active -= 1
    }
  }

  function identity({ path, method, query }: MarketoRequest): { status: number; body: object } {
    if (path !== '/identity/oauth/token' || method !== 'GET') return { status: 404, body: {} }
    const refusal = (status: number, error: string, error_description: string) => ({
      status,
      body: { error, error_description },
    })
    if (query.grant_type !== 'client_credentials')
      return refusal(400, 'unsupported_grant_type', 'Unsupported grant type')
    if (query.client_id !== clientId)
      return refusal(401, 'invalid_client', `No client with requested id: ${query.client_id}`)
    if (query.client_secret !== clientSecret)
      return refusal(401, 'unauthorized', `Bad client credentials: ${query.client_secret}`)
    if (token === undefined || token.expires <= clock.now()) {
      if (token !== undefined) expired.add(token.value)
      issued += 1
      token = { value: `${randomUUID()}:int`, expires: clock.now() + tokenSeconds * 1000 }
    }
    // The same one until it expires, with what is left of it.
    const expires_in = Math.floor((token.expires - clock.now()) / 1000)
    return {
      status: 200,
      body: { access_token: token.value, token_type: 'bearer', expires_in, scope: 'a@b.c' },
    }
  }

  async function rest(
    request: MarketoRequest,
    incoming: IncomingMessage,
  ): Promise<{ status: number; body?: object }> {
    const isUpload = request.method === 'POST'
    if (isUpload) {
      const length = Number(request.headers['content-length'] ?? Number.NaN)
      if (Number.isNaN(length)) return { status: 411 }
      if (length > maxBytes) return { status: 413 }
    }
    const file = join(root, 'in', String(++uploads))
    // Throws when the body is cut.
    if (isUpload) await pipeline(incoming, createWriteStream(file))
    const outcome = gate(request) ?? (await files.answer(request, file))
    const requestId = `${uploads.toString(16)}#1${clock.now().toString(16)}`
    if ('code' in outcome) return { status: 200, body: { success: false, errors: [outcome], requestId } }
    const { result, warning } = outcome
    const warnings = warning === undefined ? [] : [warning]
    const found = result === undefined ? {} : { result }
    return { status: 200, body: { success: true, errors: [], requestId, warnings, ...found } }
  }

  /** What holds for every call. */
  function gate({ headers, query }: MarketoRequest): Outcome | undefined {
    if ('access_token' in query) return { code: '600', message: 'Access token in the URL' }
    const given = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1]
    if (given === undefined) return { code: '600', message: 'Access token is empty' }
    if (expired.has(given) || (given === token?.value && token.expires <= clock.now()))
      return { code: '602', message: 'Access token expired' }
    if (given !== token?.value) return { code: '601', message: `Access token invalid: ${given}` }
    if (quota.day !== today()) quota = { day: today(), used: 0 }
    quota.used += 1
    if (quota.used > dailyQuota) return { code: '607', message: `Daily quota '${dailyQuota}' reached` }
    const now = clock.now()
    arrivals.push(now)
    while (arrivals[0] !== undefined && arrivals[0] <= now - windowMs) arrivals.shift()
    peaks.calls = Math.max(peaks.calls, arrivals.length)
    if (arrivals.length > calls || active > atOnce) {
      refused += 1
      return arrivals.length > calls
        ? { code: '606', message: `Max rate limit '${calls}' exceeded with in '20' secs` }
        : { code: '615', message: `Concurrent access limit reached` }
    }
    return undefined
  }
}
