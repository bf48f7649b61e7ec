import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { MovableClock } from '../clock'
import type { Content } from '../content'
import { type Answer, type RecordedRequest, type SandboxServer, startServer } from '../server'
import { type ServedFile, serveContent } from './serve-content'

/** What the blob store does; may be changed at any time. */
export type BlobSettings = {
  /** Off: every answer is the whole file, with status 200. */
  ranges: boolean
}

/** The store that AEM keeps its binaries in: Azure Blob Storage, read by signed URLs (service SAS). */
export type BlobStore = SandboxServer & {
  settings: BlobSettings
  /** Stores a blob and returns its path. What is stored never changes: another version is another blob. */
  put(content: Content, mediaType: string): string
  /** The path and query of a URL that reads a blob for so many seconds. */
  link(path: string, fileName: string, seconds: number): string
  /** Answers a request for a blob, wherever it came in. */
  answer(request: RecordedRequest): Answer
}

/** The container of an environment; a captured URL shows the form of its name. */
export const CONTAINER = '/aem-blob-ns-team-aem-cm-prd-n1-cm-p1-e2'
const VERSION = '2019-02-02'
/** What is signed, besides the path. */
const SIGNED = ['se', 'sp', 'sr', 'sv', 'rscc', 'rscd', 'rsct']

const refusal = (status: number, code: string, message: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
  body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
})

/**
 * Starts the store on 127.0.0.1. It takes signed URLs only: a missing, wrong or expired signature is refused with
 * 403, and so is a request that comes with an Authorization header besides.
 */
export const startBlobStore = async (options: { clock: MovableClock; port?: number }): Promise<BlobStore> => {
  const { clock } = options
  const key = randomBytes(32)
  const blobs = new Map<string, ServedFile>()
  const settings: BlobSettings = { ranges: true }

  const sign = (path: string, query: Record<string, string>): string => {
    const text = [path, ...SIGNED.map((name) => query[name] ?? '')].join('\n')
    return createHmac('sha256', key).update(text).digest('base64')
  }

  const isSigned = (path: string, query: Record<string, string>): boolean => {
    const expected = Buffer.from(sign(path, query))
    const given = Buffer.from(query.sig ?? '')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  const answer = (request: RecordedRequest): Answer => {
    const { path, query, headers } = request
    if (headers.authorization !== undefined)
      return refusal(403, 'AuthenticationFailed', 'There is a signature and an Authorization header')
    if (!isSigned(path, query)) return refusal(403, 'AuthenticationFailed', 'Signature did not match')
    if (!(Date.parse(query.se ?? '') > clock.now()))
      return refusal(403, 'AuthenticationFailed', 'Signature not valid in the specified time frame')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refusal(403, 'AuthorizationPermissionMismatch', 'The signature permits reading only')
    const blob = blobs.get(path)
    if (blob === undefined) return refusal(404, 'BlobNotFound', 'The specified blob does not exist.')
    const { rsct, rscc, rscd } = query
    const overrides = {
      ...(rsct === undefined ? {} : { 'content-type': rsct }),
      ...(rscc === undefined ? {} : { 'cache-control': rscc }),
      ...(rscd === undefined ? {} : { 'content-disposition': rscd }),
    }
    const given = serveContent(request, { ...blob, headers: overrides }, settings)
    if (given.status === 416)
      return refusal(416, 'InvalidRange', 'The range is invalid for the current size of the resource.')
    if (given.status === 412) return refusal(412, 'ConditionNotMet', 'The condition is not met.')
    return given
  }

  const server = await startServer({
    clock,
    handle: answer,
    port: options.port ?? 0,
    faultAnswer: ({ status, headers }) => {
      const { headers: usual, ...rest } = refusal(status, 'InjectedFault', 'Injected fault')
      return { ...rest, headers: { ...usual, ...headers } }
    },
  })
  return {
    ...server,
    settings,
    answer,
    put: (content, mediaType) => {
      const path = `${CONTAINER}/${randomBytes(20).toString('hex')}`
      const etag = `"0x8D${randomBytes(6).toString('hex').toUpperCase()}"`
      blobs.set(path, { content, mediaType, etag, modified: clock.now() })
      return path
    },
    link: (path, fileName, seconds) => {
      const query: Record<string, string> = {
        se: new Date(clock.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
        sp: 'r',
        sr: 'b',
        sv: VERSION,
        rscc: 'private,max-age=43200,immutable',
        rscd: `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
        rsct: blobs.get(path)?.mediaType ?? 'application/octet-stream',
      }
      return `${path}?${new URLSearchParams({ ...query, sig: sign(path, query) })}`
    },
  }
}
