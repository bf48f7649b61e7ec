import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { transientError } from '../core/errors'
import { headersOf, overLiveConnection, userAgent } from './connections'
import { networkError } from './network-error'
import { startTimer, within } from './timer'

/** An answer whose body has not been read yet. The caller has to read the body to its end, or discard it. */
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

/**
 * GETs a URL for its bytes: no redirect is followed, nothing is unpacked. Node's own client, for node-fetch puts another
 * stream between, and a cut body does not end there. The caller has checked that the URL may be called, and with
 * these headers.
 * @throws {BridgeError} transient, `<upstream>_UNREACHABLE` or `<upstream>_TIMEOUT`; never with the URL, which may be a
 * key. Or the signal's reason
 */
export async function getStream(url: URL, options: StreamOptions): Promise<StreamedResponse> {
  const { upstream, signal, headers } = options
  try {
    const message = await overLiveConnection(
      url,
      (open) => {
        const request = open({
          headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
        })
        request.end()
        return { request, result: answerTo(request, options) }
      },
      { signal },
    )
    return { status: message.statusCode ?? 0, headers: headersOf(message), body: message }
  } catch (thrown) {
    signal.throwIfAborted()
    throw networkError(upstream, thrown)
  }
}

/**
 * The beginning of an answer's body as text, for an error message; empty when it does not come soon. The answer cannot be
 * used after that. It never throws.
 */
export async function readBeginning(response: StreamedResponse): Promise<string> {
  const { body } = response
  const chunks: Buffer[] = []
  let size = 0
  body.on('data', (bytes: Buffer) => {
    if (size < beginningBytes) chunks.push(bytes)
    size += bytes.length
    if (size >= beginningBytes) body.destroy()
  })
  await new Promise<void>((resolve) => {
    const timer = startTimer(drainMs, () => body.destroy(), { background: true })
    body.on('error', () => undefined)
    body.once('close', () => {
      timer.stop()
      resolve()
    })
  })
  return Buffer.concat(chunks).toString()
}

/** Discards an answer without using it; after a short one the connection stays open for the next request. */
export function discard({ headers, body }: StreamedResponse): void {
  body.on('error', () => undefined)
  if (Number(headers.get('content-length') ?? 0) > shortBytes) {
    body.destroy()
    return
  }
  let size = 0
  const timer = startTimer(drainMs, () => body.destroy(), { background: true })
  body.once('close', timer.stop)
  body.on('data', (bytes: Buffer) => {
    size += bytes.length
    if (size > shortBytes) body.destroy()
  })
}

const shortBytes = 64 * 1024
const beginningBytes = 16 * 1024
const drainMs = 2_000
const usualAnswerMs = 30_000

async function answerTo(
  request: ClientRequest,
  { upstream, signal, answerMs = usualAnswerMs }: StreamOptions,
): Promise<IncomingMessage> {
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    const abort = (): void => {
      request.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    // The request closes after its answer does.
    request.once('close', () => signal.removeEventListener('abort', abort))
    request.on('error', reject)
    request.once('response', resolve)
  })
  try {
    return await within(answerMs, answer, () =>
      transientError(`${upstream}_TIMEOUT`, `${upstream} did not begin to answer within ${answerMs} ms`, {
        upstream,
      }),
    )
  } catch (thrown) {
    request.destroy()
    throw thrown
  }
}
