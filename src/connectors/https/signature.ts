import { createHmac } from 'node:crypto'

/** What a signature covers. The body is on its way while it is made, so it is covered by its SHA-1, where AEM knows it. */
export type SignedRequest = {
  method: string
  url: URL
  headers: Readonly<Record<string, string>>
}

/**
 * The headers that prove who sent a request: `x-bridge-timestamp`, seconds since the epoch, and `x-bridge-signature`,
 * `v1=` and the HMAC-SHA256, in hex, of these lines joined by `\n`: `v1`, the timestamp, the method, host and port as
 * in `Host`, path and query as sent, and the values of `x-source-version`, `x-source-size`, `x-source-sha1`, each
 * empty when absent.
 */
export function signatureOf(request: SignedRequest, secret: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  const { method, url, headers } = request
  const lines = [
    'v1',
    timestamp,
    method,
    url.host,
    `${url.pathname}${url.search}`,
    headers['x-source-version'] ?? '',
    headers['x-source-size'] ?? '',
    headers['x-source-sha1'] ?? '',
  ]
  const signature = createHmac('sha256', secret).update(lines.join('\n')).digest('hex')
  return { 'x-bridge-timestamp': timestamp, 'x-bridge-signature': `v1=${signature}` }
}
