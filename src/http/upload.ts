import type { ClientRequest, IncomingMessage } from 'node:http'
import { headersOf, overLiveConnection, type Sent } from './connections'
import { within } from './timer'

/** An answer, with its body as text; that is undefined when it was too long, or cut. */
export type UploadAnswer = {
  status: number
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>
  text: string | undefined
}

/** A request whose body, if any, is read while it is sent. */
export type UploadRequest = {
  method: string
  url: URL
  headers: Readonly<Record<string, string>>
  /** Opens the body; more than once when the first attempt meets a connection that is dead already. */
  body?: () => AsyncIterable<Buffer>
  /** Never sent a second time, not even when the connection seems to have been dead before. @default false */
  once?: boolean
}

/** How long the endpoint may be idle, and the error after that. */
export type IdleLimit = {
  /** In milliseconds, without taking a byte of the body or sending an answer. */
  ms: number
  /** It may have the file all the same. */
  timeIsUp(): Error
}

/** Bytes of a body that may wait for the socket. */
const maxWaiting = 128 * 1024
/** Larger answers are not read to their end, which costs the connection. */
const maxAnswerBytes = 64 * 1024

/**
 * Sends a request: no redirect is followed, of the answer's body no more than 64 KiB are kept. An answer that comes
 * before the body is out ends the sending. When the body breaks off, so does the request, and the endpoint sees it cut.
 * @throws what `timeIsUp` gives; else what the body throws, the system's error, or the signal's reason
 */
export function sendUpload(
  upload: UploadRequest,
  idle: IdleLimit,
  signal: AbortSignal,
): Promise<UploadAnswer> {
  const { url, method, headers, body, once = false } = upload
  return overLiveConnection(
    url,
    (open): Sent<UploadAnswer> => {
      const request = open({ method, headers: { ...headers }, signal })
      return { request, result: finish(request, body, idle) }
    },
    { signal, once },
  )
}

async function finish(
  request: ClientRequest,
  body: UploadRequest['body'],
  { ms, timeIsUp }: IdleLimit,
): Promise<UploadAnswer> {
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', reject)
  })
  // Other waits fail with it later.
  response.catch(() => undefined)
  try {
    const isWhole =
      body === undefined ||
      (await pump(request, response, body(), () => within(ms, drained(request), timeIsUp)))
    request.end()
    const answer = await within(ms, response, timeIsUp)
    const text = await within(ms, readText(answer), timeIsUp)
    // The server would take the next request on this connection for the rest of the body.
    if (text === undefined || !isWhole || !request.writableFinished) request.destroy()
    return { status: answer.statusCode ?? 0, headers: headersOf(answer), text }
  } catch (thrown) {
    request.destroy()
    throw thrown
  }
}

/** @returns whether all of the body was written; an answer that comes early ends the writing */
async function pump(
  request: ClientRequest,
  response: Promise<unknown>,
  chunks: AsyncIterable<Buffer>,
  untilDrained: () => Promise<void>,
): Promise<boolean> {
  let over = false
  const end = (): void => {
    over = true
  }
  response.then(end, end)
  for await (const chunk of chunks) {
    if (over || request.destroyed) return false
    // The socket takes most of it at once, and waiting costs more than that.
    if (!request.write(chunk) && request.writableLength >= maxWaiting) await untilDrained()
  }
  return true
}

/** Waits until the socket takes more bytes, or is closed. */
const drained = (request: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      for (const event of endings) request.off(event, end)
      resolve()
    }
    for (const event of endings) request.on(event, end)
  })

const endings = ['drain', 'response', 'error', 'close'] as const

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
