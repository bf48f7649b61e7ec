import { subscribe } from 'node:diagnostics_channel'
import http from 'node:http'
import { parse } from 'node:url'
import fetch, { FetchError, type Response } from 'node-fetch'
import { type Agents, createAgents, userAgent } from './connections'
import type { HttpResponse } from './response'

export type HttpRequest = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  url: string
  headers?: Readonly<Record<string, string>>
  body?: string
  /** Whether an answer stays what it is, though its status may pass as a rule: then it is not tried again. */
  isFinal?(response: HttpResponse): boolean
}

/**
 * node-fetch 2 uses url.parse(), of which Node 24 warns once in each process: every new container would begin its log
 * with that. This is the once.
 */
function useUpUrlWarning(): void {
  // Read-only where Node was started with --no-deprecation.
  if (process.noDeprecation) return
  process.noDeprecation = true
  parse('http://localhost')
  process.noDeprecation = false
}
useUpUrlWarning()

/** The answer is larger than allowed; the connection was closed. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
}

const watched = new WeakSet<http.Agent>()

/** Creates the connections of a client. An answer that breaks off over them fails instead of hanging. */
export function createWatchedAgents(): Agents {
  const agents = createAgents()
  watched.add(agents.http).add(agents.https)
  return agents
}

/**
 * node-fetch 2 listens for errors of the request only. An answer that breaks off before its announced length is an
 * error of the answer, and its reader would wait for ever. So the error is passed on. Node reports each request on
 * this channel.
 */
subscribe('http.client.request.start', (message) => {
  const request = typeof message === 'object' && message && 'request' in message ? message.request : undefined
  if (!(request instanceof http.ClientRequest) || !hasWatchedAgent(request)) return
  request.once('response', (answer) => {
    answer.once('error', (error) => request.emit('error', error))
  })
})

const hasWatchedAgent = (request: http.ClientRequest): boolean =>
  'agent' in request && request.agent instanceof http.Agent && watched.has(request.agent)

/**
 * One request and its whole answer. Follows no redirect.
 * @throws AnswerTooLarge; else whatever Node or node-fetch report; the caller has to cancel the attempt, so that
 * the connection is closed
 */
export async function exchange(
  url: URL,
  request: HttpRequest,
  options: {
    agents: Agents
    signal: AbortSignal
    maxBodyBytes: number
    /** Called before bytes of the answer are read, and with a negative number when they are dropped. */
    onBytes: (bytes: number) => void
  },
): Promise<HttpResponse> {
  const { agents, signal, maxBodyBytes, onBytes } = options
  const headers = { 'user-agent': userAgent, ...request.headers }
  // node-fetch refuses what these refuse, but names the header's value, which may be a secret.
  for (const [name, value] of Object.entries(headers)) http.validateHeaderValue(name, value)
  let response: Response | undefined
  let counted = 0
  const count = (total: number): void => {
    if (total <= counted) return
    const more = total - counted
    counted = total
    onBytes(more)
  }
  try {
    response = await fetch(url.href, {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: 'manual',
      agent: ({ protocol }) => (protocol === 'http:' ? agents.http : agents.https),
      signal,
      size: maxBodyBytes,
    })
    count(Math.min(announcedBytes(response), maxBodyBytes))
    let size = 0
    response.body.on('data', (bytes: Buffer) => {
      size += bytes.length
      count(size)
    })
    return {
      status: response.status,
      headers: headersOf(response),
      // Takes a byte order mark away, which JSON does not know.
      text: new TextDecoder().decode(await response.arrayBuffer()),
    }
  } catch (thrown) {
    onBytes(-counted)
    // Or an answer that was refused for its size would be unpacked to its end.
    if (response !== undefined) destroy(response.body)
    if (thrown instanceof FetchError && thrown.type === 'max-size') throw new AnswerTooLarge()
    throw thrown
  }
}

/** By lower-case name. The iterator of node-fetch 2 sorts and copies all headers for each one that it gives. */
const headersOf = ({ headers }: Response): ReadonlyMap<string, string> =>
  new Map(Object.entries(headers.raw()).map(([name, values]) => [name.toLowerCase(), values.join(', ')]))

/** What the answer says about its length; 0 when it says nothing. Compressed, it becomes longer. */
function announcedBytes({ headers }: Response): number {
  const length = Number(headers.get('content-length'))
  return Number.isSafeInteger(length) && length > 0 ? length : 0
}

function destroy(body: NodeJS.ReadableStream): void {
  if (!('destroy' in body) || typeof body.destroy !== 'function') return
  body.on('error', () => undefined)
  body.destroy()
}
