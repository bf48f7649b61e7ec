import type { ByteRange } from '../../core/binary'
import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { BridgeError, systemicError } from '../../core/errors'
import { discard, getStream, readBeginning, type StreamedResponse } from '../../http/stream'
import { type Tokens, withToken } from '../../http/tokens'
import { authorProblem, linkProblem, notAFile } from './errors'
import { checkRedirect } from './hosts'

/** From the first byte on; to the end of the file where no end is given. */
export type OpenRange = Pick<ByteRange, 'start'> & Partial<ByteRange>

/**
 * Gets the bytes of one path of an author, following AEM's redirect. Each call makes one attempt; the caller retries.
 */
export type BinarySource = {
  /**
   * Starts a download. With a range the answer may still be the whole file (200).
   * @throws {BridgeError} by the status; transient for anything that is no file
   */
  get(range: OpenRange | undefined, call: CallContext): Promise<StreamedResponse>
  /**
   * The URL that AEM redirects to, which needs no token. It has been tested and returns a file. Undefined when AEM
   * serves the bytes itself, or there are none.
   */
  presignedUrl(call: CallContext): Promise<string | undefined>
  /** The entity tag of the bytes, and their type, where the answer has them. Its body is not read. */
  about(call: CallContext): Promise<{ etag: string | undefined; mediaType: string | undefined }>
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
/**
 * Statuses that call for a new link: the link has expired, or its blob was replaced. 416 and 429 have other causes.
 */
const isLinkOver = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 416 && status !== 429

/** Creates the source of one file. It uses a link of AEM until the link is refused. */
export function createBinarySource(
  options: BinarySourceOptions,
  parts: { tokens: Tokens; clock: Clock; answerMs?: number },
): BinarySource {
  const { tokens, clock, answerMs } = parts
  const author = new URL(`${options.origin}${options.path}`)
  let link: URL | undefined

  return { get, presignedUrl, about }

  async function get(range: OpenRange | undefined, call: CallContext): Promise<StreamedResponse> {
    if (link !== undefined) {
      const response = await followed(link, range, call)
      if (!isLinkOver(response.status)) return fileFrom(response, linkProblem)
      discard(response)
    }
    return (await renewed(range, call)).response
  }

  async function presignedUrl(call: CallContext): Promise<string | undefined> {
    try {
      const { response, link: given } = await renewed(firstByte, call)
      discard(response)
      return given?.href
    } catch (thrown) {
      if (isOfNoBytes(thrown)) return undefined
      throw thrown
    }
  }

  async function about(call: CallContext) {
    const response = await get(firstByte, call).catch((thrown) => {
      if (isOfNoBytes(thrown)) return get(undefined, call)
      throw thrown
    })
    discard(response)
    return { etag: response.headers.get('etag'), mediaType: response.headers.get('content-type') }
  }

  /** Asks the author, and follows the link that it may give. */
  async function renewed(
    range: OpenRange | undefined,
    call: CallContext,
  ): Promise<{ response: StreamedResponse; link: URL | undefined }> {
    const response = await fromAuthor(range, call)
    if (!isRedirect(response.status))
      return { response: await fileFrom(response, authorProblem), link: undefined }
    const given = targetOf(response, author)
    const file = await fileFrom(await followed(given, range, call), linkProblem)
    link = given
    return { response: file, link: given }
  }

  function fromAuthor(range: OpenRange | undefined, call: CallContext): Promise<StreamedResponse> {
    const ask = (token: string): Promise<StreamedResponse> =>
      send(author, range, call, { authorization: `Bearer ${token}` })
    return withToken(tokens, call, ask, discard)
  }

  /** Sends no header but the range with a redirect: the link contains the key, and storage refuses a second one. */
  async function followed(
    start: URL,
    range: OpenRange | undefined,
    call: CallContext,
  ): Promise<StreamedResponse> {
    let url = start
    for (let hop = 1; hop <= maxHops; hop++) {
      const response = await send(url, range, call, {})
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
    call: CallContext,
    headers: Record<string, string>,
  ): Promise<StreamedResponse> {
    return getStream(url, {
      upstream: 'AEM',
      headers: { ...headers, ...(range ? { range: rangeHeader(range) } : {}) },
      signal: call.signal,
      ...(answerMs === undefined ? {} : { answerMs }),
    })
  }

  async function fileFrom(
    response: StreamedResponse,
    problem: typeof authorProblem,
  ): Promise<StreamedResponse> {
    const { status, headers } = response
    if (status === 200 || status === 206) {
      if (!isHtml(headers.get('content-type')) || isHtml(options.mediaType)) return response
      discard(response)
      throw notAFile(status)
    }
    const text = await readBeginning(response)
    throw problem({ status, headers, text }, clock.now())
  }
}

/** An empty file has no first byte, so a range fails on it. */
const isOfNoBytes = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.code === 'AEM_NO_SUCH_RANGE'

const rangeHeader = ({ start, end }: OpenRange): string =>
  `bytes=${start}-${end === undefined ? '' : end - 1}`
