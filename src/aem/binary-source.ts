import type { ByteRange } from '../core/binary'
import { callContextOf } from '../core/call-context'
import type { Clock } from '../core/clock'
import { type BridgeError, permanentError, systemicError, transientError } from '../core/errors'
import { parseRetryAfter } from '../http/retry-after'
import { getStream, type StreamedResponse } from '../http/stream'
import type { TokenProvider } from '../ims/token-provider'
import { checkRedirect } from './binary-hosts'

/** Gets the bytes behind one path of an author, wherever AEM sends for them. */
export type BinarySource = {
  /**
   * Starts a download. With a range the answer may still be the whole file (200).
   * @throws {BridgeError} by the status; transient for anything that is no file
   */
  get(range: Partial<ByteRange> | undefined, signal: AbortSignal): Promise<StreamedResponse>
  /** The URL that AEM redirects to, good without a token; undefined when AEM serves the bytes itself. */
  presignedUrl(signal: AbortSignal): Promise<string | undefined>
  /** The entity tag of the bytes, from an answer whose body is not read; undefined when there is none. */
  etag(signal: AbortSignal): Promise<string | undefined>
}

export type BinarySourceOptions = {
  /** Allow-listed origin. */
  origin: string
  /** Percent-encoded. */
  path: string
  mediaType: string
}

const maxHops = 5
const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)
const isHtml = (type: string | undefined): boolean =>
  /^(text\/html|application\/xhtml\+xml)\b/i.test(type ?? '')

/** Creates the source of one file. A link that AEM has given is used until it is refused. */
export function createBinarySource(
  options: BinarySourceOptions,
  parts: { tokens: TokenProvider; clock: Clock },
): BinarySource {
  const { tokens, clock } = parts
  const author = new URL(`${options.origin}${options.path}`)
  let link: URL | undefined

  return { get, presignedUrl, etag }

  async function etag(signal: AbortSignal): Promise<string | undefined> {
    const response = await get(undefined, signal)
    discard(response)
    return response.headers.get('etag')
  }

  async function get(range: Partial<ByteRange> | undefined, signal: AbortSignal): Promise<StreamedResponse> {
    if (link !== undefined) {
      const response = await followed(link, range, signal)
      if (response.status < 400) return checked(response)
      discard(response)
      // Expired, as a rule: AEM gives a new one.
      link = undefined
    }
    const response = await fromAuthor(range, signal)
    return checked(isRedirect(response.status) ? await followRedirect(response, range, signal) : response)
  }

  async function presignedUrl(signal: AbortSignal): Promise<string | undefined> {
    const response = await fromAuthor({ start: 0, end: 1 }, signal)
    discard(response)
    if (!isRedirect(response.status)) {
      if (response.status >= 400) throw problem(response)
      return undefined
    }
    link = checkRedirect(options.origin, author, response.headers.get('location'))
    return link.href
  }

  async function fromAuthor(
    range: Partial<ByteRange> | undefined,
    signal: AbortSignal,
  ): Promise<StreamedResponse> {
    const call = callContextOf(signal)
    const token = await tokens.token(call)
    const response = await send(author, range, signal, { authorization: `Bearer ${token}` })
    if (response.status !== 401) return response
    tokens.refused(token)
    const renewed = await tokens.token(call)
    if (renewed === token) return response
    discard(response)
    return send(author, range, signal, { authorization: `Bearer ${renewed}` })
  }

  async function followRedirect(
    redirect: StreamedResponse,
    range: Partial<ByteRange> | undefined,
    signal: AbortSignal,
  ): Promise<StreamedResponse> {
    discard(redirect)
    link = checkRedirect(options.origin, author, redirect.headers.get('location'))
    const response = await followed(link, range, signal)
    if (response.status >= 400) link = undefined
    return response
  }

  /** No header but the range goes with a redirect: the link is the key, and storage refuses a second one. */
  async function followed(
    start: URL,
    range: Partial<ByteRange> | undefined,
    signal: AbortSignal,
  ): Promise<StreamedResponse> {
    let url = start
    for (let hop = 1; hop <= maxHops; hop++) {
      const response = await send(url, range, signal, {})
      if (!isRedirect(response.status)) return response
      discard(response)
      url = checkRedirect(options.origin, url, response.headers.get('location'))
    }
    throw systemicError('AEM_REDIRECTS', `AEM redirects a download more than ${maxHops} times`, {
      upstream: 'AEM',
    })
  }

  function send(
    url: URL,
    range: Partial<ByteRange> | undefined,
    signal: AbortSignal,
    headers: Record<string, string>,
  ): Promise<StreamedResponse> {
    return getStream(url, { ...headers, ...(range ? { range: rangeHeader(range) } : {}) }, signal)
  }

  function checked(response: StreamedResponse): StreamedResponse {
    if (response.status !== 200 && response.status !== 206) {
      discard(response)
      throw problem(response)
    }
    if (isHtml(response.headers.get('content-type')) && !isHtml(options.mediaType)) {
      discard(response)
      throw transientError(
        'AEM_NOT_A_FILE',
        `AEM answered ${response.status} with an HTML page in place of the file: a login or hibernation page`,
        { upstream: 'AEM' },
      )
    }
    return response
  }

  function problem({ status, headers }: StreamedResponse): BridgeError {
    const details = { upstream: 'AEM', status }
    if (status === 404 || status === 410)
      return permanentError('ASSET_NOT_FOUND', `AEM has no file there (${status})`, details)
    if (status === 401)
      return systemicError('AEM_UNAUTHORIZED', 'AEM refused the token for a download (401)', details)
    if (status === 403)
      return systemicError(
        'AEM_FORBIDDEN',
        'AEM refused a download with 403: check that the client id is allow-listed and may read /content/dam',
        details,
      )
    if (status === 416)
      return transientError('AEM_FILE_CHANGED', 'the file became shorter while it was read', details)
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), clock.now())
    return transientError('AEM_UNAVAILABLE', `AEM answered a download with ${status}`, {
      ...details,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
}

const rangeHeader = ({ start = 0, end }: Partial<ByteRange>): string =>
  `bytes=${start}-${end === undefined ? '' : end - 1}`

/** An answer nobody reads would keep its connection busy. */
function discard(response: StreamedResponse): void {
  response.body.on('error', () => undefined)
  response.body.destroy()
}
