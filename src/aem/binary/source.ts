import type { ByteRange } from '../../core/binary'
import { callContextOf } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { BridgeError, systemicError } from '../../core/errors'
import { discard, getStream, type StreamedResponse } from '../../http/stream'
import type { TokenProvider } from '../../ims/token-provider'
import { authorProblem, linkProblem, notAFile } from './errors'
import { checkRedirect } from './hosts'

/** From the first byte on; to the end of the file where no end is given. */
export type OpenRange = Pick<ByteRange, 'start'> & Partial<ByteRange>

/** Gets the bytes behind one path of an author, wherever AEM sends for them. One try each; whoever calls tries again. */
export type BinarySource = {
  /**
   * Starts a download. With a range the answer may still be the whole file (200).
   * @throws {BridgeError} by the status; transient for anything that is no file
   */
  get(range: OpenRange | undefined, signal: AbortSignal): Promise<StreamedResponse>
  /**
   * The URL that AEM redirects to, good without a token, and tried: it gives a file. Undefined when AEM serves the
   * bytes itself, or there are none.
   */
  presignedUrl(signal: AbortSignal): Promise<string | undefined>
  /** The entity tag of the bytes, and their type, from an answer whose body is not read; as far as it tells. */
  about(signal: AbortSignal): Promise<{ etag: string | undefined; mediaType: string | undefined }>
}

export type BinarySourceOptions = {
  /** Allow-listed origin. */
  origin: string
  /** Percent-encoded. */
  path: string
  mediaType: string
}

const maxHops = 5
const firstByte: OpenRange = { start: 0, end: 1 }
const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)
const isHtml = (type: string | undefined): boolean =>
  /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(type ?? '')
/** An expired link is refused; one to a blob that was replaced leads nowhere. 416 is about the range, 429 about haste. */
const isLinkOver = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 416 && status !== 429

/** Creates the source of one file. A link that AEM has given is used until it is refused. */
export function createBinarySource(
  options: BinarySourceOptions,
  parts: { tokens: TokenProvider; clock: Clock; answerMs?: number },
): BinarySource {
  const { tokens, clock, answerMs } = parts
  const author = new URL(`${options.origin}${options.path}`)
  let link: URL | undefined

  return { get, presignedUrl, about }

  async function get(range: OpenRange | undefined, signal: AbortSignal): Promise<StreamedResponse> {
    if (link !== undefined) {
      const response = await followed(link, range, signal)
      if (!isLinkOver(response.status)) return fileFrom(response, linkProblem)
      discard(response)
    }
    return (await renewed(range, signal)).response
  }

  async function presignedUrl(signal: AbortSignal): Promise<string | undefined> {
    try {
      const { response, link: given } = await renewed(firstByte, signal)
      discard(response)
      return given?.href
    } catch (thrown) {
      if (isOfNoBytes(thrown)) return undefined
      throw thrown
    }
  }

  async function about(signal: AbortSignal) {
    const response = await get(firstByte, signal).catch((thrown) => {
      if (isOfNoBytes(thrown)) return get(undefined, signal)
      throw thrown
    })
    discard(response)
    return { etag: response.headers.get('etag'), mediaType: response.headers.get('content-type') }
  }

  /** Asks the author, and follows the link that it may give. */
  async function renewed(
    range: OpenRange | undefined,
    signal: AbortSignal,
  ): Promise<{ response: StreamedResponse; link: URL | undefined }> {
    const response = await fromAuthor(range, signal)
    if (!isRedirect(response.status)) return { response: fileFrom(response, authorProblem), link: undefined }
    const given = targetOf(response, author)
    const file = fileFrom(await followed(given, range, signal), linkProblem)
    link = given
    return { response: file, link: given }
  }

  async function fromAuthor(range: OpenRange | undefined, signal: AbortSignal): Promise<StreamedResponse> {
    const call = callContextOf(signal)
    const token = await tokens.token(call)
    const response = await sendWith(token, range, signal)
    if (response.status !== 401) return response
    const next = await tokens.token(call)
    if (next === token) return response
    discard(response)
    return sendWith(next, range, signal)
  }

  async function sendWith(
    token: string,
    range: OpenRange | undefined,
    signal: AbortSignal,
  ): Promise<StreamedResponse> {
    const response = await send(author, range, signal, { authorization: `Bearer ${token}` })
    if (response.status === 401) tokens.refused(token)
    else tokens.accepted(token)
    if (response.status === 403) tokens.forbidden(token)
    return response
  }

  /** No header but the range goes with a redirect: the link is the key, and storage refuses a second one. */
  async function followed(
    start: URL,
    range: OpenRange | undefined,
    signal: AbortSignal,
  ): Promise<StreamedResponse> {
    let url = start
    for (let hop = 1; hop <= maxHops; hop++) {
      const response = await send(url, range, signal, {})
      if (!isRedirect(response.status)) return response
      url = targetOf(response, url)
    }
    throw systemicError('AEM_REDIRECTS', `AEM redirects a download more than ${maxHops} times`, {
      upstream: 'AEM',
    })
  }

  function targetOf(redirect: StreamedResponse, from: URL): URL {
    discard(redirect)
    return checkRedirect(options.origin, from, redirect.headers.get('location'))
  }

  function send(
    url: URL,
    range: OpenRange | undefined,
    signal: AbortSignal,
    headers: Record<string, string>,
  ): Promise<StreamedResponse> {
    return getStream(url, {
      upstream: 'AEM',
      headers: { ...headers, ...(range ? { range: rangeHeader(range) } : {}) },
      signal,
      ...(answerMs === undefined ? {} : { answerMs }),
    })
  }

  function fileFrom(response: StreamedResponse, problem: typeof authorProblem): StreamedResponse {
    const { status, headers } = response
    if (status === 200 || status === 206) {
      if (!isHtml(headers.get('content-type')) || isHtml(options.mediaType)) return response
      discard(response)
      throw notAFile(status)
    }
    discard(response)
    throw problem(response, clock.now())
  }
}

/** Not even an empty file has a first byte. */
const isOfNoBytes = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.code === 'AEM_NO_SUCH_RANGE'

const rangeHeader = ({ start, end }: OpenRange): string =>
  `bytes=${start}-${end === undefined ? '' : end - 1}`
