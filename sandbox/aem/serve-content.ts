import type { Content } from '../content'
import type { Answer, RecordedRequest } from '../server'

/** A file that can be got. */
export type ServedFile = {
  content: Content
  mediaType: string
  /** Strong, with its quotes. */
  etag: string
  /** In ms since the epoch. */
  modified: number
  headers?: Record<string, string>
}

const tags = (header: string | undefined): string[] => (header ?? '').split(',').map((it) => it.trim())

/** The one range that is asked for; what is not of this form is passed over (RFC 9110, 14.2). */
const rangeOf = (header: string | undefined, size: number): { start: number; end: number } | undefined => {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined) return undefined
  const end = last === '' || last === undefined ? size : Math.min(Number(last) + 1, size)
  return last !== '' && Number(last) < Number(first) ? undefined : { start: Number(first), end }
}

/**
 * Answers a GET or HEAD of a file (RFC 9110): If-Match, If-None-Match, Range with If-Range, one range at most.
 */
export const serveContent = (
  request: RecordedRequest,
  file: ServedFile,
  options: { ranges: boolean },
): Answer => {
  const { content, etag } = file
  const headers: Record<string, string> = {
    'content-type': file.mediaType,
    etag,
    'last-modified': new Date(file.modified).toUTCString(),
    ...(options.ranges ? { 'accept-ranges': 'bytes' } : {}),
    ...file.headers,
  }
  const demanded = request.headers['if-match']
  if (demanded !== undefined && demanded !== '*' && !tags(demanded).includes(etag)) return { status: 412 }
  if (tags(request.headers['if-none-match']).includes(etag)) return { status: 304, headers }
  const ifRange = request.headers['if-range']
  const isSame = ifRange === undefined || ifRange === etag
  const range = options.ranges && isSame ? rangeOf(request.headers.range, content.size) : undefined
  if (range === undefined) return { status: 200, headers, content }
  if (range.start >= content.size)
    return { status: 416, headers: { 'content-range': `bytes */${content.size}` } }
  const part: Content = {
    size: range.end - range.start,
    read: (start, end) => content.read(range.start + start, range.start + end),
  }
  const partHeaders = { 'content-range': `bytes ${range.start}-${range.end - 1}/${content.size}` }
  return { status: 206, headers: { ...headers, ...partHeaders }, content: part }
}
