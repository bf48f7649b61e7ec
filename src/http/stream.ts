import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { transientError } from '../core/errors'
import { createDownloadAgents } from './download-agents'
import { errorCode } from './exchange'
import { networkError } from './network-error'

/** An answer whose body has not been read yet. Whoever has it reads the body to its end, or discards it. */
export type StreamedResponse = {
  status: number
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>
  /** Breaks with an error when the connection is cut before the body's end. Destroying it closes the connection. */
  body: Readable
}

export type StreamOptions = {
  /** In errors, upper case: `AEM`. */
  upstream: string
  headers: Readonly<Record<string, string>>
  /** Ends the body, too, and closes the connection. */
  signal: AbortSignal
  /** How long to wait for the beginning of the answer, the connecting included. @default 30000 */
  answerMs?: number
}

const agents = createDownloadAgents({ maxFreeSockets: 8 })

/**
 * GETs a URL for its bytes: no redirect is followed, nothing is unpacked. Node's own client, for node-fetch puts another
 * stream between, and a cut body does not end there. The caller has checked that the URL may be called, and with
 * these headers.
 * @throws {BridgeError} transient, `<upstream>_UNREACHABLE` or `<upstream>_TIMEOUT`; never with the URL, which may be a
 * key. Or the signal's reason
 */
export async function getStream(url: URL, options: StreamOptions): Promise<StreamedResponse> {
  const { upstream, signal } = options
  signal.throwIfAborted()
  let reused = false
  const send = async (agent: http.Agent | false): Promise<IncomingMessage> => {
    const request = open(url, options, agent)
    try {
      return await answerTo(request, options)
    } finally {
      reused = request.reusedSocket
    }
  }
  try {
    const message = await send(url.protocol === 'https:' ? agents.https : agents.http).catch((thrown) => {
      // The connection had been closed while nobody used it, as after a pause of the container.
      if (reused && isReset(thrown) && !signal.aborted) return send(false)
      throw thrown
    })
    return { status: message.statusCode ?? 0, headers: headersOf(message), body: message }
  } catch (thrown) {
    signal.throwIfAborted()
    throw networkError(upstream, thrown)
  }
}

/** Lets go of an answer that nobody reads; a short one leaves its connection to the next request. */
export function discard({ headers, body }: StreamedResponse): void {
  body.on('error', () => undefined)
  if (Number(headers.get('content-length') ?? 0) > shortBytes) {
    body.destroy()
    return
  }
  let size = 0
  const timer = setTimeout(() => body.destroy(), drainMs).unref()
  body.once('close', () => clearTimeout(timer))
  body.on('data', (bytes: Buffer) => {
    size += bytes.length
    if (size > shortBytes) body.destroy()
  })
}

const shortBytes = 64 * 1024
const drainMs = 2_000
const usualAnswerMs = 30_000

function open(url: URL, { headers }: StreamOptions, agent: http.Agent | false): ClientRequest {
  return (url.protocol === 'https:' ? https : http).get(url, {
    agent,
    headers: { 'user-agent': 'aem-asset-bridge', 'accept-encoding': 'identity', ...headers },
  })
}

function answerTo(
  request: ClientRequest,
  { upstream, signal, answerMs = usualAnswerMs }: StreamOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      request.destroy()
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      request.destroy(
        transientError(`${upstream}_TIMEOUT`, `${upstream} did not begin to answer within ${answerMs} ms`, {
          upstream,
        }),
      )
    }, answerMs)
    signal.addEventListener('abort', abort, { once: true })
    // The request closes after its answer does.
    request.once('close', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    })
    request.on('error', reject)
    request.once('response', (message) => {
      clearTimeout(timer)
      resolve(message)
    })
  })
}

function headersOf({ headers }: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}

const isReset = (thrown: unknown): boolean => /^(ECONNRESET|EPIPE)$/.test(errorCode(thrown) ?? '')
