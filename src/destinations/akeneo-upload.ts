import type { AkeneoCalls } from '../akeneo/calls'
import type { AkeneoTurns } from '../akeneo/turns'
import { untilAborted } from '../core/call-context'
import { systemClock } from '../core/clock'
import { BridgeError, transientError } from '../core/errors'
import { networkError } from '../http/network-error'
import { type HttpResponse, refusePage } from '../http/response'
import { akeneoName, type Purpose, toAkeneoError, unexpectedAnswer } from './akeneo-errors'
import type { AssetBinary } from './destination'
import { sendRequest } from './https-request'
import { multipartAround } from './multipart'
import { sourceChunks } from './source-chunks'

/** What is sent, and where to. */
export type Upload = {
  /** `asset-media-files` or `media-files`. */
  path: string
  /** Text parts before the file. */
  fields: Readonly<Record<string, string>>
  source: AssetBinary
  purpose: Purpose
}

/**
 * Sends a file as a form of exact length, no byte of it kept. After a 401 once more with a new token, the source opened
 * anew. One try: the caller asks before the next.
 * @returns the code of the media file, and the size of the file
 */
export type Uploader = (upload: Upload, signal: AbortSignal) => Promise<{ code: string; size: number }>

const plainMediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *;[ -~]*)?$/

/** Creates it. An upload waits for its turn among the calls of its connection. */
export function createUploader(
  origin: string,
  { calls, turns }: { calls: AkeneoCalls; turns: AkeneoTurns },
  idleMs: number,
): Uploader {
  return async ({ path, fields, source, purpose }, signal) => {
    const size = source.size ?? (await measured(source, signal))
    const url = new URL(`${origin}/api/rest/v1/${path}`)
    const mediaType = plainMediaType.test(source.mediaType) ? source.mediaType : 'application/octet-stream'
    const form = multipartAround(fields, { name: source.name || 'file', mediaType })

    async function* body(): AsyncGenerator<Buffer> {
      yield form.before
      yield* sourceChunks({ ...source, size }, signal)
      yield form.after
    }
    const send = async (token: string): Promise<HttpResponse> => {
      signal.throwIfAborted()
      const headers = {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        'content-type': form.contentType,
        'content-length': String(form.before.length + size + form.after.length),
        'user-agent': 'aem-asset-bridge',
      }
      try {
        const answer = await sendRequest({ method: 'POST', url, headers, body }, idleMs, signal)
        return { status: answer.status, headers: headersOf(answer.headers), text: answer.text ?? '' }
      } catch (thrown) {
        signal.throwIfAborted()
        throw toUploadError(thrown, idleMs)
      }
    }
    const response = await calls.withToken(signal, (token) =>
      untilAborted(
        turns.uploads(() => send(token)),
        signal,
      ),
    )
    if (response.status !== 201) {
      if (response.status === 200) refusePage(akeneoName, response)
      throw toAkeneoError(response, purpose, systemClock.now())
    }
    return { code: codeIn(response, path), size }
  }
}

/** Reads a file whose size nobody knows once for its size alone: Akeneo is told the length before the first byte. */
async function measured(source: AssetBinary, signal: AbortSignal): Promise<number> {
  let size = 0
  for await (const chunk of sourceChunks(source, signal)) size += chunk.length
  return size
}

/** The code has slashes in it; a proxy may take the header of its own away. */
function codeIn({ headers }: HttpResponse, path: string): string {
  const told = headers.get('asset-media-file-code')
  if (told) return told
  const location = headers.get('location') ?? ''
  const mark = `/${path}/`
  const at = location.indexOf(mark)
  if (at < 0) throw unexpectedAnswer('an upload without the code of the media file')
  return decodeURIComponent(
    location
      .slice(at + mark.length)
      .replace(/[?#].*$/, '')
      .replace(/%(?![0-9a-f]{2})/gi, '%25'),
  )
}

function toUploadError(thrown: unknown, idleMs: number): BridgeError {
  if (thrown instanceof BridgeError) {
    // The source's own errors are not Akeneo's.
    return thrown.code === 'HTTPS_TIMEOUT'
      ? transientError('AKENEO_TIMEOUT', `Akeneo did nothing for ${idleMs} ms while a file was sent`, {
          upstream: akeneoName,
        })
      : thrown
  }
  return networkError(akeneoName, thrown)
}

const headersOf = (headers: NodeJS.Dict<string | string[]>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
