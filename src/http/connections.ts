import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import { isReset } from './network-error'

/** Connections that stay open between requests. */
export type Agents = { http: http.Agent; https: https.Agent }

/** What our requests call themselves. */
export const userAgent = 'aem-asset-bridge'

/** Creates the connections. @param maxFreeSockets idle connections kept for each host @default Node's own, 256 */
export function createAgents(options: { maxFreeSockets?: number } = {}): Agents {
  const settings = { keepAlive: true, ...options }
  return { http: new http.Agent(settings), https: new https.Agent(settings) }
}

/** Of all requests and answers that are streams. */
const streaming = createAgents({ maxFreeSockets: 8 })

/** A request in progress, and its answer. */
export type Sent<T> = { request: ClientRequest; result: Promise<T> }

/** Begins a request with Node's own client, by a connection of the agent, or by one of its own. */
export type Open = (options: RequestOptions) => ClientRequest

/**
 * Sends a request over a kept-alive connection. If the server had closed that while it was idle, as after a pause of
 * the container, the request is sent once more over a new one: the server has not seen the first.
 * @param send begins it; `open` has to be called once
 * @param options.once it is never sent a second time @default false
 * @throws what `result` is rejected with; the signal's reason
 */
export async function overLiveConnection<T>(
  url: URL,
  send: (open: Open) => Sent<T>,
  { signal, once = false }: { signal: AbortSignal; once?: boolean },
): Promise<T> {
  signal.throwIfAborted()
  const isSecure = url.protocol === 'https:'
  const over =
    (agent: http.Agent | false): Open =>
    (options) =>
      (isSecure ? https : http).request(url, { ...options, agent })
  const { request, result } = send(over(isSecure ? streaming.https : streaming.http))
  let failure: unknown
  request.once('error', (error) => {
    failure = error
  })
  try {
    return await result
  } catch (thrown) {
    signal.throwIfAborted()
    const wasClosed = thrown === failure && request.reusedSocket && isReset(thrown)
    if (!wasClosed || once) throw thrown
    return send(over(false)).result
  }
}

/** The headers of an answer by lower-case name; several values of one are joined by a comma. */
export const headersOf = ({ headers }: IncomingMessage): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
