import { setMaxListeners } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MovableClock } from './clock'
import { createFaults, type Fault, type Faults } from './faults'
import { type Answer, send } from './send'

/** One request as it arrived, and what it was answered. */
export type RecordedRequest = {
  method: string
  /** The path as sent: percent-encoded, without the query. */
  path: string
  query: Record<string, string>
  headers: IncomingHttpHeaders
  body: string
  /** Undefined while unanswered, and for good when the socket was destroyed instead. */
  status: number | undefined
  /** How much of the answer's body was handed to the socket so far. */
  bytesSent: number
  /** When it arrived, by the sandbox clock, in ms since the epoch. */
  time: number
  /** The fault that struck, if any. */
  fault?: Fault['kind']
}

export type { Answer }

/** A running stand-in. */
export type SandboxServer = {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  url: string
  /** `127.0.0.1:<port>`. */
  host: string
  port: number
  /** All requests so far, oldest first. */
  requests: RecordedRequest[]
  faults: Faults
  /** Stops listening and destroys every socket, hanging ones included. */
  close(): Promise<void>
}

/** How to answer. */
export type ServerOptions = {
  clock: MovableClock
  handle: (request: RecordedRequest) => Answer | Promise<Answer>
  /** 0 for any free port (default). */
  port?: number
  /** Takes a body that must not be read into memory; undefined for all others. */
  receive?: (request: RecordedRequest, incoming: IncomingMessage) => Promise<void> | undefined
  /** How this service words a fault's status. @default JSON with `error` */
  faultAnswer?: (fault: Extract<Fault, { kind: 'status' }>) => Answer
}

/** A JSON answer. */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

/** Problem details (RFC 9457, formerly RFC 7807), the error format of AEM's OpenAPIs. */
export const problem = (status: number, detail: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail }),
})

const LOGIN_PAGE =
  '<!doctype html><html><head><title>Sign in</title></head><body>Please sign in</body></html>'

const plainFault: NonNullable<ServerOptions['faultAnswer']> = ({ status, headers, body }) =>
  json(status, body ?? { error: STATUS_CODES[status] ?? 'Error' }, headers)

const read = async (
  incoming: IncomingMessage,
  time: number,
  receive: ServerOptions['receive'],
): Promise<RecordedRequest> => {
  const target = incoming.url ?? '/'
  const mark = target.indexOf('?')
  const request: RecordedRequest = {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: Object.fromEntries(new URLSearchParams(mark < 0 ? '' : target.slice(mark))),
    headers: incoming.headers,
    body: '',
    status: undefined,
    bytesSent: 0,
    time,
  }
  const received = receive?.(request, incoming)
  if (received === undefined) {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
    request.body = Buffer.concat(chunks).toString('utf8')
  } else await received
  return request
}

/**
 * Starts an HTTP server on 127.0.0.1 that records every request and can go wrong on demand. Rejects with the
 * system's error when the port is taken.
 */
export const startServer = async (options: ServerOptions): Promise<SandboxServer> => {
  const { clock, handle, port = 0, faultAnswer = plainFault } = options
  const requests: RecordedRequest[] = []
  const faults = createFaults()
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)

  const answerTo = async (request: RecordedRequest, fault: Fault | undefined): Promise<Answer> => {
    if (fault?.kind === 'status') return faultAnswer(fault)
    if (fault?.kind === 'html')
      return { status: 200, headers: { 'content-type': 'text/html' }, body: LOGIN_PAGE }
    return handle(request)
  }

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = await read(incoming, clock.now(), options.receive)
    requests.push(request)
    const fault = faults.take(request.method, request.path)
    if (fault !== undefined) request.fault = fault.kind
    if (fault?.delayMs) await sleep(fault.delayMs, undefined, { signal: closing.signal })
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'reset') {
      incoming.socket.resetAndDestroy()
      return
    }
    const answer = await answerTo(request, fault)
    if (fault?.kind === 'resetAfter') {
      incoming.socket.resetAndDestroy()
      return
    }
    request.status = answer.status
    await send(outgoing, answer, {
      method: request.method,
      fault,
      signal: closing.signal,
      onSent: (bytes) => {
        request.bytesSent += bytes
      },
    })
  }

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      // the client disconnected, or the server is closing: no answer is possible
      if (outgoing.destroyed || closing.signal.aborted) return
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(500).end(`The stand-in itself failed: ${detail}`)
    })
  })
  // a client that reuses a connection must not meet our idle timeout by chance
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}`,
    host: `127.0.0.1:${bound}`,
    port: bound,
    requests,
    faults,
    close: () => {
      closing.abort()
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
