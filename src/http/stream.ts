import http from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import fetch from 'node-fetch'

/** An answer whose body has not been read yet. Whoever has it reads the body to its end, or destroys it. */
export type StreamedResponse = {
  status: number
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>
  body: Readable
}

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
}

/**
 * GETs a URL for its bytes: no redirect is followed, nothing is unpacked, no time-out but the signal's.
 * The caller has checked that the URL may be called, and with these headers.
 */
export async function getStream(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<StreamedResponse> {
  const response = await fetch(url.href, {
    headers: { 'accept-encoding': 'identity', ...headers },
    redirect: 'manual',
    compress: false,
    agent: ({ protocol }) => (protocol === 'http:' ? agents['http:'] : agents['https:']),
    signal,
  })
  return { status: response.status, headers: new Map(response.headers), body: response.body as Readable }
}
