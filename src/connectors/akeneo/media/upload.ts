import { type CallContext, untilAborted } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import { type BridgeError, transientError } from '../../../core/errors'
import { networkError } from '../../../http/network-error'
import { type HttpResponse, isOk, refusePage } from '../../../http/response'
import { sendUpload } from '../../../http/upload'
import type { Measured } from '../../kit/measured'
import { mediaTypeOrBytes, multipartAround } from '../../kit/multipart'
import { sourceChunks } from '../../kit/source-chunks'
import type { AkeneoAccount } from '../account'
import type { AkeneoCalls } from '../calls'
import { akeneoName, notConfirmed, type Purpose, toAkeneoError, unexpectedAnswer } from './errors'

/** A form to send, and its target. */
export type Upload = {
  /** `asset-media-files` or `media-files`. */
  path: string
  /** Text parts before the file. */
  fields: Readonly<Record<string, string>>
  source: Measured
  purpose: Purpose
}

/**
 * Streams a file as a form of exact length. After a 401 it sends once more with a new token, and opens the source
 * again. Otherwise it makes one attempt: the caller checks the result before a retry.
 * @returns the code of the media file, and the size of the file
 * @throws {BridgeError} transient when it is unknown whether the file arrived; the source's own; a refusal of
 * Akeneo's
 */
export type Uploader = (upload: Upload, call: CallContext) => Promise<{ code: string; size: number }>

/** The name of the form field of the file. */
export const uploadName = ({ name }: { name: string }): string => name || 'file'

/** Creates it. An upload counts towards the concurrency limit of its connection. */
export function createUploader(
  origin: string,
  parts: { calls: AkeneoCalls; account: AkeneoAccount; clock: Clock; idleMs: number; inputs: string },
): Uploader {
  const { calls, account, clock, idleMs, inputs } = parts
  return async ({ path, fields, source, purpose }, call) => {
    const { size } = source
    const idle = { ms: idleMs, timeIsUp: () => idleTooLong(idleMs) }
    const url = new URL(`${origin}/api/rest/v1/${path}`)
    const form = multipartAround(fields, {
      name: uploadName(source),
      mediaType: mediaTypeOrBytes(source.mediaType),
    })

    async function* body(): AsyncGenerator<Buffer> {
      yield form.before
      yield* sourceChunks(source, call)
      yield form.after
    }
    const send = async (token: string): Promise<HttpResponse> => {
      call.signal.throwIfAborted()
      const headers = {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        'content-type': form.contentType,
        'content-length': String(form.before.length + size + form.after.length),
        'user-agent': 'aem-asset-bridge',
      }
      try {
        const answer = await sendUpload({ method: 'POST', url, headers, body, once: true }, idle, call.signal)
        // Status and headers are enough: the body holds only the reason of a refusal.
        return { status: answer.status, headers: answer.headers, text: answer.text ?? '' }
      } catch (thrown) {
        call.signal.throwIfAborted()
        throw networkError(akeneoName, thrown, `${inputs}_URL`)
      }
    }
    // The token is requested after the wait for the limit, since one from before may have expired.
    const upload = (): Promise<HttpResponse> => {
      call.signal.throwIfAborted()
      return calls.withToken(call, (token) => account.calls(() => send(token)))
    }
    const response = await untilAborted(account.uploads(upload), call.signal)
    if (!isOk(response)) throw toAkeneoError(response, purpose, clock.now(), inputs)
    return { code: codeIn(response, path, inputs), size }
  }
}

/** The code contains slashes. A proxy may remove the header that carries it. */
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
  const [code = ''] = location.slice(at + mark.length).split(/[?#]/, 1)
  try {
    return decodeURIComponent(code)
  } catch {
    // The value was not percent-encoded, so a percent sign is literal.
    return code
  }
}

/** Akeneo takes no more bytes, or does not answer. It may have the file all the same. */
const idleTooLong = (ms: number): BridgeError =>
  transientError('AKENEO_TIMEOUT', `Akeneo did nothing for ${ms} ms while a file was sent`, {
    upstream: akeneoName,
  })
