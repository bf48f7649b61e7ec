import type { StreamedResponse } from '../../http/stream'

/** The position of the body of an answer in its file, as far as the answer gives it. */
export type BodyPosition = {
  start: number
  /** One behind the last byte. */
  end?: number
  /** Of the whole file, in bytes. */
  total?: number
}

/**
 * Reads the position of a body from Content-Range (206) and Content-Length.
 * @param asked the first byte of the range that was asked for, where the answer is a part but does not say which
 */
export function bodyPosition({ status, headers }: StreamedResponse, asked: number): BodyPosition {
  if (status === 206) {
    const [, start, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range')?.trim() ?? '') ?? []
    if (start === undefined || last === undefined) return { start: asked }
    const isKnown = total !== undefined && total !== '*'
    return { start: Number(start), end: Number(last) + 1, ...(isKnown ? { total: Number(total) } : {}) }
  }
  const length = headers.get('content-length')
  if (length === undefined || isEncoded(headers)) return { start: 0 }
  return { start: 0, end: Number(length), total: Number(length) }
}

/** Whether a proxy compressed the body, although the request asked for none. */
export function isEncoded(headers: ReadonlyMap<string, string>): boolean {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase()
  return encoding !== undefined && encoding !== '' && encoding !== 'identity'
}
