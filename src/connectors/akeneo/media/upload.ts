import { untilAborted } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import { BridgeError, transientError } from '../../../core/errors'
import { networkError } from '../../../http/network-error'
import { type HttpResponse, isOk, refusePage } from '../../../http/response'
import type { Measured } from '../../kit/measured'
import { mediaTypeOrBytes, multipartAround } from '../../kit/multipart'
import { sourceChunks } from '../../kit/source-chunks'
import { sendRequest } from '../../kit/upload-request'
import type { AkeneoCalls } from '../calls'
import type { AkeneoTurns } from '../turns'
import { akeneoName, notConfirmed, type Purpose, toAkeneoError, unexpectedAnswer } from './errors'

/** What is sent, and where to. */
export type Upload = {
  /** `asset-media-files` or `media-files`. */
  path: string
  /** Text parts before the file. */
  fields: Readonly<Record<string, string>>
  source: Measured
  purpose: Purpose
}

/**
 * Sends a file as a form of exact length, no byte of it kept. After a 401 once more with a new token, the source opened
 * anew. One try: the caller asks before the next.
 * @returns the code of the media file, and the size of the file
 * @throws {BridgeError} transient when nobody knows whether the file arrived; the source's own; a refusal of Akeneo's
 */
export type Uploader = (upload: Upload, signal: AbortSignal) => Promise<{ code: string; size: number }>

/** Under which a file arrives. */
export const uploadName = ({ name }: { name: string }): string => name || 'file'

/** Creates it. An upload waits for its turn among the calls of its connection. */
export function createUploader(
  origin: string,
  parts: { calls: AkeneoCalls; turns: AkeneoTurns; clock: Clock; idleMs: number; inputs: string },
): Uploader {
  const { calls, turns, clock, idleMs, inputs } = parts
  return async ({ path, fields, source, purpose }, signal) => {
    const { size } = source
    const url = new URL(`${origin}/api/rest/v1/${path}`)
    const form = multipartAround(fields, {
      name: uploadName(source),
      mediaType: mediaTypeOrBytes(source.mediaType),
    })

    async function* body(): AsyncGenerator<Buffer> {
      yield form.before
      yield* sourceChunks(source, signal)
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
        const answer = await sendRequest({ method: 'POST', url, headers, body, once: true }, idleMs, signal)
        // Status and headers say all: a body that is cut, or too long, could only have told reasons.
        return { status: answer.status, headers: headersOf(answer.headers), text: answer.text ?? '' }
      } catch (thrown) {
        signal.throwIfAborted()
        throw toUploadError(thrown, idleMs)
      }
    }
    // The token is asked for when the turn has come: one from before the wait may have ended in it.
    const upload = (): Promise<HttpResponse> => {
      signal.throwIfAborted()
      return calls.withToken(signal, (token) => turns.calls(() => send(token)))
    }
    const response = await untilAborted(turns.uploads(upload), signal)
    if (!isOk(response)) throw toAkeneoError(response, purpose, clock.now(), inputs)
    return { code: codeIn(response, path, inputs), size }
  }
}

/** The code has slashes in it; a proxy may take the header of its own away. */
function codeIn(response: HttpResponse, path: string, inputs: string): string {
  const { status, headers } = response
  refusePage(akeneoName, response)
  const told = headers.get('asset-media-file-code')
  if (told) return told
  const location = headers.get('location') ?? ''
  const mark = `/${path}/`
  const at = location.indexOf(mark)
  if (at < 0 && status === 201) throw unexpectedAnswer('an upload without the code of the media file', inputs)
  if (at < 0) throw notConfirmed(`an upload with ${status}, and without the code of the media file`)
  const code = location.slice(at + mark.length).replace(/[?#].*$/, '')
  try {
    return decodeURIComponent(code)
  } catch {
    // It was not encoded, and a percent sign is one.
    return code
  }
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
