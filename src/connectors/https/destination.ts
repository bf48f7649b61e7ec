import { createHash } from 'node:crypto'
import type { CallContext } from '../../core/call-context'
import type { BridgeError } from '../../core/errors'
import { retry, timeLimit } from '../../http/retry'
import { mayPassStatus } from '../../http/status'
import { sendUpload, type UploadAnswer, type UploadRequest } from '../../http/upload'
import { type AssetBinary, type DestinationFactory, named, type StoredObject } from '../../plugin/destination'
import { inputError, isSet, prefixed } from '../../plugin/inputs'
import { checkByKey } from '../kit/check-by-key'
import { multipartAround } from '../kit/multipart'
import { sourceChunks } from '../kit/source-chunks'
import { storedFrom, versionFromHeader, versionToHeader } from '../kit/stored'
import { httpsCheck } from './check'
import { folderMissing, folderNotMade, idleTooLong, toConnectionError, toHttpsError } from './errors'
import { createFolders, folderOfKey } from './folders'
import { type HttpsSettings, httpsInputs, readHttpsSettings } from './inputs'
import { signatureOf } from './signature'

/** Any endpoint that takes files over HTTPS. What it can do is known to its owner only. */
export type HttpsOptions = {
  /** What assets call it: the key in config/destinations.ts. @default the key */
  name?: string
  /** Begin of the inputs' names: `HTTPS` for `HTTPS_URL` and its like. A second endpoint needs its own. @default 'HTTPS' */
  inputs?: string
  /** It shows a file only when it has it whole: a promise that is noted only. The app does the same either way. @default false */
  atomic?: boolean
  /** It honours `If-Match` and `If-None-Match: *`, and answers HEAD with a strong ETag. Needs HTTPS_HEAD. @default false */
  conditional?: boolean
  /** It takes DELETE. @default false */
  remove?: boolean
  /** It is a WebDAV server: folders are made (MKCOL) before a file goes there. @default false */
  makeFolders?: boolean
  /** How long it may take no byte, or give no answer, in milliseconds. @default 60000 */
  idleMs?: number
}

const askMs = 15_000
const plainMediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *;[ -~]*)?$/

/** Creates the `https` destination. */
export const https = ({ inputs = 'HTTPS', ...options }: HttpsOptions = {}): DestinationFactory => ({
  ...named(options),
  inputs: prefixed(inputs, httpsInputs),
  docs: 'docs/connectors/https.md',
  isOn: (context) => isSet(httpsInputs, 'URL', context, inputs),
  create: (context) => {
    const { remove = false, makeFolders = false, idleMs = 60_000 } = options
    const { name, redactor, clock, random } = context
    const settings = readHttpsSettings(context, inputs)
    const { versionHeader, hasFolders } = settings
    if (makeFolders && !hasFolders) {
      throw inputError(
        `${inputs}_URL must end with {key}, and ${inputs}_METHOD be PUT, for the option makeFolders`,
      )
    }
    const idle = { ms: idleMs, timeIsUp: () => idleTooLong(idleMs) }
    const lost = (thrown: unknown): BridgeError => toConnectionError(thrown, inputs)
    /** An endpoint may echo what it was sent. */
    const refusal = (answer: UploadAnswer): BridgeError =>
      toHttpsError({ ...answer, text: redactor.text(answer.text ?? '') }, clock.now(), inputs)
    const conditional = options.conditional === true && versionHeader !== undefined

    const folders = createFolders({
      mkcol: (folder, call) => {
        const url = settings.urlFor(folder)
        url.pathname += '/'
        const limit = timeLimit('HTTPS', askMs)
        return retry({ clock, random, limit, toError: lost }, call, async (own) => {
          const answer = await send({ method: 'MKCOL', url, headers: { 'content-length': '0' } }, own)
          if (mayPassStatus(answer.status)) throw refusal(answer)
          return answer
        })
      },
      toError: (answer) => (isWithoutFolder(answer) ? folderNotMade(answer.status, inputs) : refusal(answer)),
    })

    const methods = {
      ...(versionHeader === undefined
        ? {}
        : { head: (key: string, call: CallContext) => head(key, versionHeader, call) }),
      put,
      ...(remove ? { remove: removeKey } : {}),
    }

    return {
      name,
      ...methods,
      check: (call) => checkByKey(methods, { redactor, ...httpsCheck(inputs) }, call),
    }

    async function head(key: string, header: string, call: CallContext): Promise<StoredObject | undefined> {
      const answer = await ask('HEAD', key, call)
      return answer === undefined ? undefined : heldAccordingTo(answer, header)
    }

    async function removeKey(key: string, call: CallContext): Promise<void> {
      await ask('DELETE', key, call)
    }

    async function put(
      key: string,
      source: AssetBinary,
      { previous }: { previous?: StoredObject },
      call: CallContext,
    ): Promise<StoredObject> {
      let sent = 0
      async function* counted(): AsyncGenerator<Buffer> {
        sent = 0
        for await (const chunk of sourceChunks(source, call)) {
          sent += chunk.length
          yield chunk
        }
      }
      const upload = uploadOf(settings, key, source, counted)
      const headers = { ...upload.headers, ...(conditional ? conditionsOf(previous) : {}) }
      const hasFolder = folderOfKey(key) !== ''
      if (makeFolders) await folders.make(key, call)
      let answer = await send({ ...upload, headers }, call)
      if (makeFolders && hasFolder && isWithoutFolder(answer)) {
        // A folder that was known has gone.
        folders.forget()
        await folders.make(key, call)
        answer = await send({ ...upload, headers }, call)
      }
      if (isSuccess(answer)) return storedFrom(source, sent, strongTag(answer.headers.get('etag')))
      if (hasFolder && isWithoutFolder(answer)) {
        if (!makeFolders && (await isWebdav(call))) throw folderMissing(answer.status, inputs)
        if (makeFolders && answer.status !== 500 && !folders.hasMade())
          throw folderNotMade(answer.status, inputs)
      }
      throw refusal(answer)
    }

    /** Whether the server says that it speaks WebDAV. */
    async function isWebdav(call: CallContext): Promise<boolean> {
      if (!hasFolders) return false
      // Of what is not there, lighttpd does not tell.
      const url = new URL('.', settings.urlFor('root'))
      try {
        const limit = timeLimit('HTTPS', askMs)
        return await retry({ clock, random, limit, attempts: 1 }, call, async (own) => {
          const { headers } = await send({ method: 'OPTIONS', url, headers: {} }, own)
          return headers.has('dav')
        })
      } catch {
        call.signal.throwIfAborted()
        return false
      }
    }

    /** Undefined when nothing is there. */
    async function ask(
      method: 'HEAD' | 'DELETE',
      key: string,
      call: CallContext,
    ): Promise<UploadAnswer | undefined> {
      const url = settings.urlFor(key)
      const limit = timeLimit('HTTPS', askMs)
      return retry({ clock, random, limit, toError: lost }, call, async (own) => {
        const answer = await send({ method, url, headers: { 'accept-encoding': 'identity' } }, own)
        if (answer.status === 404 || answer.status === 410) return undefined
        if (!isSuccess(answer)) throw refusal(answer)
        return answer
      })
    }

    async function send(request: UploadRequest, call: CallContext): Promise<UploadAnswer> {
      const { secret } = settings
      const headers = { ...settings.headers, ...request.headers }
      const signed = secret === undefined ? {} : signatureOf({ ...request, headers }, secret, clock.now())
      try {
        return await sendUpload({ ...request, headers: { ...headers, ...signed } }, idle, call.signal)
      } catch (thrown) {
        call.signal.throwIfAborted()
        throw lost(thrown)
      }
    }
  },
})

/** The request that carries a file: as the body itself, or as a part of a form. */
function uploadOf(
  settings: HttpsSettings,
  key: string,
  source: AssetBinary,
  chunks: () => AsyncIterable<Buffer>,
): UploadRequest {
  const { method } = settings
  const version = versionToHeader(source.version)
  const mediaType = plainMediaType.test(source.mediaType) ? source.mediaType : 'application/octet-stream'
  const form =
    method === 'PUT'
      ? undefined
      : multipartAround({ key, version: source.version }, { name: source.name, mediaType })
  const length =
    source.size === undefined
      ? undefined
      : source.size + (form?.before.length ?? 0) + (form?.after.length ?? 0)

  async function* wrapped(): AsyncGenerator<Buffer> {
    if (form !== undefined) yield form.before
    yield* chunks()
    if (form !== undefined) yield form.after
  }

  return {
    method,
    url: settings.urlFor(key),
    headers: {
      'content-type': form?.contentType ?? mediaType,
      ...(length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) }),
      'x-source-version': version,
      ...(source.size === undefined ? {} : { 'x-source-size': String(source.size) }),
      ...(source.sha1 === undefined ? {} : { 'x-source-sha1': source.sha1 }),
      // Of key and version: a key may hold what no header can.
      'idempotency-key': createHash('sha256')
        .update(JSON.stringify([key, source.version]))
        .digest('hex'),
    },
    body: wrapped,
  }
}

function heldAccordingTo({ headers }: UploadAnswer, versionHeader: string): StoredObject {
  const text = headers.get(versionHeader)
  const version = versionHeader === 'etag' ? strongTag(text)?.slice(1, -1) : text
  const length = headers.get('content-length')
  const etag = strongTag(headers.get('etag'))
  return {
    // Without a length nobody can tell that the file is whole.
    version: length === undefined ? undefined : versionFromHeader(version),
    size: Number(length ?? 0),
    ...(etag === undefined ? {} : { etag }),
  }
}

function conditionsOf(previous: StoredObject | undefined): Record<string, string> {
  if (previous === undefined) return { 'if-none-match': '*' }
  return previous.etag === undefined ? {} : { 'if-match': previous.etag }
}

/** A weak tag fits no condition. */
const strongTag = (tag: string | undefined): string | undefined => (tag?.startsWith('"') ? tag : undefined)

/** What WebDAV servers answer to a file whose folder is not there: 409 as a rule, rclone 404, nginx 500. */
const isWithoutFolder = ({ status }: UploadAnswer): boolean => [404, 409, 500].includes(status)

const isSuccess = ({ status }: UploadAnswer): boolean => status >= 200 && status < 300
