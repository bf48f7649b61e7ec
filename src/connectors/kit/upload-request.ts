import http, { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { type BridgeError, transientError } from '../../core/errors'

/** An answer, with its body as text; that is undefined when it was too long, or cut. */
export type HttpsAnswer = { status: number; headers: IncomingHttpHeaders; text: string | undefined }

/** A request whose body, if any, is read while it is sent. */
export type HttpsRequest = {
  method: string
  url: URL
  headers: Readonly<Record<string, string>>
  /** Opens the body; more than once when the first attempt meets a connection that is dead already. */
  body?: () => AsyncIterable<Buffer>
  /** Never sent a second time, not even when the connection seems to have been dead before. @default false */
  once?: boolean
}

/** Larger answers are not read to their end, which costs the connection. */
const maxAnswerBytes = 64 * 1024
const agents = {
  http: new http.Agent({ keepAlive: true, maxFreeSockets: 4 }),
  https: new https.Agent({ keepAlive: true, maxFreeSockets: 4 }),
}

/**
 * Sends a request: no redirect is followed, of the answer's body no more than 64 KiB are kept. An answer that comes
 * before the body is out ends the sending. When the body breaks off, so does the request, and the endpoint sees it cut.
 * @param idleMs how long the endpoint may do nothing, be it that it takes no byte or gives no answer
 * @throws {BridgeError} transient, `HTTPS_TIMEOUT`; else what the body throws, the system's error, or the signal's reason
 */
export async function sendRequest(
  request: HttpsRequest,
  idleMs: number,
  signal: AbortSignal,
): Promise<HttpsAnswer> {
  signal.throwIfAborted()
  const first = attempt(request, idleMs, signal, true)
  try {
    return await first.answer
  } catch (thrown) {
    signal.throwIfAborted()
    // The connection had been closed while nobody used it, as after a pause of the container.
    if (request.once || !first.metDeadConnection(thrown)) throw thrown
    return attempt(request, idleMs, signal, false).answer
  }
}

function attempt(
  { method, url, headers, body }: HttpsRequest,
  idleMs: number,
  signal: AbortSignal,
  reuse: boolean,
): { answer: Promise<HttpsAnswer>; metDeadConnection(thrown: unknown): boolean } {
  const secure = url.protocol === 'https:'
  const agent = reuse ? agents[secure ? 'https' : 'http'] : false
  const request = (secure ? https : http).request(url, { method, headers: { ...headers }, agent, signal })
  let dead: unknown
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) dead = error
      reject(error)
    })
  })
  response.catch(() => undefined)
  return {
    answer: finish(request, response, body, idleMs),
    metDeadConnection: (thrown) => dead !== undefined && thrown === dead,
  }
}

async function finish(
  request: ClientRequest,
  response: Promise<IncomingMessage>,
  body: HttpsRequest['body'],
  idleMs: number,
): Promise<HttpsAnswer> {
  try {
    if (body !== undefined) await pump(request, response, body(), idleMs)
    request.end()
    const answer = await within(idleMs, response)
    const text = await within(idleMs, readText(answer))
    if (text === undefined || !request.writableFinished) request.destroy()
    return { status: answer.statusCode ?? 0, headers: answer.headers, text }
  } catch (thrown) {
    request.destroy()
    throw thrown
  }
}

async function pump(
  request: ClientRequest,
  response: Promise<unknown>,
  chunks: AsyncIterable<Buffer>,
  idleMs: number,
): Promise<void> {
  let over = false
  const end = (): void => {
    over = true
  }
  response.then(end, end)
  for await (const chunk of chunks) {
    if (over || request.destroyed) return
    if (!request.write(chunk)) await within(idleMs, drained(request))
  }
}

/** Until more bytes are taken, or none will ever be. */
const drained = (request: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      for (const event of endings) request.off(event, end)
      resolve()
    }
    for (const event of endings) request.on(event, end)
  })

const endings = ['drain', 'response', 'error', 'close'] as const

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(httpsTimeout(ms)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Reads an answer to its end, so that the connection can be used again; undefined when it is too long for that, or cut. */
async function readText(answer: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer) {
      chunks.push(Buffer.from(chunk))
      size += Buffer.byteLength(chunk)
      if (size > maxAnswerBytes) return undefined
    }
    return answer.complete ? Buffer.concat(chunks).toString() : undefined
  } catch {
    return undefined
  }
}

/** The endpoint takes no more bytes, or does not answer. It may have the file all the same. */
const httpsTimeout = (ms: number): BridgeError =>
  transientError('HTTPS_TIMEOUT', `the endpoint did nothing for ${ms} ms`, { upstream: 'HTTPS' })
