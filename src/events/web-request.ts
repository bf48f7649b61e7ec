import { isRecord } from '../core/json'

/** An HTTP request as a raw web action gets it. */
export type WebRequest = {
  /** In lower case. */
  method: string
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>
  /** What stands behind the `?`. */
  query: URLSearchParams
  /** The bytes as they were sent. */
  body: Buffer
}

/**
 * Reads the request out of the params of a raw web action. I/O Runtime hands over a body in Base64 for some content
 * types, JSON among them, and as text for others; JSON itself is never well-formed Base64, for it has braces.
 */
export function readWebRequest(params: unknown): WebRequest {
  const source = isRecord(params) ? params : {}
  const headers = isRecord(source.__ow_headers) ? source.__ow_headers : {}
  return {
    method: typeof source.__ow_method === 'string' ? source.__ow_method.toLowerCase() : '',
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
      ),
    ),
    query: new URLSearchParams(typeof source.__ow_query === 'string' ? source.__ow_query : ''),
    body: typeof source.__ow_body === 'string' ? bytesOf(source.__ow_body) : Buffer.alloc(0),
  }
}

function bytesOf(text: string): Buffer {
  const decoded = Buffer.from(text, 'base64')
  return decoded.toString('base64') === text ? decoded : Buffer.from(text, 'utf8')
}
